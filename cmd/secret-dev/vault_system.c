/* vault_system: health, seal and the mounts of transit engines. */
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/vault_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"

#define VAULT_VERSION "1.21.0"

static void write_flag(struct json_writer *writer, const char *name, bool value)
{
	json_write_name(writer, name);
	json_write_boolean(writer, value);
}

static void write_number(struct json_writer *writer, const char *name, int64_t value)
{
	json_write_name(writer, name);
	json_write_integer(writer, value);
}

int vault_health(struct vault_call *call, struct error *err)
{
	struct json_writer writer;

	call->answer->status = call->server->sealed ? 503 : 200;
	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	write_flag(&writer, "initialized", true);
	write_flag(&writer, "sealed", call->server->sealed);
	write_flag(&writer, "standby", false);
	write_flag(&writer, "performance_standby", false);
	json_write_member(&writer, "replication_performance_mode", "disabled");
	json_write_member(&writer, "replication_dr_mode", "disabled");
	write_number(&writer, "server_time_utc", time(NULL));
	json_write_member(&writer, "version", VAULT_VERSION);
	write_flag(&writer, "enterprise", false);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

int vault_seal_status(struct vault_call *call, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	json_write_member(&writer, "type", "shamir");
	write_flag(&writer, "initialized", true);
	write_flag(&writer, "sealed", call->server->sealed);
	write_number(&writer, "t", 1);
	write_number(&writer, "n", 1);
	write_number(&writer, "progress", 0);
	json_write_member(&writer, "nonce", "");
	json_write_member(&writer, "version", VAULT_VERSION);
	json_write_member(&writer, "storage_type", "inmem");
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

int vault_seal(struct vault_call *call, struct error *err)
{
	(void)err;
	call->server->sealed = true;
	return vault_done(call);
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

int vault_mounts_list(struct vault_call *call, struct error *err)
{
	struct json_writer writer;

	vault_data(call, &writer);
	json_write_object(&writer);
	for (size_t i = 0; i < call->server->mount_count; i++) {
		json_write_name(&writer, call->server->mounts[i].path);
		json_write_object(&writer);
		json_write_member(&writer, "type", "transit");
		json_write_member(&writer, "description", "");
		json_write_object_end(&writer);
	}
	json_write_object_end(&writer);
	return vault_data_end(&writer, "system", err);
}

/* The mount's path from the call's name: with one slash at its end. */
static char *mount_path(const struct vault_call *call, struct error *err)
{
	size_t length = call->name_length;

	while (length && call->name[length - 1] == '/')
		length--;
	return string_format(err, "%.*s/", (int)length, call->name);
}

int vault_mount_create(struct vault_call *call, struct error *err)
{
	cleanup_free char *path = mount_path(call, err);
	cleanup_free char *type = json_strdup(call->body, vault_member(call, "type"));

	if (!path)
		return -1;
	if (!type)
		return vault_refuse(call, 400, "backend type must be specified as a string");
	if (strcmp(type, "transit") != 0)
		return vault_refuse(call, 400, "plugin not found in the catalog: %s", type);
	for (size_t i = 0; i < call->server->mount_count; i++) {
		const char *other = call->server->mounts[i].path;

		if (strncmp(path, other, strlen(other)) == 0 ||
		    strncmp(other, path, strlen(path)) == 0)
			return vault_refuse(call, 400, "path is already in use at %s", other);
	}
	if (!vault_mount_add(call->server, path, err))
		return -1;
	return vault_done(call);
}

int vault_mount_delete(struct vault_call *call, struct error *err)
{
	cleanup_free char *path = mount_path(call, err);

	if (!path)
		return -1;
	struct vault_mount *mount = vault_mount_find(call->server, path);
	/* Vault, too, calls it done when there is nothing to unmount. */
	if (mount)
		vault_mount_remove(call->server, mount);
	return vault_done(call);
}
