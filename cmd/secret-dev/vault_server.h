/*
 * vault_server: the part of Vault that the programs call: logins, the token's own calls,
 * transit, health, seal and mounts.  Answers have the statuses and texts of Vault 1.21.
 */
#ifndef SECRET_DEV_VAULT_SERVER_H
#define SECRET_DEV_VAULT_SERVER_H

#include <openssl/x509.h>
#include <pthread.h>

#include "cmd/secret-dev/keyring.h"
#include "cmd/secret-dev/request.h"
#include "cmd/secret-dev/vault_token.h"

/* Vault's own limit on a request. */
#define VAULT_BODY_MAX ((size_t)32 * 1024 * 1024)

/* A role of an auth method, which is mounted at its name. */
struct vault_role {
	const char *method; /* "kubernetes", "jwt", "approle", "cert" */
	const char *name;
	const char
	    *service_accounts[4]; /* of kubernetes and jwt; ended by NULL; all in `namespace` */
	const char *namespace;
	const char *policies[3]; /* ended by NULL */
	bool batch;
	int64_t ttl_s;
	int64_t uses;				       /* 0: not limited */
	const char *audience;			       /* that a JWT must have; NULL: any */
	bool binds_secret_id;			       /* of approle */
	char role_id[UUID_SIZE], secret_id[UUID_SIZE]; /* of approle; made at start */
};

/* A transit engine. */
struct vault_mount {
	char *path; /* with its final slash: "team/transit/" */
	struct keyring *keys;
	size_t count;
};

struct kube_tokens;

struct vault_server {
	size_t strings_max;   /* JSON strings of a request, as OpenBao limits them; 0: any number */
	pthread_mutex_t lock; /* over all that follows */
	struct vault_tokens tokens;
	struct vault_mount *mounts;
	size_t mount_count;
	bool sealed;
	struct secret_buffer root_token, unseal_key;
	const struct vault_role *roles;	       /* borrowed; ended by a NULL name */
	const struct kube_tokens *kube_tokens; /* borrowed: what service accounts show */
	X509 *client_authority;		       /* borrowed: signs what cert logins show */
};

/* With a root token and an unseal key, no roles and no mounts. */
int vault_server_init(struct vault_server *server, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void vault_server_free(struct vault_server *server) __attribute__((nonnull));

/* An http_serve. */
int vault_serve(void *server, const struct request *request, struct answer *answer,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* The mount, or NULL with *err set when memory ran out. */
struct vault_mount *vault_mount_add(struct vault_server *server, const char *path,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void vault_mount_remove(struct vault_server *server, struct vault_mount *mount)
    __attribute__((nonnull));
struct vault_mount *vault_mount_find(struct vault_server *server, const char *path)
    __attribute__((nonnull));

struct keyring *vault_key_add(struct vault_mount *mount, const char *name, bool derived,
    struct error *err) __attribute__((nonnull, warn_unused_result));
struct keyring *vault_key_find(struct vault_mount *mount, const char *name)
    __attribute__((nonnull));

#endif
