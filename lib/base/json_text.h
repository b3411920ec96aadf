/* json_text: the content of JSON strings with escapes, for json_reader. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* The bytes between the quotes, borrowed.  The two lengths differ if there are escapes. */
struct json_text {
	const char *text;
	size_t text_length;
	size_t length; /* unescaped */
};

/* Return the value of the four hexadecimal digits of a \u escape, or -1 without four digits. */
long json_hex4(const char *text, size_t available);

/* Return the content of a string whose escapes the scanner has accepted. */
struct json_text json_text_of(const char *text, size_t length);

/* Compare two struct json_text, unescaped, for qsort(3): 0 if they are equal. */
int json_text_compare(const void *left, const void *right);

/* Append the unescaped bytes to `out`. */
int json_text_append(const struct json_text *content, struct secret_buffer *out, struct error *err);

/* Set *text to a newly allocated, unescaped copy.  Leave it unchanged if the copy has a NUL. */
int json_text_dup(const struct json_text *content, char **text, struct error *err);

#endif
