/* prometheus: a label in Prometheus's text format.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4) */
#ifndef BASE_PROMETHEUS_H
#define BASE_PROMETHEUS_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Append NAME="VALUE", printable and escaped. */
int prometheus_append_label(struct secret_buffer *out, const char *name, const char *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
