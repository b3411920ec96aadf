/* spelling: find names that a misspelt word may mean. */
#ifndef BASE_SPELLING_H
#define BASE_SPELLING_H

#include <stdbool.h>

/*
 * Return true if the word is the name with a letter added, removed, replaced or swapped with the
 * next; in a name of at least 8 letters, also with two such mistakes.
 */
bool spelling_is_near(const char *word, const char *name) __attribute__((nonnull));

#endif
