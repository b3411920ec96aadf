/*
 * vault: the connection to HashiCorp Vault or OpenBao, and the token that requests are sent with.
 * login.h and transit.h have the calls, session.h a token's whole life.
 *
 * Each call comes as a pair: vault_X_request fills an exchange, which the caller runs (alone or
 * beside others), and vault_X_result reads its answer.  No policy here: limits on token life and
 * the retirement of keys belong to the callers. Source of shapes:
 * https://developer.hashicorp.com/vault/api-docs
 */
#ifndef VAULT_VAULT_H
#define VAULT_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/http/http.h"

/* Options and environment variables; all strings borrowed, NULL or "" if unset. */
struct vault_settings {
	const char *address;
	const char *ca_file, *ca_pem, *ca_directory;
	const char *certificate_file, *key_file;
	const char *tls_server_name;
	const char *namespace;
	const char *proxy;
	bool skip_verify;
	bool ignore_environment; /* ignore HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE */
	int64_t timeout_ms;	 /* 0: the default */
	int64_t retries;	 /* see http_endpoint_set_retries */
};

/* A token from a login, or from the configuration. */
struct vault_token {
	struct secret_buffer value;
	int64_t lease_s;    /* seconds it lives; 0: without end, or unknown */
	int64_t expires_ms; /* on CLOCK_MONOTONIC; known after a login */
	int64_t num_uses;   /* requests it is valid for; 0: not limited */
	int64_t requests;   /* made with it so far */
	bool batch;	    /* a batch token: nothing to revoke */
	bool given;	    /* configured: neither limited nor revoked */
};
void vault_token_free(struct vault_token *token) __attribute__((nonnull));
/* Return whether the token has no use left; Vault has deleted it then. */
bool vault_token_is_spent(const struct vault_token *token) __attribute__((nonnull));

/* The maximum size of a Transit request; see transit_fits. */
struct vault_limit {
	size_t most;  /* in the next request; 0: it is the first */
	size_t taken; /* in the largest request that was accepted */
	bool fixed;   /* a larger request was rejected */
};

struct vault {
	struct http_endpoint endpoint;
	struct vault_token token; /* sent with each call but login */
	struct vault_limit strings, bytes;
};

/*
 * Check the settings and set up the endpoint.  The address must be https; http is allowed to
 * loopback, or with skip_verify and a warning.  ERROR_USAGE names a missing setting.
 */
int vault_init(struct vault *vault, const struct vault_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void vault_free(struct vault *vault) __attribute__((nonnull));
/* POST auth/token/revoke-self. */
int vault_revoke_self(struct http_client *client, struct vault *vault, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
