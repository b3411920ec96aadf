/*
 * utf8: check UTF-8 (RFC 3629), find positions, and replace characters that must not reach a
 * terminal or a log.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#define UTF8_BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* Return true if the bytes are well-formed UTF-8, without surrogates and overlong forms. */
bool utf8_is_valid(const char *text, size_t length);

/* Return the number of bytes before the first byte that is not well-formed UTF-8. */
size_t utf8_valid_length(const char *text, size_t length);

/* Return true for a continuation byte, which is not the first of its character. */
static inline bool utf8_continues(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

/* Return the length of a byte order mark at the beginning of the text: 3, or 0. */
size_t utf8_mark_length(const char *text, size_t length);

/* Encode a code point as UTF-8, and return the number of bytes. */
size_t utf8_encode(unsigned long code, char utf8[4]) __attribute__((nonnull));

/* A position in a text as editors show it.  Both count from 1; columns are characters. */
struct utf8_position {
	size_t line, column;
};
/* Return the position of the byte at `offset`. */
struct utf8_position utf8_position(const char *text, size_t offset);

/*
 * Return the length in bytes of the character at `text` if utf8_make_printable would replace it,
 * and set *code to its code point, for writers that can escape it.  Return 0 for any other
 * character, and for a continuation byte.
 */
size_t utf8_unprintable_length(const char *text, size_t length, unsigned int *code)
    __attribute__((nonnull));

/*
 * Replace unprintable bytes by '?': control characters (C0, DEL, C1), line and paragraph
 * separators, characters that change the direction of writing or have no width, and bytes that are
 * not UTF-8.  A server's text can then neither forge a log line nor control a terminal.
 */
void utf8_make_printable(char *text) __attribute__((nonnull));

/* Replace the middle of a text of more than `most` bytes by "...". */
void utf8_shorten(char *text, size_t most) __attribute__((nonnull));

#endif
