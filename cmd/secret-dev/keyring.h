/* keyring: Transit keys and their ciphertext (AES-256-GCM). */
#ifndef SECRET_DEV_KEYRING_H
#define SECRET_DEV_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

struct keyring_version {
	struct secret_buffer key;
	int64_t created_s; /* Unix time */
};

/*
 * A Transit key of type aes256-gcm96.  Ciphertext is "vault:vN:" and the base64 of the nonce (12
 * bytes), the encrypted bytes and the tag (16 bytes).  If `derived`, the key that encrypts is
 * HKDF-SHA256 of the version's key, without salt, with the context as info.
 */
struct keyring {
	char *name;
	bool derived, exportable, deletion_allowed;
	int64_t min_decryption_version, min_encryption_version, min_available_version;
	struct keyring_version *versions; /* version N at N - 1 */
	size_t count;
};

/* Create a key with version 1. */
int keyring_init(struct keyring *keyring, const char *name, bool derived, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void keyring_free(struct keyring *keyring) __attribute__((nonnull));
int keyring_rotate(struct keyring *keyring, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* The context and the associated data of a value; empty if there are none. */
struct keyring_binding {
	struct secret_buffer context, associated_data;
};
void keyring_binding_free(struct keyring_binding *binding) __attribute__((nonnull));

/* Encrypt or decrypt a value.  Version 0 is the latest.  ERROR_INVALID, with Vault's message. */
int keyring_encrypt(const struct keyring *keyring, int64_t version,
    const struct keyring_binding *binding, const struct secret_buffer *plaintext,
    struct secret_buffer *ciphertext, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int keyring_decrypt(const struct keyring *keyring, const struct keyring_binding *binding,
    const struct secret_buffer *ciphertext, struct secret_buffer *plaintext, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
