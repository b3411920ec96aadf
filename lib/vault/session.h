/*
 * session: one program's short stay with Vault: log in or take a given token, refuse a token that
 * lives too long, and give it back.
 */
#ifndef VAULT_SESSION_H
#define VAULT_SESSION_H

#include "lib/vault/vault.h"

/* How to get a token.  All borrowed. */
struct vault_session_settings {
	const char *token;	/* given by a person: used as it is, neither limited nor revoked */
	const char *auth_mount; /* of the kubernetes auth method, without "auth/" */
	const char *role;
	const char *jwt_file;	  /* the pod's service-account token; must be set for a login */
	int64_t max_token_ttl_ms; /* a login that gives a longer one is refused */
};

#define VAULT_SESSION_DEFAULTS                                                                     \
	{                                                                                          \
		.auth_mount = "kubernetes", .max_token_ttl_ms = 10000                              \
	}

/* Prepare the login.  1: an exchange is to be run; 0: the token is given; -1: error. */
int vault_session_request(struct vault *vault, const struct vault_session_settings *settings,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));

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

/*
 * For work that may outlast a token: log in anew when the present one has less than
 * VAULT_SESSION_MARGIN_MS to live.
 */
#define VAULT_SESSION_MARGIN_MS 4000
int vault_session_renew(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* What is left for the revocation when a signal or the time limit has ended all else. */
#define VAULT_SESSION_LAST_MS 2000

/*
 * Revoke a token that came from a login, when there is something to revoke: batch tokens have no
 * entry in Vault, and a token for a single use is used up.  A failure is an error only when the
 * token outlives the limit; else it is logged.
 */
int vault_session_end(struct http_client *client, struct vault *vault,
    const struct vault_session_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
