/*
 * yaml: convert YAML to JSON, with libyaml.
 *
 * Plain scalars follow the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema):
 *   - null in its three spellings, ~ and an empty value are null;
 *   - true, false and numbers that are valid in JSON stay as written: 1.0, 1e3, -7;
 *   - other numbers and booleans (+5, 007, .5, 0x1F, 0o17, True, FALSE) become strings of the
 *     same text, because YAML readers disagree about their value;
 *   - .inf and .nan are rejected;
 *   - any other scalar (yes, 1_000, 2001-12-14) is a string.
 * Anchors, aliases, merge keys, duplicate keys, keys that are not strings, and tags outside the
 * core schema are rejected; kubectl writes none of them, and they can hide content.
 *
 * Text that begins with a brace must be JSON and is not changed, because a string of invalid JSON
 * could get another value when read as YAML.  A byte order mark is skipped.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * Append the only document of `text` (UTF-8) as JSON, or "null" without a document.  `what`
 * names the text in messages, which contain the line and column but never the text.  ERROR_INVALID
 * if there are several documents, ERROR_TOO_LARGE if they are nested deeper than JSON_DEPTH_MAX.
 * On error the appended text is incomplete.
 */
int yaml_to_json(const char *text, size_t length, const char *what, struct secret_buffer *json,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Return the offset of the first line with content, after a byte order mark, blank lines, comments,
 * directives and "---" lines; `length` without content.  Add the number of lines before it
 * to *line.
 */
size_t yaml_content_start(const char *text, size_t length, size_t *line) __attribute__((nonnull));

#endif
