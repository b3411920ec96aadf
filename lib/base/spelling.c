#include "lib/base/spelling.h"

#include <string.h>

#define LONG_NAME 8 /* from this length, two mistakes are accepted */

static bool is_within(const char *word, const char *name, int mistakes)
{
	while (*word && *word == *name)
		word++, name++;
	if (!*word && !*name)
		return true;
	if (mistakes-- == 0)
		return false;
	if ((*word && is_within(word + 1, name, mistakes)) ||
	    (*name && is_within(word, name + 1, mistakes)))
		return true;
	if (!*word || !*name)
		return false;
	return is_within(word + 1, name + 1, mistakes) ||
	       (word[0] == name[1] && word[1] == name[0] &&
		   is_within(word + 2, name + 2, mistakes));
}

bool spelling_is_near(const char *word, const char *name)
{
	return is_within(word, name, strlen(name) < LONG_NAME ? 1 : 2);
}
