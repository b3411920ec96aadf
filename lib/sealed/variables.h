/* variables: plaintexts with names, such as the secrets of one start or the values to seal. */
#ifndef SEALED_VARIABLES_H
#define SEALED_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* The placeholder for a name that variable_shown_name does not show. */
#define VARIABLE_NAME_NOT_SHOWN "(name not shown)"

/* More than any environment has. */
#define VARIABLES_MAX 10000

/* Add variables only with the functions below, which maintain the hash chains of names. */
struct variable {
	char *name;
	struct secret_buffer value;
	char *source;	  /* for messages: "Secret demo/app, data key PASSWORD" */
	bool chosen;	  /* named by an option or the pod as an environment variable */
	bool secret_name; /* name from a plaintext, invalid for a variable: may be secret */

	/* Indexes of the array plus 1; 0: none. */
	uint32_t next;	/* next variable with the same hash */
	uint32_t first; /* first variable whose hash is this index */
};

/* Variables in the order in which they were added. */
struct variables {
	struct variable *items;
	size_t count, capacity;
};

/*
 * Return the code of an error about a name from this source: ERROR_USAGE for an option, such as
 * "--from-literal", otherwise ERROR_INVALID.
 */
enum error_code variable_error_code(const char *source) __attribute__((nonnull));
/*
 * Add a variable and take over *value.  A duplicate name is an error that names both sources,
 * because a guess could choose the wrong secret.
 */
int variables_add(struct variables *variables, const char *name, struct secret_buffer *value,
    const char *source, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return the variable with this name, or NULL.  Borrowed until another variable is added. */
struct variable *variables_find(const struct variables *variables, const char *name)
    __attribute__((nonnull));

/*
 * Move all of *from (empty after) to *to.  With `override`, a duplicate name replaces the variable
 * in its place; otherwise it is an error that names both sources.
 */
int variables_merge(struct variables *to, struct variables *from, bool override, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return true if the text is a valid name of a variable: [A-Za-z_][A-Za-z0-9_]* */
bool variable_valid_name(const char *name) __attribute__((nonnull));

/*
 * Return the name for messages, or VARIABLE_NAME_NOT_SHOWN if it may be part of a secret.  For
 * example, a forged annotation can declare a plaintext to be a document, whose members become
 * names.
 */
const char *variable_shown_name(const struct variable *variable) __attribute__((nonnull));

/* Append the names for messages, separated by ", ". */
int variables_names(const struct variables *variables, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Set *digest to an HMAC-SHA256 under `key` of all names and values, which does not depend on their
 * order or their sources.
 */
#define VARIABLES_DIGEST_SIZE 32
int variables_digest(const struct variables *variables, const uint8_t key[VARIABLES_DIGEST_SIZE],
    uint8_t digest[VARIABLES_DIGEST_SIZE], struct error *err)
    __attribute__((nonnull, warn_unused_result));

void variables_free(struct variables *variables) __attribute__((nonnull));

#endif
