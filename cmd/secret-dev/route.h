/* route: find the route of a request by its method and path. */
#ifndef SECRET_DEV_ROUTE_H
#define SECRET_DEV_ROUTE_H

#include "cmd/secret-dev/server.h"

/*
 * A pattern is a path.  {group}, {namespace}, {resource} and {name} match one segment each, and
 * {path} matches the rest of the path.
 */
struct route {
	enum server_method method;
	const char *pattern;
};

/* The text that placeholders matched, newly allocated; NULL if not in the pattern. */
struct route_values {
	char *group, *namespace, *resource, *name, *path;
};
void route_values_free(struct route_values *values) __attribute__((nonnull));

/*
 * Find a path in a table whose rows are `size` bytes long and begin with a struct route.  Return
 * its row, or NULL.  Set *known to true if the path exists, even if only with another method.
 */
const void *route_find(const void *table, size_t size, size_t count, enum server_method method,
    const char *path, struct route_values *values, bool *known) __attribute__((nonnull));

#endif
