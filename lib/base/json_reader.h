/*
 * json_reader: read JSON (RFC 8259).
 *
 * json_scanner.c checks the text, then jsmn splits it into tokens.  Duplicate member names
 * (compared unescaped), a byte order mark and text over a limit are rejected.
 *
 * A document borrows its text, which must not move or change.  A value is identified by its node,
 * an index.  JSON_ABSENT is the node of a missing value; every function accepts it, so that
 * look-ups can be chained.
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* More than the nesting of any Kubernetes object. */
#define JSON_DEPTH_MAX 64

enum json_type {
	JSON_NOTHING,
	JSON_NULL,
	JSON_BOOLEAN,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json;
typedef int json_node;
#define JSON_ABSENT (-1)
#define JSON_ROOT 0

/*
 * Parse `length` bytes at `text`.  `what` names the text in messages ("Vault response"), which
 * contain the line and column but never the text, because it may be secret.  Return a document, to
 * be freed with json_free, or NULL.
 */
struct json *json_parse(const char *text, size_t length, const char *what, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Parse a part of a larger text; `line` is the number of the part's first line. */
struct json *json_parse_lines(const char *text, size_t length, const char *what, size_t line,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void json_free(struct json *document);

static inline void json_free_pointer(struct json **document)
{
	json_free(*document);
}
#define cleanup_json __attribute__((cleanup(json_free_pointer)))

enum json_type json_type(const struct json *document, json_node node);

/* Return the member of an object with this (unescaped) name, or JSON_ABSENT. */
json_node json_member(const struct json *document, json_node object, const char *name);

/* Call json_member for each name in turn: json_path(d, JSON_ROOT, "metadata", "name", NULL). */
json_node json_path(const struct json *document, json_node node, ...) __attribute__((sentinel));

/* Return the first or next element of an array, or member value of an object; or JSON_ABSENT. */
json_node json_first(const struct json *document, json_node container);
json_node json_next(const struct json *document, json_node node);
/* NOLINTBEGIN(bugprone-macro-parentheses): `node` is declared here */
#define json_each(document, container, node)                                                       \
	for (json_node node = json_first(document, container); node != JSON_ABSENT;                \
	     node = json_next(document, node))
/* NOLINTEND(bugprone-macro-parentheses) */

/* Return the number of elements or members; 0 for a value that is not an array or object. */
size_t json_count(const struct json *document, json_node container);

/* Append the text of a string, unescaped, in UTF-8.  ERROR_INVALID if the value is not a string. */
int json_string(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Append the decoded bytes of a base64 string.  ERROR_INVALID if the value is not base64. */
int json_base64(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Append the name of a member, given its value. */
int json_name(const struct json *document, json_node value, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Set *text to a newly allocated copy of a string, or of the name of a member (given its value).
 * Not for secrets.  *text is NULL if the string is missing, or if it contains a NUL.  Return -1
 * if out of memory.
 */
int json_copy_string(const struct json *document, json_node node, char **text, struct error *err)
    __attribute__((nonnull(3, 4), warn_unused_result));
int json_copy_name(const struct json *document, json_node value, char **text, struct error *err)
    __attribute__((nonnull(3, 4), warn_unused_result));

/* Return the same copy for messages, or NULL, also if out of memory. */
char *json_strdup(const struct json *document, json_node node) __attribute__((warn_unused_result));
char *json_name_strdup(const struct json *document, json_node value)
    __attribute__((warn_unused_result));

/* Return true if the value is a string equal to `text`. */
bool json_string_is(const struct json *document, json_node node, const char *text);

/* Return the value as written (strings with quotes and escapes), or NULL if absent.  Borrowed. */
const char *json_raw(const struct json *document, json_node node, size_t *length);

/* Return the name of a member, given its value, with quotes and escapes; or NULL.  Borrowed. */
const char *json_raw_name(const struct json *document, json_node value, size_t *length);

/* Return the content of a string that has no escapes; NULL for any other value.  Borrowed. */
const char *json_plain_string(const struct json *document, json_node node, size_t *length);

/* Return an integer that fits and has no fraction or exponent; `otherwise` for any other value. */
int64_t json_integer(const struct json *document, json_node node, int64_t otherwise);

/* Return the value of a boolean; `otherwise` for any other value. */
bool json_boolean(const struct json *document, json_node node, bool otherwise);

/* Append the value without white space, with strings and numbers as written. */
int json_compact(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
