/*
 * prometheus: write gauges in Prometheus's text format.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4)
 */
#ifndef BASE_PROMETHEUS_H
#define BASE_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/text_stream.h"

/* Set `out` and `err`, and zero the rest.  The first failure is kept for prometheus_flush. */
struct prometheus_writer {
	struct text_stream *out;
	struct error *err;
	const char *name, *help; /* of the current metric */
	bool has_header;	 /* the header of the current metric has been written */
	bool failed;
};

struct prometheus_label {
	const char *name, *value; /* the value is made printable and escaped */
};

/* Begin a metric; its name and help text are borrowed.  A metric without samples is not written. */
void prometheus_begin(struct prometheus_writer *writer, const char *name, const char *help)
    __attribute__((nonnull));
/* Write a sample of the current metric. */
void prometheus_write(struct prometheus_writer *writer, const struct prometheus_label *labels,
    size_t count, int64_t number) __attribute__((nonnull));
/* Write a sample in seconds with three decimals. */
void prometheus_write_seconds(struct prometheus_writer *writer,
    const struct prometheus_label *labels, size_t count, int64_t milliseconds)
    __attribute__((nonnull));
/* Flush the stream.  Return -1 with *writer->err set if any call has failed. */
int prometheus_flush(struct prometheus_writer *writer) __attribute__((nonnull, warn_unused_result));

#endif
