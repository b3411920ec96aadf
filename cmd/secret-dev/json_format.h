/* json_format: write JSON from templates. */
#ifndef SECRET_DEV_JSON_FORMAT_H
#define SECRET_DEV_JSON_FORMAT_H

#include <inttypes.h>

#include "lib/base/json_writer.h"

/*
 * Write the template.  Each ' becomes ", and these conversions become values:
 *
 *   %s            a string, quoted and escaped; it must be UTF-8
 *   %" PRId64 "   a number
 *   %d            true or false
 *   %.*s          JSON of this length, unchanged
 *
 * The template contains the commas between its values.  It may be a part of a value.
 */
void json_format(struct json_writer *writer, const char *template, ...)
    __attribute__((format(printf, 2, 3), nonnull(1, 2)));

/* Append one value from a template. */
int json_format_append(struct secret_buffer *out, struct error *err, const char *template, ...)
    __attribute__((format(printf, 3, 4), nonnull(1, 2, 3), warn_unused_result));

#endif
