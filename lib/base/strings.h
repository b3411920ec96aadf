/* strings: a growable list of C strings that it owns, in order of arrival. */
#ifndef BASE_STRINGS_H
#define BASE_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

struct strings {
	char **items; /* NULL-terminated once not empty */
	size_t count;
};

int strings_append(struct strings *list, const char *string, struct error *err)
    __attribute__((nonnull, warn_unused_result));
bool strings_contain(const struct strings *list, const char *string) __attribute__((nonnull));
/* True when any of the list, as a pattern of fnmatch(3), matches the text. */
bool strings_match(const struct strings *patterns, const char *text) __attribute__((nonnull));
void strings_free(struct strings *list) __attribute__((nonnull));

/* Return whether an option or variable is set, and not to "". */
static inline bool is_set(const char *text)
{
	return text && *text;
}

/*
 * Replace what is no text for people by '?', byte by byte: control characters (C0, DEL, C1), line
 * and paragraph separators, characters that turn the direction of writing or have no width, and
 * bytes that are not UTF-8.  So a
 * server's words can't forge a line of a log, steer a terminal or seem to say something else.
 */
void string_make_printable(char *text) __attribute__((nonnull));
/*
 * Return the bytes of the character that begins this UTF-8 text if string_make_printable would
 * replace it, with its number in *code: for writers that can escape it.  Else, and within a
 * character, 0.
 */
size_t string_unprintable(const char *text, size_t length, unsigned int *code)
    __attribute__((nonnull));

/* Cut the middle out of a text of more than `most` bytes, with "..." in its place. */
void string_shorten(char *text, size_t most) __attribute__((nonnull));

/* asprintf that reports: a newly allocated string, or NULL with *err filled. */
char *string_format(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull, warn_unused_result));

#endif
