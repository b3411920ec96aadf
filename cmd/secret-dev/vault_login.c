#include "cmd/secret-dev/vault_login.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/json_writer.h"

const struct vault_role *vault_role_find(
    const struct vault_call *call, const char *method, const char *name)
{
	for (const struct vault_role *role = call->server->roles; role->name; role++)
		if (strcmp(role->method, method) == 0 && strcmp(role->name, name) == 0)
			return role;
	return NULL;
}

void vault_write_policies(
    struct json_writer *writer, const char *name, const struct vault_grant *grant)
{
	json_write_name(writer, name);
	json_write_array(writer);
	for (const char *const *policy = grant->policies; *policy; policy++)
		json_write_string(writer, *policy);
	json_write_array_end(writer);
}

static void write_metadata(struct json_writer *writer, const struct vault_metadata *metadata)
{
	json_write_name(writer, "metadata");
	json_write_object(writer);
	for (; metadata->name; metadata++)
		json_write_member(writer, metadata->name, metadata->value);
	json_write_object_end(writer);
}

static void write_auth(struct json_writer *writer, const struct vault_grant *grant,
    const struct vault_metadata *metadata)
{
	json_write_name(writer, "auth");
	json_write_object(writer);
	json_write_name(writer, "client_token");
	json_write_string_bytes(writer, grant->token.data, grant->token.length);
	json_write_member(writer, "accessor", grant->accessor);
	vault_write_policies(writer, "policies", grant);
	vault_write_policies(writer, "token_policies", grant);
	write_metadata(writer, metadata);
	json_write_name(writer, "lease_duration");
	json_write_integer(writer, grant->ttl_s);
	json_write_name(writer, "renewable");
	json_write_boolean(writer, !grant->batch);
	json_write_member(writer, "entity_id", grant->entity);
	json_write_member(writer, "token_type", grant->batch ? "batch" : "service");
	json_write_name(writer, "orphan");
	json_write_boolean(writer, true);
	json_write_name(writer, "mfa_requirement");
	json_write_null(writer);
	json_write_name(writer, "num_uses");
	json_write_integer(writer, grant->uses);
	json_write_object_end(writer);
}

/* The envelope is vault_data's, but "auth" is full and "data" empty. */
static int answer_login(struct vault_call *call, const struct vault_grant *grant,
    const struct vault_metadata *metadata, struct error *err)
{
	struct json_writer writer;

	vault_data(call, &writer);
	json_write_null(&writer);
	json_write_name(&writer, "wrap_info");
	json_write_null(&writer);
	json_write_name(&writer, "warnings");
	json_write_null(&writer);
	write_auth(&writer, grant, metadata);
	json_write_member(&writer, "mount_type", "");
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

static const char *path_of(const struct vault_role *role)
{
	static const char *const paths[] = {
	    "auth/kubernetes/login", "auth/jwt/login", "auth/approle/login", "auth/cert/login"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (strncmp(paths[i] + strlen("auth/"), role->method, strlen(role->method)) == 0)
			return paths[i];
	return "auth/";
}

int vault_log_in(struct vault_call *call, const struct vault_role *role, char *display_name,
    const struct vault_metadata *metadata, struct error *err)
{
	if (!display_name)
		return -1;
	struct vault_grant *grant =
	    vault_tokens_add(&call->server->tokens, role->batch, role->ttl_s, err);
	if (!grant) {
		free(display_name);
		return -1;
	}
	grant->display_name = display_name;
	grant->path = path_of(role);
	memcpy(grant->policies, role->policies, sizeof(role->policies));
	grant->uses = role->uses;
	random_uuid(grant->entity);
	return answer_login(call, grant, metadata, err);
}
