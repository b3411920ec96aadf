/*
 * session: a program's short session with Vault.  Log in or use a configured token, reject a token
 * with a long lifetime, and revoke the token.  Or send a login with each request, without a token.
 */
#ifndef VAULT_SESSION_H
#define VAULT_SESSION_H

#include "lib/base/options.h"
#include "lib/vault/login.h"

/* The shortest lifetime of tokens issued by the Kubernetes API. */
#define VAULT_JWT_LIFETIME_MS ((int64_t)600000)

/* The source of a token.  All borrowed; NULL or "" if not set. */
struct vault_session_settings {
	const char *method;	/* a name of enum vault_auth; NULL: see vault_session_method */
	const char *auth_mount; /* without "auth/"; NULL: the method's name */
	const char *role;

	/* token: used without a limit, and not revoked. */
	const char *token;	/* a user's token */
	const char *token_file; /* renewed by another program, such as a Vault Agent */

	/*
	 * kubernetes, jwt: a JWT, the name of a variable with a JWT, a file with a JWT, or a
	 * service account for which to request a JWT.
	 */
	const char *jwt, *jwt_variable, *jwt_file;
	const char *service_account;
	const char *audience; /* of a requested JWT, or expected in a given one; NULL: any */
	int64_t jwt_lifetime_ms;
	/* Append a new JWT for the service account to *jwt; called for each login. */
	int (*request_jwt)(const struct vault_session_settings *settings,
	    struct http_client *client, struct secret_buffer *jwt, struct error *err);
	void *jwt_context; /* for request_jwt */
	/* jwt: where a job of GitHub Actions requests a JWT, unless it has one of the others. */
	const char *github_url, *github_token;

	/* approle: the secret id or its file, or neither if the role requires none. */
	const char *role_id, *secret_id, *secret_id_file;

	int64_t max_token_ttl_ms; /* limit of a login's token; a longer lifetime is rejected */

	/* kubernetes, jwt, cert: send the login with each request, and use no token. */
	enum option_feature auth_inline;
};

#define VAULT_SESSION_DEFAULTS                                                                     \
	{                                                                                          \
		.jwt_lifetime_ms = VAULT_JWT_LIFETIME_MS, .max_token_ttl_ms = 10000                \
	}

/* Names of the variables for github_url and github_token, which GitHub's runner sets. */
#define VAULT_GITHUB_URL "ACTIONS_ID_TOKEN_REQUEST_URL"
#define VAULT_GITHUB_TOKEN "ACTIONS_ID_TOKEN_REQUEST_TOKEN"

/*
 * Set *method to the configured method.  The default is token if a token or its file is set, jwt if
 * a JWT or its variable is set, otherwise kubernetes.  ERROR_USAGE for an unknown method or
 * conflicting settings, or if the method cannot be used inline.
 */
int vault_session_method(const struct vault_session_settings *settings, enum vault_auth *method,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return true if the settings have a source of a JWT for a login with this method. */
bool vault_session_has_jwt(const struct vault_session_settings *settings, enum vault_auth method)
    __attribute__((nonnull));

/*
 * Return true if the login uses this environment variable, which is not the name of an option and
 * which other programs may use too: the variable of jwt_variable, or one of GitHub's.
 */
bool vault_session_uses_variable(const struct vault_session_settings *settings, const char *name)
    __attribute__((nonnull));

/*
 * Prepare the login, and request a JWT with `client` if the method needs one.  Return 1 with an
 * exchange to run, 0 with a configured token or an inline login, or -1 on error (ERROR_USAGE if an
 * input is not set).
 */
int vault_session_request(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct http_exchange *exchange,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Read the login's response and check the token's lifetime.  A token that is rejected for its
 * lifetime stays in *vault, and vault_session_end revokes it.
 */
int vault_session_result(struct vault *vault, const struct vault_session_settings *settings,
    const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Log in: request, run and read the result. */
int vault_session_begin(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Reject a token that is valid for fewer than `requests` more requests. */
int vault_session_check_uses(const struct vault *vault, size_t requests, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Log in again if the token is spent, or has less than VAULT_SESSION_MARGIN_MS (or half of its
 * lifetime, if that is shorter) left.  Read a token file again.  For work that may take longer than
 * a token's lifetime.
 */
#define VAULT_SESSION_MARGIN_MS 4000
int vault_session_renew(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * After a request failed with ERROR_UNSUPPORTED, use a token instead of an inline login, if
 * settings->auth_inline permits that.  Return 1 after the login, to make the request again; 0 with
 * *err unchanged if it does not; -1 if the login failed.
 */
int vault_session_fall_back(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Time limit of the revocation after a signal or the end of the program's time limit. */
#define VAULT_SESSION_LAST_MS 2000

/*
 * Revoke a token from a login.  A batch token cannot be revoked, and a spent or expired token need
 * not be.  A failure is an error only if the token's lifetime exceeds the limit; otherwise it is
 * logged.
 */
int vault_session_end(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
