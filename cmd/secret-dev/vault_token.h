/* vault_token: the tokens that Vault has given out and that still live. */
#ifndef SECRET_DEV_VAULT_TOKEN_H
#define SECRET_DEV_VAULT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/secret-dev/random.h"
#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

#define VAULT_TOKEN_POLICIES 4

struct vault_grant {
	struct secret_buffer token;
	char accessor[UUID_SIZE];		    /* empty for batch tokens */
	char entity[UUID_SIZE];			    /* empty for the root token */
	const char *policies[VAULT_TOKEN_POLICIES]; /* static strings, ended by NULL */
	char *display_name;
	const char *path; /* where it was made */
	bool batch;
	int64_t created_s, ttl_s; /* ttl 0: does not expire */
	int64_t expires_ms;	  /* on CLOCK_MONOTONIC; 0: never */
	int64_t uses;		  /* those left; 0: not limited */
	struct vault_grant *next;
};

#define VAULT_TOKEN_BUCKETS 4096
struct vault_tokens {
	struct vault_grant *buckets[VAULT_TOKEN_BUCKETS];
};

/* Make a token that lives `ttl_s` seconds (0: for ever).  What it may do is for the caller to fill
 * in. */
struct vault_grant *vault_tokens_add(struct vault_tokens *tokens, bool batch, int64_t ttl_s,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* NULL when it is unknown, expired, revoked or used up. */
struct vault_grant *vault_tokens_find(struct vault_tokens *tokens, const char *token)
    __attribute__((nonnull));
void vault_tokens_revoke(struct vault_tokens *tokens, struct vault_grant *grant)
    __attribute__((nonnull));
void vault_tokens_free(struct vault_tokens *tokens) __attribute__((nonnull));

#endif
