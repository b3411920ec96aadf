/* decrypt: from ciphertext to plaintext, in as few requests as there are Transit keys. */
#ifndef LAUNCH_DECRYPT_H
#define LAUNCH_DECRYPT_H

#include "lib/launch/source.h"

/*
 * Decrypt the values, all of them sealed, in place.  The pointers' order changes.  The first that
 * Vault can't decrypt is the error.
 */
int decrypt_values(struct http_client *client, struct vault *vault, struct source_value **values,
    size_t count, struct error *err) __attribute__((nonnull(1, 2, 5), warn_unused_result));

#endif
