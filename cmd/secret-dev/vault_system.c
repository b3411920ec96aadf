/* vault_system: health, seal, and the mounts of Transit engines with their keys, and of KV. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/vault_server.h"
#include "lib/base/cleanup.h"
#include "lib/base/strings.h"

#define VAULT_VERSION "1.21.0"

/* -- health and seal -------------------------------------------------------------------------- */

int vault_health(struct vault_call *call, struct error *err)
{
	call->answer->status = call->server->sealed ? 503 : 200;
	return json_format_append(&call->answer->body, err,
	    "{'initialized':true,'sealed':%d,'standby':false,'performance_standby':false,"
	    "'replication_performance_mode':'disabled','replication_dr_mode':'disabled',"
	    "'server_time_utc':%" PRId64 ",'version':'" VAULT_VERSION "','enterprise':false}",
	    call->server->sealed, (int64_t)time(NULL));
}

int vault_seal_status(struct vault_call *call, struct error *err)
{
	return json_format_append(&call->answer->body, err,
	    "{'type':'shamir','initialized':true,'sealed':%d,'t':1,'n':1,'progress':0,'nonce':'',"
	    "'version':'" VAULT_VERSION "','storage_type':'inmem'}",
	    call->server->sealed);
}

int vault_seal(struct vault_call *call, struct error *err)
{
	(void)err;
	call->server->sealed = true;
	return vault_answer_empty(call);
}

int vault_unseal(struct vault_call *call, struct error *err)
{
	cleanup_secret struct secret_buffer key = SECRET_BUFFER_INIT;
	json_node member = vault_member(call, "key");

	if (json_type(call->body, member) != JSON_STRING)
		return vault_refuse(call, 400,
		    "'key' must be specified in request body as JSON, or 'reset' set to true");
	if (json_string(call->body, member, &key, err) < 0)
		return -1;
	if (!secret_buffer_equal(&key, &call->server->unseal_key))
		return vault_refuse(call, 400, "'key' must be a valid hex or base64 string");
	call->server->sealed = false;
	return vault_seal_status(call, err);
}

/* -- mounts and keys -------------------------------------------------------------------------- */

struct vault_mount *vault_mount_add(
    struct vault_server *server, const char *path, int kv_version, struct error *err)
{
	struct vault_mount *grown =
	    reallocarray(server->mounts, server->mount_count + 1, sizeof(*grown));
	char *copy = strdup(path);

	if (grown)
		server->mounts = grown;
	if (!grown || !copy) {
		free(copy);
		error_memory(err);
		return NULL;
	}
	grown[server->mount_count] = (struct vault_mount){.path = copy, .kv_version = kv_version};
	return &grown[server->mount_count++];
}

void vault_mount_free(struct vault_mount *mount)
{
	for (size_t i = 0; i < mount->count; i++)
		keyring_free(&mount->keys[i]);
	for (size_t i = 0; i < mount->secret_count; i++)
		vault_kv_secret_free(&mount->secrets[i]);
	free(mount->keys);
	free(mount->secrets);
	free(mount->path);
}

struct vault_mount *vault_mount_find(struct vault_server *server, const char *path)
{
	for (size_t i = 0; i < server->mount_count; i++)
		if (strcmp(server->mounts[i].path, path) == 0)
			return &server->mounts[i];
	return NULL;
}

struct vault_mount *vault_mount_of(struct vault_server *server, const char *path)
{
	struct vault_mount *found = NULL;

	for (size_t i = 0; i < server->mount_count; i++) {
		struct vault_mount *mount = &server->mounts[i];

		if (strncmp(path, mount->path, strlen(mount->path)) == 0 &&
		    (!found || strlen(mount->path) > strlen(found->path)))
			found = mount;
	}
	return found;
}

struct keyring *vault_key_add(
    struct vault_mount *mount, const char *name, bool derived, struct error *err)
{
	struct keyring *grown = reallocarray(mount->keys, mount->count + 1, sizeof(*grown));

	if (!grown) {
		error_memory(err);
		return NULL;
	}
	mount->keys = grown;
	if (keyring_init(&grown[mount->count], name, derived, err) < 0) {
		keyring_free(&grown[mount->count]);
		return NULL;
	}
	return &grown[mount->count++];
}

struct keyring *vault_key_find(struct vault_mount *mount, const char *name)
{
	for (size_t i = 0; i < mount->count; i++)
		if (strcmp(mount->keys[i].name, name) == 0)
			return &mount->keys[i];
	return NULL;
}

int vault_mounts_list(struct vault_call *call, struct error *err)
{
	struct json_writer writer;

	vault_data_begin(call, &writer);
	json_write_object(&writer);
	for (size_t i = 0; i < call->server->mount_count; i++) {
		const struct vault_mount *mount = &call->server->mounts[i];

		json_write_name(&writer, mount->path);
		if (mount->kv_version == 0)
			json_format(&writer, "{'type':'transit','description':'','options':null}");
		else
			json_format(&writer,
			    "{'type':'kv','description':'','options':{'version':%s}}",
			    mount->kv_version == 1 ? "1" : "2");
	}
	json_write_object_end(&writer);
	return vault_data_end(&writer, "system", err);
}

/* Return the path of the mount that the call names, with one slash at its end. */
static char *mount_path(const struct vault_call *call, struct error *err)
{
	size_t length = strlen(call->values.path);

	while (length && call->values.path[length - 1] == '/')
		length--;
	return string_format(err, "%.*s/", (int)length, call->values.path);
}

/* Return the version of the KV engine in the call's body, 0 for a Transit engine, or -1. */
static int mount_kv_version(const struct vault_call *call)
{
	json_node type = vault_member(call, "type");
	json_node version = json_member(call->body, vault_member(call, "options"), "version");

	if (json_string_is(call->body, type, "transit"))
		return 0;
	if (!json_string_is(call->body, type, "kv"))
		return -1;
	return json_string_is(call->body, version, "2") ? 2 : 1;
}

int vault_mount_create(struct vault_call *call, struct error *err)
{
	cleanup_free char *path = mount_path(call, err);
	cleanup_free char *type = json_strdup(call->body, vault_member(call, "type"));

	if (!path)
		return -1;
	if (!type)
		return vault_refuse(call, 400, "backend type must be specified as a string");
	int kv_version = mount_kv_version(call);
	if (kv_version < 0)
		return vault_refuse(call, 400, "plugin not found in the catalog: %s", type);
	for (size_t i = 0; i < call->server->mount_count; i++) {
		const char *other = call->server->mounts[i].path;

		if (strncmp(path, other, strlen(other)) == 0 ||
		    strncmp(other, path, strlen(path)) == 0)
			return vault_refuse(call, 400, "path is already in use at %s", other);
	}
	return vault_mount_add(call->server, path, kv_version, err) ? vault_answer_empty(call) : -1;
}

int vault_mount_delete(struct vault_call *call, struct error *err)
{
	cleanup_free char *path = mount_path(call, err);

	if (!path)
		return -1;
	struct vault_mount *mount = vault_mount_find(call->server, path);
	/* Vault also answers 204 if nothing is mounted there. */
	if (mount) {
		vault_mount_free(mount);
		*mount = call->server->mounts[--call->server->mount_count];
	}
	return vault_answer_empty(call);
}
