#include "lib/launch/naming.h"

#include <string.h>

bool naming_takes(const struct naming *naming, const char *name)
{
	if (naming->only.count && !strings_match(&naming->only, name))
		return false;
	return !strings_match(&naming->exclude, name);
}

bool naming_is_document(const struct naming *naming, const char *data_key, bool otherwise)
{
	return naming->documents.count ? strings_match(&naming->documents, data_key) : otherwise;
}

bool naming_selects(const struct naming *naming)
{
	return naming->only.count || naming->exclude.count;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void make_upper_case(char *name)
{
	for (; *name; name++)
		if (*name >= 'a' && *name <= 'z')
			*name = (char)(*name - 'a' + 'A');
}

/* The bytes behind the first of a UTF-8 character. */
static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

/* One '_' for each character that can't be. */
static void sanitize(char *name)
{
	char *to = name;

	for (const char *from = name; *from; from++) {
		if (is_letter(*from) || is_digit(*from))
			*to++ = *from;
		else if (!is_continuation(*from))
			*to++ = '_';
	}
	*to = '\0';
}

char *naming_apply(const struct naming *naming, const char *name, struct error *err)
{
	const char *prefix = naming->prefix ? naming->prefix : "";
	/* Room for the '_' before a digit. */
	char *applied = string_format(err, "_%s%s", prefix, name);

	if (!applied)
		return NULL;
	char *own = applied + 1 + strlen(prefix);
	if (naming->upper_case)
		make_upper_case(own);
	if (naming->sanitize)
		sanitize(own);
	if (!naming->sanitize || !is_digit(applied[1]))
		memmove(applied, applied + 1, strlen(applied));
	return applied;
}
