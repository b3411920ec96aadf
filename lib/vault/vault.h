/*
 * vault: the connection to HashiCorp Vault or OpenBao, and the token that requests are sent with.
 * login.h and transit.h have the calls, session.h a token's whole life.
 *
 * Each call comes as a pair: vault_X_request fills an exchange, which the caller runs (alone or
 * beside others), and vault_X_result reads its answer.  No policy here: limits on token life,
 * retirement of keys and the like belong to the callers.
 * Source of shapes: https://developer.hashicorp.com/vault/api-docs
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/http/http.h"

/* What options and environment say of Vault; all strings borrowed, NULL or "" when not set. */
struct vault_settings {
	const char *address;
	const char *ca_file, *ca_pem, *ca_directory;
	const char *certificate_file, *key_file;
	const char *tls_server_name;
	const char *namespace;
	const char *proxy;
	bool skip_verify;
	bool ignore_environment; /* HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE say nothing */
	int64_t timeout_ms;	 /* 0: the default */
	int64_t retries;	 /* see http_endpoint_set_retries */
};

/* A login's outcome, or a token that came in another way. */
struct vault_token {
	struct secret_buffer value;
	int64_t lease_s;    /* seconds it lives; 0: it for ever, or unknown */
	int64_t expires_ms; /* on CLOCK_MONOTONIC; known after a login */
	int64_t num_uses;   /* requests it is good for; 0: not limited */
	int64_t requests;   /* made with it up to now */
	bool batch;	    /* a batch token: nothing to revoke */
	bool given;	    /* no login has made it: not ours to limit or to revoke */
};
#define VAULT_TOKEN_INIT                                                                           \
	{                                                                                          \
		SECRET_BUFFER_INIT, 0, 0, 0, 0, false, false                                       \
	}
void vault_token_free(struct vault_token *token) __attribute__((nonnull));
/* True when its last use is gone, and Vault has forgotten it. */
bool vault_token_is_spent(const struct vault_token *token) __attribute__((nonnull));

/* How large a Transit request may be: see transit_fits. */
struct transit_limit {
	size_t most;  /* in the next request; 0: the first one */
	size_t taken; /* in the largest request that was accepted */
	bool fixed;   /* a larger one was refused */
};

struct vault {
	struct http_endpoint endpoint;
	struct vault_token token; /* sent with each call but login */
	struct transit_limit strings, bytes;
};

/*
 * Check the settings and set up the endpoint.  The address must be https (http only to loopback,
 * or with skip_verify, loudly); ERROR_USAGE says what is missing.
 */
int vault_init(struct vault *vault, const struct vault_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void vault_free(struct vault *vault) __attribute__((nonnull));
/*
 * Tokens, JWTs and secret ids: at least one character, and no white space or control characters,
 * which could start another header or never were meant.
 */
bool vault_is_credential(const struct secret_buffer *text) __attribute__((nonnull));

/* POST auth/token/revoke-self. */
int vault_revoke_self(struct http_client *client, struct vault *vault, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
