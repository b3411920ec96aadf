/*
 * json_reader: read JSON (RFC 8259).
 *
 * Reading is strict: jsmn splits the text into tokens, and json_parse then
 * rejects what jsmn lets through (bad numbers, bad escapes, lone surrogates,
 * raw control characters, invalid UTF-8, a missing or a surplus comma,
 * anything behind the value, a byte order mark), duplicate member names
 * (compared after unescaping), and what is over a limit.
 *
 * A document borrows its text: the text must stay where it is as long as the
 * document is used.  A value is named by its node, an index; JSON_ABSENT stands
 * for "no such value", and every reader takes it and answers as for an absent
 * value, so that look-ups can be chained.
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Deeper nesting than any Kubernetes object or a sane secret has. */
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
 * Parse `length` bytes at `text`.  `what` names the text in messages ("Vault's
 * answer"); messages give line and column, never the text itself: it may be secret.
 * Returns a document to free with json_free, or NULL.
 */
struct json *json_parse(const char *text, size_t length, const char *what, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* The same for a part of a larger text: messages count its first line as `line`. */
struct json *json_parse_lines(const char *text, size_t length, const char *what, size_t line,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void json_free(struct json *document);

static inline void json_free_pointer(struct json **document)
{
	json_free(*document);
}
#define cleanup_json __attribute__((cleanup(json_free_pointer)))

enum json_type json_type(const struct json *document, json_node node);

/* The member of an object by its (unescaped) name. */
json_node json_member(const struct json *document, json_node object, const char *name);

/* json_member repeated along names, ended by NULL: json_path(d, JSON_ROOT, "metadata", "name",
 * NULL). */
json_node json_path(const struct json *document, json_node node, ...) __attribute__((sentinel));

/* Walk the elements of an array or the member values of an object, in order. */
json_node json_first(const struct json *document, json_node container);
json_node json_next(const struct json *document, json_node node);
/* NOLINTBEGIN(bugprone-macro-parentheses): `node` is declared here */
#define json_each(document, container, node)                                                       \
	for (json_node node = json_first(document, container); node != JSON_ABSENT;                \
	     node = json_next(document, node))
/* NOLINTEND(bugprone-macro-parentheses) */

/* Elements or members of a container; 0 for anything else. */
size_t json_count(const struct json *document, json_node container);

/* Append a string value's text, unescaped to UTF-8.  ERROR_INVALID when it is no string. */
int json_string(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Append the bytes of a string value in base64.  ERROR_INVALID if it is not one. */
int json_base64(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Append the name of a member, given its value. */
int json_name(const struct json *document, json_node value, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Set *text to a string value, or to a member's name given its value: newly allocated, for public
 * text (names, annotations); NULL where it is not a string, or contains a NUL.  -1: out of memory.
 */
int json_copy_string(const struct json *document, json_node node, char **text, struct error *err)
    __attribute__((nonnull(3, 4), warn_unused_result));
int json_copy_name(const struct json *document, json_node value, char **text, struct error *err)
    __attribute__((nonnull(3, 4), warn_unused_result));

/* The same for messages, where a text that is missing changes nothing: NULL also out of memory. */
char *json_strdup(const struct json *document, json_node node) __attribute__((warn_unused_result));
char *json_name_strdup(const struct json *document, json_node value)
    __attribute__((warn_unused_result));

/* True when the value is a string of just this text. */
bool json_string_is(const struct json *document, json_node node, const char *text);

/* The value as it stands in the text (strings with quotes and escapes).  Borrowed. */
const char *json_raw(const struct json *document, json_node node, size_t *length);

/* Return the name of a member, given its value, with quotes and escapes; or NULL.  Borrowed. */
const char *json_raw_name(const struct json *document, json_node value, size_t *length);

/* The inside of a string that has no escapes, without a copy; NULL otherwise.  Borrowed. */
const char *json_plain_string(const struct json *document, json_node node, size_t *length);

/* A number without fraction or exponent that fits; `otherwise` for anything else. */
int64_t json_integer(const struct json *document, json_node node, int64_t otherwise);

/* true or false; `otherwise` for anything else. */
bool json_boolean(const struct json *document, json_node node, bool otherwise);

/* Append the value in compact form: no white space, strings and numbers as written. */
int json_compact(const struct json *document, json_node node, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
