/*
 * session: a program's short time with Vault: log in or use a given token, reject a token that
 * lives too long, and revoke it.
 */
#ifndef VAULT_SESSION_H
#define VAULT_SESSION_H

#include "lib/vault/login.h"

/* The shortest lifetime of a token that the Kubernetes API issues. */
#define VAULT_JWT_LIFETIME_MS ((int64_t)600000)

/* How to get a token.  All borrowed; NULL or "" where not set. */
struct vault_session_settings {
	const char *method;	/* a name of enum vault_auth; NULL: see vault_session_method */
	const char *auth_mount; /* without "auth/"; NULL: the method's name */
	const char *role;

	/* token: used as it is, neither limited nor revoked. */
	const char *token;	/* a person's */
	const char *token_file; /* kept fresh by another program, such as a Vault Agent */

	/* kubernetes, jwt: a file, or a service account for which a JWT is asked for. */
	const char *jwt_file;
	const char *service_account, *audience; /* audience NULL: the API server's own */
	int64_t jwt_lifetime_ms;
	/* Append a new JWT for the service account to *jwt; called for each login. */
	int (*request_jwt)(const struct vault_session_settings *settings,
	    struct http_client *client, struct secret_buffer *jwt, struct error *err);
	void *jwt_context; /* request_jwt's own */

	/* approle; a secret id in one of two ways, or none where the role wants none. */
	const char *role_id, *secret_id, *secret_id_file;

	int64_t max_token_ttl_ms; /* a login that gives a longer one is refused */
};

#define VAULT_SESSION_DEFAULTS                                                                     \
	{                                                                                          \
		.jwt_lifetime_ms = VAULT_JWT_LIFETIME_MS, .max_token_ttl_ms = 10000                \
	}

/*
 * Set *method to the configured method; by default token if a token or its file is set, otherwise
 * kubernetes.  ERROR_USAGE for an unknown method.
 */
int vault_session_method(const struct vault_session_settings *settings, enum vault_auth *method,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Prepare the login; request a JWT over `client` if the method needs one.  Return 1 with an
 * exchange to run, 0 with a configured token, -1 on error: ERROR_USAGE if an input is not set.
 */
int vault_session_request(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct http_exchange *exchange,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Read the login's response and apply the limit.  A token rejected for its long life stays in
 * *vault, for vault_session_end.
 */
int vault_session_result(struct vault *vault, const struct vault_session_settings *settings,
    const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Log in: request, run and result together. */
int vault_session_begin(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Reject a token that is valid for fewer than `requests` more requests. */
int vault_session_check_uses(const struct vault *vault, size_t requests, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * For work that may outlast a token: log in again when the present token is spent, or has less
 * than VAULT_SESSION_MARGIN_MS to live, or less than half of its life if that is shorter.  A token
 * file is read again.
 */
#define VAULT_SESSION_MARGIN_MS 4000
int vault_session_renew(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Time for the revocation after a signal or the time limit has ended everything else. */
#define VAULT_SESSION_LAST_MS 2000

/*
 * Revoke a token that came from a login, unless it is a batch token, is spent, or has expired:
 * these cannot be revoked.  A failure is an error only if the token outlives the limit, and is
 * logged otherwise.
 */
int vault_session_end(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
