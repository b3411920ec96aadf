/* login: auth methods, and a login with one of them. */
#ifndef VAULT_LOGIN_H
#define VAULT_LOGIN_H

#include "lib/vault/vault.h"

/* The source of a token.  All methods but the first log in. */
enum vault_auth {
	VAULT_AUTH_TOKEN,
	VAULT_AUTH_KUBERNETES,
	VAULT_AUTH_JWT,
	VAULT_AUTH_APPROLE,
	VAULT_AUTH_CERT
};
/* Return the method's name, such as "kubernetes", which is also its default mount. */
const char *vault_auth_name(enum vault_auth method);
/* Parse a method's name.  Return -1 for any other text. */
int vault_auth_parse(const char *text, enum vault_auth *method)
    __attribute__((nonnull, warn_unused_result));

/* The inputs of a login.  Borrowed.  The inputs of the method must be set. */
struct vault_login {
	enum vault_auth method;
	const char *mount; /* without "auth/"; NULL: the method's name */
	const char *role;  /* kubernetes, jwt, cert; for jwt and cert, NULL lets Vault choose */
	const struct secret_buffer *jwt;       /* kubernetes, jwt */
	const char *role_id;		       /* approle */
	const struct secret_buffer *secret_id; /* approle; NULL if the role requires none */
};

/*
 * Log in with POST auth/MOUNT/login, and set vault->token.  The cert method uses the client
 * certificate of the endpoint.
 */
int vault_login_request(struct vault *vault, const struct vault_login *login,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
int vault_login_result(struct vault *vault, const struct vault_login *login,
    const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Prefix an error with the login's role or mount.  Return -1. */
int vault_login_wrap(const struct vault_login *login, struct error *err) __attribute__((nonnull));

/*
 * A login in the headers of each request, instead of a token: inline authentication of OpenBao 2.4
 * and newer.  The server creates a token for this request only, and does not store it.
 * Source: https://openbao.org/docs/auth/#inline-authentication
 */
struct vault_inline_login {
	struct vault_login login;	/* its strings are borrowed */
	struct secret_buffer jwt;	/* empty for cert */
	struct secret_buffer parameter; /* the header line with the JWT; empty for cert */
	struct strings headers;		/* the header lines without a secret */
	bool accepted;			/* the server has served a request */
};
/*
 * Use this login (kubernetes, jwt or cert) for each later request, and copy its JWT.  ERROR_USAGE
 * if its mount cannot be a header.
 */
int vault_inline_login_set(struct vault *vault, const struct vault_login *login, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Stop using the login, if there is one. */
void vault_inline_login_clear(struct vault *vault) __attribute__((nonnull));

#endif
