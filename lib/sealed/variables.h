/* variables: named plaintexts: the secrets of one start, or those that are to be sealed. */
#ifndef SEALED_VARIABLES_H
#define SEALED_VARIABLES_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* More than any environment has; adding compares with every other name. */
#define VARIABLES_MAX 10000

struct variable {
	char *name;
	struct secret_buffer value;
	char *source; /* for messages: "Secret demo/app, data key PASSWORD" */
};

struct variables {
	struct variable *items;
	size_t count, capacity;
};

/*
 * Add one; *value is taken over.  A name that is there already is an error that names both sources:
 * which of two secrets wins is not ours to guess.
 */
int variables_add(struct variables *variables, const char *name, struct secret_buffer *value,
    const char *source, struct error *err) __attribute__((nonnull, warn_unused_result));
void variables_free(struct variables *variables) __attribute__((nonnull));

#endif
