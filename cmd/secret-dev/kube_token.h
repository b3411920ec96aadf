/*
 * kube_token: the JWTs of service accounts, with the claims that kube-apiserver writes.  They are
 * signed with a key of this process (HS256), because only secret-dev verifies them.
 */
#ifndef SECRET_DEV_KUBE_TOKEN_H
#define SECRET_DEV_KUBE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

#define KUBE_AUDIENCE "https://kubernetes.default.svc"

/* The service account that a token is for. */
struct kube_identity {
	const char *namespace, *service_account, *uid;
};

/* Append a JWT for the audience that expires at `expires_s` (unix time). */
int kube_token_make(const struct secret_buffer *key, const struct kube_identity *identity,
    const char *audience, int64_t expires_s, struct secret_buffer *jwt, struct error *err)
    __attribute__((nonnull, warn_unused_result));

struct kube_claims {
	char *namespace, *service_account, *uid, *audience;
	int64_t expires_s;
};

/* Read the claims without verification.  ERROR_INVALID if it is not a service account's JWT. */
int kube_token_read(const char *jwt, struct kube_claims *claims, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_claims_free(struct kube_claims *claims) __attribute__((nonnull));
#define cleanup_claims __attribute__((cleanup(kube_claims_free)))

/* Return whether the token is signed with the key.  kube_token_is_valid also checks the expiry. */
bool kube_token_is_signed(const struct secret_buffer *key, const char *jwt)
    __attribute__((nonnull));
bool kube_token_is_valid(const struct secret_buffer *key, const char *jwt,
    const struct kube_claims *claims) __attribute__((nonnull));

#endif
