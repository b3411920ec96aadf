/*
 * vault_server: the part of Vault that the programs use: logins, the token's own calls, Transit,
 * KV, health, seal and mounts.  Responses have the statuses and texts of Vault 1.21.
 */
#ifndef SECRET_DEV_VAULT_SERVER_H
#define SECRET_DEV_VAULT_SERVER_H

#include "cmd/secret-dev/json_format.h"
#include "cmd/secret-dev/keyring.h"
#include "cmd/secret-dev/random.h"
#include "cmd/secret-dev/route.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

/* Vault's own limit on a request. */
#define VAULT_BODY_MAX ((size_t)32 * 1024 * 1024)

/* -- tokens (vault_token.c) ------------------------------------------------------------------- */

#define VAULT_TOKEN_POLICIES 4

/* A token and its permissions. */
struct vault_grant {
	struct secret_buffer token;
	char accessor[UUID_SIZE];		    /* empty for batch tokens */
	char entity[UUID_SIZE];			    /* empty for the root token */
	const char *policies[VAULT_TOKEN_POLICIES]; /* static strings, ended by NULL */
	char *display_name;
	const char *path; /* of the login */
	bool batch;
	int64_t created_s, ttl_s; /* ttl 0: does not expire */
	int64_t expires_ms;	  /* CLOCK_MONOTONIC; 0: never */
	int64_t uses;		  /* remaining uses; 0: not limited */
	struct vault_grant *next;
};

struct vault_tokens {
	struct vault_grant *first;
};

/* Create a token that lives `ttl_s` seconds (0: unlimited).  The caller sets its permissions. */
struct vault_grant *vault_tokens_add(struct vault_tokens *tokens, bool batch, int64_t ttl_s,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return the token, or NULL if it is unknown, expired, revoked or used up. */
struct vault_grant *vault_tokens_find(struct vault_tokens *tokens, const char *token)
    __attribute__((nonnull));
void vault_tokens_revoke(struct vault_tokens *tokens, struct vault_grant *grant)
    __attribute__((nonnull));
void vault_tokens_free(struct vault_tokens *tokens) __attribute__((nonnull));

/* -- policies (vault_policy.c) ---------------------------------------------------------------- */

enum vault_capability {
	CAPABILITY_CREATE = 1,
	CAPABILITY_READ = 2,
	CAPABILITY_UPDATE = 4,
	CAPABILITY_DELETE = 8,
	CAPABILITY_LIST = 16
};

#define VAULT_POLICY_ROOT "root"

/* Return whether one of the policies (ended by NULL) has the capability on the path. */
bool vault_policy_allows(
    const char *const *policies, const char *path, enum vault_capability capability);

/* -- the server ------------------------------------------------------------------------------- */

/* A role of an auth method.  The method is mounted at its name. */
struct vault_role {
	const char *method; /* "kubernetes", "jwt", "approle", "cert" */
	const char *name;
	const char *service_accounts[4]; /* for kubernetes and jwt; ended by NULL */
	const char *namespace;		 /* of the service accounts */
	const char *policies[3];	 /* ended by NULL */
	bool batch;
	int64_t ttl_s;
	int64_t uses;	      /* 0: not limited */
	const char *audience; /* required in a JWT; NULL: any */
	bool binds_secret_id; /* for approle */
	char role_id[UUID_SIZE], secret_id[UUID_SIZE];
};

/* A version of a secret of a KV engine. */
#define KV_TIME_SIZE sizeof("2026-01-01T00:00:00Z")
struct vault_kv_version {
	struct secret_buffer data; /* a JSON object */
	char created[KV_TIME_SIZE], deleted[KV_TIME_SIZE];
};

/* A secret of a KV engine.  In an engine of version 1, it has one version. */
struct vault_kv_secret {
	char *path; /* below the mount, without "data/" */
	struct vault_kv_version *versions;
	size_t count;
};
void vault_kv_secret_free(struct vault_kv_secret *secret) __attribute__((nonnull));

/* A Transit or KV engine. */
struct vault_mount {
	char *path;	/* with its final slash: "team/transit/" */
	int kv_version; /* 1 or 2; 0: a Transit engine */
	struct keyring *keys;
	size_t count;
	struct vault_kv_secret *secrets;
	size_t secret_count;
};

struct vault_server {
	bool inline_auth;   /* serve inline authentication, as OpenBao does */
	size_t strings_max; /* JSON strings in a request, like the limit of OpenBao; 0: no limit */
	struct vault_tokens tokens;
	struct vault_mount *mounts;
	size_t mount_count;
	bool sealed;
	struct secret_buffer root_token, unseal_key;
	const struct vault_role *roles;		    /* borrowed; ended by a NULL name */
	const struct secret_buffer *kube_token_key; /* borrowed; verifies JWTs */
	X509 *client_authority; /* borrowed; the CA of client certificates for cert logins */
};

/* Create a server with a root token and an unseal key, without roles and mounts. */
int vault_server_init(struct vault_server *server, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void vault_server_free(struct vault_server *server) __attribute__((nonnull));

/* The server_handler of Vault. */
int vault_serve(void *server, const struct server_request *request, struct server_answer *answer,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Add a KV engine of this version, or a Transit engine if it is 0. */
struct vault_mount *vault_mount_add(struct vault_server *server, const char *path, int kv_version,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return the mount with exactly this path, or NULL. */
struct vault_mount *vault_mount_find(struct vault_server *server, const char *path)
    __attribute__((nonnull));
/* Return the mount with the longest path that `path` begins with, or NULL. */
struct vault_mount *vault_mount_of(struct vault_server *server, const char *path)
    __attribute__((nonnull));
void vault_mount_free(struct vault_mount *mount) __attribute__((nonnull));

struct keyring *vault_key_add(struct vault_mount *mount, const char *name, bool derived,
    struct error *err) __attribute__((nonnull, warn_unused_result));
struct keyring *vault_key_find(struct vault_mount *mount, const char *name)
    __attribute__((nonnull));

/* Return the role of this auth method, or NULL. */
const struct vault_role *vault_role_find(const struct vault_server *server, const char *method,
    const char *name) __attribute__((nonnull));

/* -- calls ------------------------------------------------------------------------------------ */

struct vault_call {
	struct vault_server *server;
	const struct server_request *request;
	const char *path; /* without "/v1/" */
	struct route_values values;
	struct vault_mount *mount; /* of calls to an engine */
	const struct json *body;   /* NULL: none */
	struct vault_grant *grant; /* NULL for calls that do not need a token */
	struct server_answer *answer;
};

/* Return the token in the call's headers, borrowed, or NULL. */
const char *vault_call_token(const struct vault_call *call) __attribute__((nonnull));

/* Return a member of the body, or JSON_ABSENT. */
json_node vault_member(const struct vault_call *call, const char *name) __attribute__((nonnull));

/* Answer {"errors":["..."]}, or {"errors":[]} for an empty text.  Return 0. */
int vault_refuse(struct vault_call *call, unsigned int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define VAULT_NO_TEXT "%s", ""

/* Answer 204 without a body.  Return 0. */
int vault_answer_empty(struct vault_call *call) __attribute__((nonnull));
/*
 * Answer with data.  vault_data_begin writes the response up to the value of "data", which the
 * caller writes, and vault_data_end writes the rest.
 */
void vault_data_begin(struct vault_call *call, struct json_writer *writer) __attribute__((nonnull));
/* Begin an answer with this lease_duration, without a lease. */
void vault_lease_begin(struct vault_call *call, struct json_writer *writer, int64_t seconds)
    __attribute__((nonnull));
int vault_data_end(struct json_writer *writer, const char *mount_type, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Answer with the token of a login; `metadata` is a JSON object. */
int vault_answer_login(struct vault_call *call, const struct vault_grant *grant,
    const struct secret_buffer *metadata, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Write an array of the names of the token's policies. */
void vault_write_policies(const struct vault_grant *grant, struct json_writer *writer)
    __attribute__((nonnull));

/* Return Vault's message about a JSON limit that the document exceeds, or NULL. */
const char *vault_json_excess(const struct json *document) __attribute__((nonnull));
/* Return the number of strings in the value, including the names of members. */
size_t vault_json_strings(const struct json *document, json_node node) __attribute__((nonnull));

/* Return true for the path of a login. */
bool vault_login_has_path(const char *path) __attribute__((nonnull));
/*
 * Log in at call->path, which must be a login's, and set *grant to a new token, and *metadata to a
 * JSON object.  If the login is refused, answer and leave *grant NULL.
 */
int vault_login_grant(struct vault_call *call, struct vault_grant **grant,
    struct secret_buffer *metadata, struct error *err) __attribute__((nonnull, warn_unused_result));
int vault_login(struct vault_call *call, struct error *err);
/* Return whether the call contains an inline login.  It is not a call for a token then. */
bool vault_inline_is_used(const struct vault_call *call) __attribute__((nonnull));
/*
 * Log in with the headers of the call, and set call->grant.  If the login is refused, answer and
 * leave it NULL.
 */
int vault_inline_login(struct vault_call *call, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int vault_accessors_list(struct vault_call *call, struct error *err);
int vault_self_lookup(struct vault_call *call, struct error *err);
int vault_self_revoke(struct vault_call *call, struct error *err);

int vault_health(struct vault_call *call, struct error *err);
int vault_seal_status(struct vault_call *call, struct error *err);
int vault_seal(struct vault_call *call, struct error *err);
int vault_unseal(struct vault_call *call, struct error *err);
int vault_mounts_list(struct vault_call *call, struct error *err);
int vault_mount_create(struct vault_call *call, struct error *err);
int vault_mount_delete(struct vault_call *call, struct error *err);

int vault_encrypt(struct vault_call *call, struct error *err);
int vault_decrypt(struct vault_call *call, struct error *err);
int vault_rewrap(struct vault_call *call, struct error *err);
int vault_keys_list(struct vault_call *call, struct error *err);
int vault_key_create(struct vault_call *call, struct error *err);
int vault_key_read(struct vault_call *call, struct error *err);
int vault_key_delete(struct vault_call *call, struct error *err);
int vault_key_rotate(struct vault_call *call, struct error *err);
int vault_key_config(struct vault_call *call, struct error *err);
int vault_key_trim(struct vault_call *call, struct error *err);

int vault_kv1_read(struct vault_call *call, struct error *err);
int vault_kv1_write(struct vault_call *call, struct error *err);
int vault_kv1_delete(struct vault_call *call, struct error *err);
int vault_kv2_read(struct vault_call *call, struct error *err);
int vault_kv2_write(struct vault_call *call, struct error *err);
int vault_kv2_delete(struct vault_call *call, struct error *err);
/* Answer a GET of a path without "data/", which engines of version 2 do not have. */
int vault_kv2_refuse(struct vault_call *call, struct error *err);

#endif
