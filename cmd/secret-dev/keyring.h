/* keyring: Transit keys and their ciphertext, by AES-256-GCM. */
#ifndef SECRET_DEV_KEYRING_H
#define SECRET_DEV_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

struct keyring_version {
	struct secret_buffer key;
	int64_t created_s; /* unix time */
};

/*
 * A Transit key of type aes256-gcm96.  Ciphertext is "vault:vN:" and the base64 of nonce (12
 * bytes), encrypted bytes and tag (16).  A derived key encrypts with HKDF-SHA256 of the version's
 * key, without salt, with the context as info.
 */
struct keyring {
	char *name;
	bool derived, exportable, deletion_allowed;
	int64_t min_decryption_version, min_encryption_version, min_available_version;
	struct keyring_version *versions; /* version N at N - 1 */
	size_t count;
};

/* Make a key with version 1. */
int keyring_init(struct keyring *keyring, const char *name, bool derived, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void keyring_free(struct keyring *keyring) __attribute__((nonnull));
int keyring_rotate(struct keyring *keyring, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* The context and associated data of a value; empty buffers where there are none. */
struct keyring_binding {
	struct secret_buffer context, associated_data;
};
void keyring_binding_free(struct keyring_binding *binding) __attribute__((nonnull));

/* ERROR_INVALID has Vault's text.  Version 0 is the latest. */
int keyring_encrypt(const struct keyring *keyring, int64_t version,
    const struct keyring_binding *binding, const struct secret_buffer *plaintext,
    struct secret_buffer *ciphertext, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int keyring_decrypt(const struct keyring *keyring, const struct keyring_binding *binding,
    const struct secret_buffer *ciphertext, struct secret_buffer *plaintext, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
