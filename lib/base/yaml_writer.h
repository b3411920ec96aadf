/*
 * yaml_writer: write YAML in block style, with libyaml.
 *
 * A writer appends to a buffer and keeps its first failure: check once, with yaml_writer_finish,
 * which also frees it.  Not for secrets, because libyaml does not wipe its memory.
 */
#ifndef BASE_YAML_WRITER_H
#define BASE_YAML_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "lib/base/error.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/secret_buffer.h"

/* Must not move between init and finish. */
struct yaml_writer {
	yaml_emitter_t emitter;
	struct secret_buffer *out;
	struct error error;
	bool failed;
};

enum yaml_style {
	YAML_STRING, /* plain if every reader reads it as this string, otherwise quoted */
	YAML_QUOTED, /* a quoted string */
	YAML_PLAIN,  /* not quoted: numbers, booleans, null */
};

void yaml_writer_init(struct yaml_writer *writer, struct secret_buffer *out);
void yaml_write_mapping(struct yaml_writer *writer);
void yaml_write_mapping_end(struct yaml_writer *writer);
/* Write a name or a value: UTF-8 of `length` bytes, NUL-terminated, without other NULs. */
void yaml_write_scalar(
    struct yaml_writer *writer, const char *text, size_t length, enum yaml_style style);
/* Write a JSON value as YAML. */
void yaml_write_json_node(struct yaml_writer *writer, const struct json *document, json_node node);
/* End the document and free the writer.  Return 0, or -1 with the first failure in *err. */
int yaml_writer_finish(struct yaml_writer *writer, struct error *err)
    __attribute__((warn_unused_result));

/* Append the JSON value as a YAML document. */
int yaml_write_json(const struct secret_buffer *json, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
