/*
 * reveal: print the plaintext of manifests, such as for git diff.
 *
 * A document is printed as it is written, with plaintext in the place of ciphertext
 * (manifest_reveal).  Nothing is written to a file.
 */
#ifndef SEAL_REVEAL_H
#define SEAL_REVEAL_H

#include "lib/seal/seal.h"

struct reveal_settings {
	const char *file;	 /* "-": standard input */
	const char *transit_key; /* NULL: from the annotations */
	/* Print a whole document; called in the order of the file. */
	int (*print)(const struct secret_buffer *text, struct error *err);
};

/*
 * Print all documents of a file.  Fail if a document cannot be read or a value does not decrypt;
 * only documents that wait in another batch were then printed.
 */
int reveal_file(struct seal_session *session, const struct reveal_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append the values of one Secret of a file, as unseal_write does.  `key` may be NULL, and `name`
 * if the file has only one Secret.
 */
int reveal_secret(struct seal_session *session, const struct reveal_settings *settings,
    const char *name, const char *key, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull(1, 2, 5, 6), warn_unused_result));

#endif
