/*
 * session: one program's short stay with Vault: log in or take a given token, refuse a token that
 * lives too long, and give it back.
 */
#ifndef VAULT_SESSION_H
#define VAULT_SESSION_H

#include "lib/vault/login.h"

/* The least life that the Kubernetes API gives a token. */
#define VAULT_JWT_LIFETIME_MS ((int64_t)600000)

/* How to get a token.  All borrowed; NULL or "" where not set. */
struct vault_session_settings {
	const char *method;	/* a name of enum vault_auth; NULL: see vault_session_method */
	const char *auth_mount; /* without "auth/"; NULL: the method's name */
	const char *role;

	/* token: used as it is, neither limited nor revoked. */
	const char *token;	/* a person's */
	const char *token_file; /* somebody keeps it fresh, such as a Vault Agent */

	/* kubernetes, jwt: a file, or a service account for which a JWT is asked for. */
	const char *jwt_file;
	const char *service_account, *audience; /* audience NULL: the API server's own */
	int64_t jwt_lifetime_ms;
	/* Append a new JWT for what stands above to *jwt; called for each login. */
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
 * The method in force: the one that is named; else token where a token or its file is given; else
 * kubernetes.  ERROR_USAGE where there is no such method.
 */
int vault_session_method(const struct vault_session_settings *settings, enum vault_auth *method,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Prepare the login; a JWT that must be asked for is, over `client`.  1: an exchange is to be run;
 * 0: the token is given; -1: error, ERROR_USAGE where the method lacks an input.
 */
int vault_session_request(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct http_exchange *exchange,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Read the login's answer and apply the limit.  A token refused for its long life is left in
 * *vault, for vault_session_end.
 */
int vault_session_result(struct vault *vault, const struct vault_session_settings *settings,
    const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Both, one after the other. */
int vault_session_begin(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Refuse a token that is good for fewer than `requests` more, before the first of them is made. */
int vault_session_check_uses(const struct vault *vault, size_t requests, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * For work that may outlast a token: log in anew when the present one is spent, or has less than
 * VAULT_SESSION_MARGIN_MS to live, or less than half of its life where that is shorter.  A token
 * file is read again.
 */
#define VAULT_SESSION_MARGIN_MS 4000
int vault_session_renew(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* What is left for the revocation when a signal or the time limit has ended all else. */
#define VAULT_SESSION_LAST_MS 2000

/*
 * Revoke a token that came from a login, when there is something to revoke: batch tokens have no
 * entry in Vault, and one that is spent or has outlived its lease has none left.  A failure is an
 * error only when the token outlives the limit; else it is logged.
 */
int vault_session_end(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
