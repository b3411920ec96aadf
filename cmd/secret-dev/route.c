#include "cmd/secret-dev/route.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct placeholder {
	const char *text;
	size_t offset; /* in struct route_values */
} placeholders[] = {
    {"{group}", offsetof(struct route_values, group)},
    {"{namespace}", offsetof(struct route_values, namespace)},
    {"{resource}", offsetof(struct route_values, resource)},
    {"{name}", offsetof(struct route_values, name)},
    {"{path}", offsetof(struct route_values, path)},
};

void route_values_free(struct route_values *values)
{
	free(values->group);
	free(values->namespace);
	free(values->resource);
	free(values->name);
	free(values->path);
	*values = (struct route_values){NULL};
}

/* Return the member for the placeholder at *pattern, and move *pattern to its end; else NULL. */
static char **placeholder_value(const char **pattern, struct route_values *values)
{
	for (size_t i = 0; i < sizeof(placeholders) / sizeof(*placeholders); i++) {
		size_t length = strlen(placeholders[i].text);

		if (strncmp(*pattern, placeholders[i].text, length) == 0) {
			*pattern += length;
			return (char **)((char *)values + placeholders[i].offset);
		}
	}
	return NULL;
}

static bool path_matches(const char *pattern, const char *path, struct route_values *values)
{
	while (*pattern) {
		char **value = *pattern == '{' ? placeholder_value(&pattern, values) : NULL;

		if (!value) {
			if (*path++ != *pattern++)
				return false;
			continue;
		}
		size_t length = value == &values->path ? strlen(path) : strcspn(path, "/");
		if (length == 0)
			return false;
		*value = strndup(path, length);
		if (!*value)
			return false;
		path += length;
	}
	return *path == '\0';
}

const void *route_find(const void *table, size_t size, size_t count, enum server_method method,
    const char *path, struct route_values *values, bool *known)
{
	for (size_t i = 0; i < count; i++) {
		const struct route *route = (const void *)((const char *)table + i * size);

		if (path_matches(route->pattern, path, values)) {
			*known = true;
			if (route->method == method)
				return route;
		}
		route_values_free(values);
	}
	return NULL;
}
