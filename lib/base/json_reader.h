/*
 * json_reader: read JSON (RFC 8259).
 *
 * Reading is strict: json_scanner.c checks the text, jsmn then splits it into tokens.  Duplicate
 * member names (compared unescaped), a byte order mark and text over a limit are rejected.
 *
 * A document borrows its text, which must not move or change.  A value is identified by its node,
 * an index; JSON_ABSENT is the node of a missing value, which every function accepts, so that
 * look-ups can be chained.
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Deeper than the nesting of any Kubernetes object. */
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
 * Parse `length` bytes at `text`.  `what` names the text in messages ("Vault's answer"), which
 * contain line and column, never the text: it may be secret.  Return a document to free with
 * json_free, or NULL.
 */
struct json *json_parse(const char *text, size_t length, const char *what, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* The same for a part of a larger text: `line` is the number of its first line. */
struct json *json_parse_lines(const char *text, size_t length, const char *what, size_t line,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void json_free(struct json *document);

static inline void json_free_pointer(struct json **document)
{
	json_free(*document);
}
#define cleanup_json __attribute__((cleanup(json_free_pointer)))

enum json_type json_type(const struct json *document, json_node node);

/* Return the member of an object by its (unescaped) name. */
json_node json_member(const struct json *document, json_node object, const char *name);

/* Repeat json_member for several names: json_path(d, JSON_ROOT, "metadata", "name", NULL). */
json_node json_path(const struct json *document, json_node node, ...) __attribute__((sentinel));

/* Return the first and the next element of an array, or member value of an object, in order. */
json_node json_first(const struct json *document, json_node container);
json_node json_next(const struct json *document, json_node node);
/* NOLINTBEGIN(bugprone-macro-parentheses): `node` is declared here */
#define json_each(document, container, node)                                                       \
	for (json_node node = json_first(document, container); node != JSON_ABSENT;                \
	     node = json_next(document, node))
/* NOLINTEND(bugprone-macro-parentheses) */

/* Return the number of elements or members; 0 unless it is an array or object. */
size_t json_count(const struct json *document, json_node container);

/* Append the text of a string, unescaped, in UTF-8.  ERROR_INVALID for any other value. */
int json_string(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Append the bytes of a string value in base64.  ERROR_INVALID if it is not one. */
int json_base64(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Append the name of a member, given its value. */
int json_name(const struct json *document, json_node value, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Set *text to a string value, or to a member's name given its value: newly allocated, for text
 * that is not secret; NULL if it is not a string, or contains a NUL.  -1: out of memory.
 */
int json_copy_string(const struct json *document, json_node node, char **text, struct error *err)
    __attribute__((nonnull(3, 4), warn_unused_result));
int json_copy_name(const struct json *document, json_node value, char **text, struct error *err)
    __attribute__((nonnull(3, 4), warn_unused_result));

/* The same for messages: return the text, or NULL, also if out of memory. */
char *json_strdup(const struct json *document, json_node node) __attribute__((warn_unused_result));
char *json_name_strdup(const struct json *document, json_node value)
    __attribute__((warn_unused_result));

/* Return true if the value is a string of exactly this text. */
bool json_string_is(const struct json *document, json_node node, const char *text);

/* Return the value as written (strings with quotes and escapes).  Borrowed. */
const char *json_raw(const struct json *document, json_node node, size_t *length);

/* Return the name of a member, given its value, with quotes and escapes; or NULL.  Borrowed. */
const char *json_raw_name(const struct json *document, json_node value, size_t *length);

/* Return the inside of a string without escapes; NULL for any other value.  Borrowed. */
const char *json_plain_string(const struct json *document, json_node node, size_t *length);

/* Return a number without fraction or exponent that fits; `otherwise` for any other value. */
int64_t json_integer(const struct json *document, json_node node, int64_t otherwise);

/* Return true or false; `otherwise` for any other value. */
bool json_boolean(const struct json *document, json_node node, bool otherwise);

/* Append the value without white space, with strings and numbers as written. */
int json_compact(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
