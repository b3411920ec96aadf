/* unseal: a sealed Secret's values decrypted, for who edits, checks or reveals it. */
#ifndef SEAL_UNSEAL_H
#define SEAL_UNSEAL_H

#include "lib/seal/servers.h"
#include "lib/sealed/sealed.h"
#include "lib/vault/transit.h"

struct unsealed_value {
	struct secret_buffer plaintext;
	char *error; /* why it could not be decrypted; NULL: it was */
};

struct unsealed {
	struct kube_secret secret;
	struct transit_key key;
	enum sealed_scope scope;
	struct unsealed_value *values; /* one for each of secret.data, in its order */
};

/*
 * Decrypt what *secret (taken over, empty after) holds, in one batch; a value that can't be, or
 * that was never sealed, says so itself.  `transit_key` NULL: what the annotation says.  On error
 * there is nothing to free.
 */
int unseal_secret(struct servers *servers, struct kube_secret *secret, const char *transit_key,
    struct unsealed *unsealed, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
/* The same for a Secret of the servers' namespace that is read first. */
int unseal(struct servers *servers, const char *name, const char *transit_key,
    struct unsealed *unsealed, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
/* The first value that could not be decrypted, as an error that names it. */
int unsealed_check(const struct unsealed *unsealed, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void unsealed_free(struct unsealed *unsealed) __attribute__((nonnull));

#endif
