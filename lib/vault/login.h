/* login: the auth methods, and a login by one of them. */
#ifndef VAULT_LOGIN_H
#define VAULT_LOGIN_H

#include "lib/vault/vault.h"

/* Where a token comes from; all but the first log in. */
enum vault_auth {
	VAULT_AUTH_TOKEN,
	VAULT_AUTH_KUBERNETES,
	VAULT_AUTH_JWT,
	VAULT_AUTH_APPROLE,
	VAULT_AUTH_CERT
};
/* "kubernetes": the method's name, which is also where it is mounted by default. */
const char *vault_auth_name(enum vault_auth method);
/* -1 for what is no method's name. */
int vault_auth_parse(const char *text, enum vault_auth *method)
    __attribute__((nonnull, warn_unused_result));

/* One login: what the method takes of this must be there; all borrowed. */
struct vault_login {
	enum vault_auth method;
	const char *mount; /* without "auth/"; NULL: the method's name */
	const char *role;  /* kubernetes; jwt and cert: NULL leaves the choice to Vault */
	const struct secret_buffer *jwt;       /* kubernetes, jwt */
	const char *role_id;		       /* approle */
	const struct secret_buffer *secret_id; /* approle; NULL where the role wants none */
};

/*
 * POST auth/MOUNT/login; the result becomes vault->token.  The cert method's input is the client
 * certificate of the endpoint.
 */
int vault_login_request(struct vault *vault, const struct vault_login *login,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
int vault_login_result(struct vault *vault, const struct vault_login *login,
    const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Put before an error which login it was.  Returns -1. */
int vault_login_wrap(const struct vault_login *login, struct error *err) __attribute__((nonnull));

#endif
