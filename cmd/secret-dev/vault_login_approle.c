/* vault_login_approle: the auth method for machines: a role's id, and a secret id that goes with
 * it. */
#include <openssl/mem.h>
#include <string.h>

#include "cmd/secret-dev/vault_login.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

#define METHOD "approle"

static bool is_id(const char *given_id, const char *id)
{
	size_t length = strlen(id);

	return strlen(given_id) == length && CRYPTO_memcmp(given_id, id, length) == 0;
}

static const struct vault_role *role_of(const struct vault_call *call, const char *role_id)
{
	for (const struct vault_role *role = call->server->roles; role->name; role++)
		if (strcmp(role->method, METHOD) == 0 && is_id(role_id, role->role_id))
			return role;
	return NULL;
}

int vault_login_approle(struct vault_call *call, struct error *err)
{
	cleanup_free char *role_id = json_strdup(call->body, vault_member(call, "role_id"));
	cleanup_free char *secret_id = json_strdup(call->body, vault_member(call, "secret_id"));

	if (!is_set(role_id))
		return vault_refuse(call, 500, "failed to determine alias name from login request");
	const struct vault_role *role = role_of(call, role_id);
	if (!role)
		return vault_refuse(call, 400, "invalid role or secret ID");
	if (role->binds_secret_id && !is_set(secret_id))
		return vault_refuse(call, 400, "missing secret_id");
	if (role->binds_secret_id && !is_id(secret_id, role->secret_id))
		return vault_refuse(call, 400, "invalid role or secret ID");
	const struct vault_metadata metadata[] = {{"role_name", role->name}, {NULL, NULL}};
	return vault_log_in(call, role, string_format(err, METHOD), metadata, err);
}
