/*
 * vault: the connection to HashiCorp Vault or OpenBao, and the token sent with requests.  login.h
 * and transit.h declare the calls, session.h a token's lifecycle.
 *
 * A call has two functions: vault_X_request fills an exchange, which the caller runs, alone or
 * together with others, and vault_X_result reads its response.  The callers decide on policy: they
 * limit the lifetime of tokens and retire keys.
 * Source: https://developer.hashicorp.com/vault/api-docs
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/http/http.h"

/* Options and environment variables.  All strings are borrowed, and NULL or "" if unset. */
struct vault_settings {
	const char *address;
	const char *ca_file, *ca_pem, *ca_directory;
	const char *certificate_file, *key_file;
	const char *tls_server_name;
	const char *namespace;
	const char *proxy;
	const char *user_agent;
	bool skip_verify;
	bool ignore_environment; /* ignore HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE */
	int64_t timeout_ms;	 /* 0: the default */
	int64_t retries;	 /* see http_endpoint_set_retries */
};

/* A token from a login, or from the configuration. */
struct vault_token {
	struct secret_buffer value;
	int64_t lease_s;    /* lifetime in seconds; 0: unlimited or unknown */
	int64_t expires_ms; /* on CLOCK_MONOTONIC; set by a login */
	int64_t num_uses;   /* number of requests it is valid for; 0: unlimited */
	int64_t requests;   /* requests made with it so far */
	bool batch;	    /* a batch token, which cannot be revoked */
	bool given;	    /* configured; neither limited nor revoked */
};
void vault_token_free(struct vault_token *token) __attribute__((nonnull));
/* Return true if the token has no uses left.  Vault has then deleted it. */
bool vault_token_is_spent(const struct vault_token *token) __attribute__((nonnull));

/* The maximum size of a Transit request; see transit_fits. */
struct vault_limit {
	size_t most;  /* size of the next request; 0 for the first request */
	size_t taken; /* size of the largest accepted request */
	bool fixed;   /* a larger request was rejected */
};

struct vault {
	struct http_endpoint endpoint;
	struct vault_token token;		 /* sent with each request; empty before a login */
	struct vault_inline_login *inline_login; /* sent with each request, see login.h; or NULL */
	struct vault_limit strings, bytes;
};

/*
 * Check the settings and set up the endpoint.  The address must be https; http is accepted to
 * loopback, or with skip_verify.  Log a warning for skip_verify.  ERROR_USAGE names a missing
 * setting.
 */
int vault_init(struct vault *vault, const struct vault_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void vault_free(struct vault *vault) __attribute__((nonnull));
/* Return true if Vault refused the request because its token is not valid, or not any more. */
bool vault_token_is_refused(const struct http_exchange *exchange) __attribute__((nonnull));
/* Revoke the token with POST auth/token/revoke-self. */
int vault_revoke_self(struct http_client *client, struct vault *vault, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
