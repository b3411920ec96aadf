/* strings: a growable list of C strings, which it owns, in the order of appending. */
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
/* Return true if any of the patterns (fnmatch(3)) matches the text. */
bool strings_match(const struct strings *patterns, const char *text) __attribute__((nonnull));
void strings_free(struct strings *list) __attribute__((nonnull));

/* Return true if an option or variable is set to text that is not empty. */
static inline bool is_set(const char *text)
{
	return text && *text;
}

/* Return the ending of a noun for this count: "" or "s". */
static inline const char *string_plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* Return a newly allocated string as asprintf does, or NULL with *err set. */
char *string_format(struct error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull, warn_unused_result));

#endif
