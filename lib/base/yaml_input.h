/*
 * yaml_input: pass a text to libyaml as kubectl passes it to its parser.
 *
 * kubectl (apimachinery's LineReader) appends a missing line break to the last line.  A block
 * scalar at the end of the text keeps that line break in its value.
 */
#ifndef BASE_YAML_INPUT_H
#define BASE_YAML_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "lib/base/error.h"

/*
 * Reject text in UTF-16 or UTF-32, detected by its first four bytes.  `what` names it in messages.
 */
int yaml_check_encoding(const char *text, size_t length, const char *what, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return the first byte order mark that begins a line, or NULL.  libyaml skips it, but go-yaml
 * reads it as text.
 */
const char *yaml_find_mark(const char *text, size_t length) __attribute__((nonnull));

struct yaml_input {
	const char *text;
	size_t length, at;
	bool break_due;
};

/*
 * Initialise *parser to read `length` bytes of UTF-8 at `text`; neither *input nor the text may
 * move before yaml_input_end.  Return false if out of memory.
 */
bool yaml_input_begin(struct yaml_input *input, yaml_parser_t *parser, const char *text,
    size_t length) __attribute__((nonnull, warn_unused_result));

/* Return true if the parser is out of memory, for which libyaml may set no error. */
bool yaml_is_out_of_memory(const yaml_parser_t *parser) __attribute__((nonnull));

/* Wipe the value of a scalar, and free the event. */
void yaml_input_free_event(yaml_event_t *event) __attribute__((nonnull));

/* Wipe the parser's copies of the text and free it. */
void yaml_input_end(yaml_parser_t *parser) __attribute__((nonnull));

#endif
