/* vault_call: one call to Vault on its way to the function that answers it. */
#ifndef SECRET_DEV_VAULT_CALL_H
#define SECRET_DEV_VAULT_CALL_H

#include "cmd/secret-dev/vault_server.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

struct vault_call {
	struct vault_server *server;
	const struct request *request;
	const char *path; /* without "/v1/" */
	const char *name; /* what stood for '*' in the route */
	size_t name_length;
	struct vault_mount *mount; /* of transit calls */
	const struct json *body;   /* NULL: none */
	struct vault_grant *grant; /* NULL for calls that need no token */
	struct answer *answer;
};

/* Of the body. */
json_node vault_member(const struct vault_call *call, const char *name);

/* {"errors":["..."]} with the status; without a text {"errors":[]}.  Returns 0, so: return
 * vault_refuse(...). */
int vault_refuse(struct vault_call *call, unsigned int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define VAULT_NO_TEXT "%s", ""

/* 204. */
int vault_done(struct vault_call *call);

/*
 * The envelope of a success: vault_data writes up to the value of "data", which the caller writes;
 * vault_data_end writes the rest.
 */
void vault_data(struct vault_call *call, struct json_writer *writer);
int vault_data_end(struct json_writer *writer, const char *mount_type, struct error *err)
    __attribute__((warn_unused_result));

/* The limits that Vault puts on JSON: the text of the one that is passed, or NULL. */
const char *vault_json_excess(const struct json *document);

/* Return the number of strings in the value, names of members included. */
size_t vault_json_strings(const struct json *document, json_node node) __attribute__((nonnull));

/* The functions that answer. */
typedef int (*vault_answerer)(struct vault_call *call, struct error *err);

int vault_login_kubernetes(struct vault_call *call, struct error *err);
int vault_login_jwt(struct vault_call *call, struct error *err);
int vault_login_approle(struct vault_call *call, struct error *err);
int vault_login_cert(struct vault_call *call, struct error *err);
int vault_accessors_list(struct vault_call *call, struct error *err);
int vault_lookup_self_call(struct vault_call *call, struct error *err);
int vault_revoke_self_call(struct vault_call *call, struct error *err);

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

#endif
