/*
 * kube_token: the JWTs of service accounts, with the claims that a kube-apiserver writes.  They are
 * signed with a key of this process (HS256), which nobody else needs to check.
 */
#ifndef SECRET_DEV_KUBE_TOKEN_H
#define SECRET_DEV_KUBE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/secret-dev/random.h"
#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

#define KUBE_AUDIENCE "https://kubernetes.default.svc"

struct kube_tokens {
	struct secret_buffer key;
};

int kube_tokens_init(struct kube_tokens *tokens, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_tokens_free(struct kube_tokens *tokens) __attribute__((nonnull));

/* Whom a token is for. */
struct kube_identity {
	const char *namespace, *service_account, *uid;
};

/* Append a JWT for the audience that expires at `expires_s` (unix time). */
int kube_token_make(const struct kube_tokens *tokens, const struct kube_identity *identity,
    const char *audience, int64_t expires_s, struct secret_buffer *jwt, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* What a token says. */
struct kube_claims {
	char *namespace, *service_account, *uid, *audience;
	int64_t expires_s;
};

/* Read the claims without trust; ERROR_INVALID when it is no JWT of a service account. */
int kube_token_read(const char *jwt, struct kube_claims *claims, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_claims_free(struct kube_claims *claims) __attribute__((nonnull));

/* True when the token was signed here and has not expired. */
bool kube_token_is_valid(const struct kube_tokens *tokens, const char *jwt,
    const struct kube_claims *claims) __attribute__((nonnull));

/* True when the token was signed here. */
bool kube_token_is_signed(const struct kube_tokens *tokens, const char *jwt)
    __attribute__((nonnull));

#endif
