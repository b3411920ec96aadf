/*
 * yaml: read YAML (by libyaml) as the JSON text that it stands for.
 *
 * So every reader of configuration has one type of document.  Plain scalars
 * follow the YAML 1.2 core schema (https://yaml.org/spec/1.2.2/#103-core-schema):
 *   - null in its three spellings, ~ and nothing at all are null;
 *   - true, false and a number that JSON could write too stay as they are written: 1.0, 1e3, -7;
 *   - other numbers and booleans (+5, 007, .5, 0x1F, 0o17, True, FALSE) become a string of just
 * that text: readers of YAML disagree about a number's value, and nothing of it is lost;
 *   - .inf and .nan are refused;
 *   - anything else (yes, 1_000, 2001-12-14) is a string.
 * Anchors and aliases, merge keys, duplicate keys, tags but those of the core schema, and keys that
 * are no strings are refused: kubectl writes none, and they can hide things.
 *
 * Text that begins with a brace is JSON and passes as it is, or is refused: read as YAML, a string
 * of broken JSON could get another value.  A byte order mark is skipped.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * Append the only document of `text` (UTF-8) as JSON.  `what` names it in messages, which give line
 * and column, never the text.  No document: "null".  More than one: ERROR_INVALID.  Nested deeper
 * than JSON_DEPTH_MAX: ERROR_TOO_LARGE.  On error what was appended is no JSON.
 */
int yaml_to_json(const char *text, size_t length, const char *what, struct secret_buffer *json,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Return the start of the line where the content begins: after a byte order mark, blank lines,
 * comments, directives and a line "---"; `length` if there is no content.  Increase *line by the
 * lines before it.
 */
size_t yaml_content_start(const char *text, size_t length, size_t *line) __attribute__((nonnull));

#endif
