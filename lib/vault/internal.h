/* internal: functions shared by the files of this folder.  Not included by any other folder. */
#ifndef VAULT_INTERNAL_H
#define VAULT_INTERNAL_H

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/http/credential.h"
#include "lib/http/json_response.h"
#include "lib/vault/session.h"
#include "lib/vault/transit.h"

/*
 * Prepare a POST, or a GET unless `post`, to /v1/MOUNT/PATH with the token.  ERROR_DENIED if the
 * token has no uses left.
 */
int vault_request(struct vault *vault, bool post, const char *mount, const char *path,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return whether a segment of the path is "." or "..", which libcurl would resolve. */
bool vault_path_has_dots(const char *path) __attribute__((nonnull));

/* Append the escaped path /MOUNT/PATH.  ERROR_USAGE if it contains "." or "..". */
int vault_append_path(struct secret_buffer *text, const char *mount, const char *path,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return 0 on 2xx.  Otherwise return -1 with an error that quotes the response's errors. */
int vault_check(const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Set vault->token to the configured token, or the token in the configured file.  ERROR_USAGE if
 * none or both are set.
 */
int vault_login_use_token(struct vault *vault, const struct vault_session_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Parameters of a login's request: a text, or a secret. */
#define VAULT_LOGIN_PARAMETERS_MAX 2
struct vault_login_parameter {
	const char *name, *text;
	const struct secret_buffer *secret;
};
/* List the parameters that are set.  Return their number. */
size_t vault_login_parameters(const struct vault_login *login,
    struct vault_login_parameter parameters[VAULT_LOGIN_PARAMETERS_MAX]) __attribute__((nonnull));
/* Write the value as a JSON string. */
void vault_login_write_value(struct json_writer *writer,
    const struct vault_login_parameter *parameter) __attribute__((nonnull));

/* Return the mount without "auth/". */
const char *vault_login_mount(const struct vault_login *login) __attribute__((nonnull));

/* Add the advice for a refused login, and its role or mount.  Return -1. */
int vault_login_explain(const struct vault_login *login, const struct http_exchange *exchange,
    struct error *err) __attribute__((nonnull));

/* Return true if the server has refused the login, and not the request itself. */
bool vault_inline_login_is_refused(const struct http_exchange *exchange) __attribute__((nonnull));
/* Return true if the same request would be refused again, although its status is 5xx. */
bool vault_inline_login_is_permanent(const struct http_exchange *exchange) __attribute__((nonnull));
/*
 * Add the cause and the advice to the error of a failed request that contains a login.  Set
 * ERROR_UNSUPPORTED if the server may not support inline authentication.  Return -1.
 */
int vault_inline_login_explain(const struct vault *vault, const struct http_exchange *exchange,
    struct error *err) __attribute__((nonnull));

/* Return the inputs of a login with this method, without secrets. */
struct vault_login vault_login_from(
    const struct vault_session_settings *settings, enum vault_auth method) __attribute__((nonnull));

/*
 * Read or request the JWT for a login with this method, and append it to *jwt, which must be empty.
 * For the method jwt, check its claims.  ERROR_USAGE if it has no source, or more than one.
 */
int vault_login_get_jwt(struct http_client *client, const struct vault *vault,
    const struct vault_session_settings *settings, enum vault_auth method,
    struct secret_buffer *jwt, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return true if a login with this method requests its JWT from GitHub. */
bool vault_login_uses_github(const struct vault_session_settings *settings, enum vault_auth method)
    __attribute__((nonnull));

/*
 * Request a JWT at the endpoint that GitHub's runner provides to a job, and append it to *jwt.
 * `audience` NULL: GitHub's default, the URL of the repository's owner.  The connection has the
 * time limits, retries and proxy of the one to Vault, and trusts the system's CA certificates.
 */
int vault_github_request(struct http_client *client, const struct vault *vault,
    const struct vault_session_settings *settings, struct secret_buffer *jwt, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Secrets that are read or requested for a login. */
struct vault_login_secrets {
	struct secret_buffer jwt, secret_id;
};
void vault_login_secrets_free(struct vault_login_secrets *secrets) __attribute__((nonnull));
/*
 * Read or request the secret inputs of this login.  It borrows them.  ERROR_USAGE if an input is
 * not set.
 */
int vault_login_get_secrets(struct http_client *client, const struct vault *vault,
    const struct vault_session_settings *settings, struct vault_login *login,
    struct vault_login_secrets *secrets, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
