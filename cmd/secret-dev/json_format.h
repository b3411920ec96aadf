/* json_format: JSON from a template, for answers whose members are known. */
#ifndef SECRET_DEV_JSON_FORMAT_H
#define SECRET_DEV_JSON_FORMAT_H

#include <inttypes.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * Append the template with ' as ", and these in the place of values:
 *   %s        a string, quoted and escaped; it must be UTF-8
 *   %" PRId64 "  a number
 *   %d        true or false
 *   %.*s      JSON as it is, of that length
 */
int json_format(struct secret_buffer *out, struct error *err, const char *template, ...)
    __attribute__((format(printf, 3, 4), nonnull(1, 2, 3), warn_unused_result));

/* The arguments of %.*s for the JSON text in a secret_buffer. */
#define JSON_TEXT(buffer) (int)(buffer)->length, secret_buffer_string(buffer)

#endif
