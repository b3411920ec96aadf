/*
 * json_writer: write JSON (RFC 8259).
 *
 * A writer appends to a buffer, and adds the commas and colons.  It keeps its first failure: check
 * once, with json_writer_finish.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

struct json_writer {
	struct secret_buffer *out;
	struct error error;
	bool failed;
	bool comma; /* a comma is due before the next value or name */
	int depth;
};

void json_writer_init(struct json_writer *writer, struct secret_buffer *out);
void json_write_object(struct json_writer *writer);	/* { */
void json_write_object_end(struct json_writer *writer); /* } */
void json_write_array(struct json_writer *writer);	/* [ */
void json_write_array_end(struct json_writer *writer);	/* ] */
void json_write_name(struct json_writer *writer, const char *name);
void json_write_name_bytes(struct json_writer *writer, const char *name, size_t length);
/* Write a string.  The writer fails if it is not UTF-8.  NUL is written as \u0000. */
void json_write_string(struct json_writer *writer, const char *text);
void json_write_string_bytes(struct json_writer *writer, const char *text, size_t length);
void json_write_base64(
    struct json_writer *writer, const void *bytes, size_t length); /* as a string */
void json_write_integer(struct json_writer *writer, int64_t number);
void json_write_boolean(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
void json_write_raw(struct json_writer *writer, const char *json, size_t length); /* one value */
/* Write a name and a string value. */
void json_write_member(struct json_writer *writer, const char *name, const char *text);
/* Return 0, or -1 with the first failure in *err. */
int json_writer_finish(struct json_writer *writer, struct error *err)
    __attribute__((warn_unused_result));

#endif
