/*
 * keyring: one Transit key with its versions: AES-256-GCM, as Vault's aes256-gcm96.
 *
 * Ciphertext is "vault:vN:" and the base64 of nonce (12 bytes), encrypted bytes and tag (16).  A
 * derived key encrypts with HKDF-SHA256 of the version's key, without salt, the context as info.
 */
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

struct keyring {
	char *name;
	bool derived, exportable, deletion_allowed;
	int64_t min_decryption_version, min_encryption_version, min_available_version;
	struct keyring_version *versions; /* version N stands at N - 1 */
	size_t count;
};

/* At version 1. */
int keyring_init(struct keyring *keyring, const char *name, bool derived, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void keyring_free(struct keyring *keyring) __attribute__((nonnull));
int keyring_rotate(struct keyring *keyring, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* What goes in beside the bytes; empty buffers where there is none. */
struct keyring_binding {
	struct secret_buffer context, associated_data;
};
#define KEYRING_BINDING_INIT                                                                       \
	{                                                                                          \
		SECRET_BUFFER_INIT, SECRET_BUFFER_INIT                                             \
	}
void keyring_binding_free(struct keyring_binding *binding) __attribute__((nonnull));

/* ERROR_INVALID carries Vault's own words.  Version 0 is the latest. */
int keyring_encrypt(const struct keyring *keyring, int64_t version,
    const struct keyring_binding *binding, const struct secret_buffer *plaintext,
    struct secret_buffer *ciphertext, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int keyring_decrypt(const struct keyring *keyring, const struct keyring_binding *binding,
    const struct secret_buffer *ciphertext, struct secret_buffer *plaintext, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
