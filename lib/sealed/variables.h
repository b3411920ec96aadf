/* variables: the secrets of one start, by name, and whether they may become environment. */
#ifndef SEALED_VARIABLES_H
#define SEALED_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/base/strings.h"

/* The kernel's MAX_ARG_STRLEN: NAME=value and its NUL (execve(2)). */
#define VARIABLE_STRING_MAX ((size_t)128 * 1024)

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

/* [A-Za-z_][A-Za-z0-9_]* */
bool variables_valid_name(const char *name) __attribute__((nonnull));

/*
 * Check that each may be an environment variable: its name ([A-Za-z_][A-Za-z0-9_]*), not one that
 * makes a loader or an interpreter run code unless listed in `allowed`, no NUL byte, short enough.
 */
int variables_check_environment(const struct variables *variables, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
