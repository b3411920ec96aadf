#include "lib/base/strings.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int strings_append(struct strings *list, const char *string, struct error *err)
{
	char **grown = reallocarray(list->items, list->count + 2, sizeof(*grown));

	if (!grown)
		return error_memory(err);
	list->items = grown;
	grown[list->count] = strdup(string);
	if (!grown[list->count])
		return error_memory(err);
	grown[++list->count] = NULL;
	return 0;
}

bool strings_contain(const struct strings *list, const char *string)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], string) == 0)
			return true;
	return false;
}

bool strings_match(const struct strings *patterns, const char *text)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (fnmatch(patterns->items[i], text, 0) == 0)
			return true;
	return false;
}

void strings_free(struct strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

char *string_format(struct error *err, const char *format, ...)
{
	char *string = NULL;
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&string, format, arguments);
	va_end(arguments);
	if (length < 0) {
		error_memory(err);
		return NULL;
	}
	return string;
}
