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

/* Return 0 on 2xx.  Otherwise return -1 with an error that quotes the response's errors. */
int vault_check(const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Set vault->token to the configured token, or the token in the configured file.  ERROR_USAGE if
 * none or both are set.
 */
int vault_login_use_token(struct vault *vault, const struct vault_session_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return the inputs of a login with this method, without secrets. */
struct vault_login vault_login_from(
    const struct vault_session_settings *settings, enum vault_auth method) __attribute__((nonnull));

/*
 * Read or request the secret inputs of this login, and prepare it.  ERROR_USAGE if an input is not
 * set.
 */
int vault_login_prepare(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct vault_login *login,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
