/* vault_kv: KV engines of version 1 and 2: write, read and delete secrets. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/vault_server.h"

/* Vault reports its default lease for secrets of version 1, which have no lease. */
#define KV1_LEASE_S 2764800

/* -- the store -------------------------------------------------------------------------------- */

static struct vault_kv_secret *kv_find(const struct vault_call *call)
{
	for (size_t i = 0; i < call->mount->secret_count; i++)
		if (strcmp(call->mount->secrets[i].path, call->values.path) == 0)
			return &call->mount->secrets[i];
	return NULL;
}

static struct vault_kv_secret *kv_add(const struct vault_call *call, struct error *err)
{
	struct vault_mount *mount = call->mount;
	struct vault_kv_secret *grown =
	    reallocarray(mount->secrets, mount->secret_count + 1, sizeof(*grown));
	char *path = strdup(call->values.path);

	if (grown)
		mount->secrets = grown;
	if (!grown || !path) {
		free(path);
		error_memory(err);
		return NULL;
	}
	grown[mount->secret_count] = (struct vault_kv_secret){.path = path};
	return &grown[mount->secret_count++];
}

static void set_time(char text[KV_TIME_SIZE])
{
	time_t now = time(NULL);
	struct tm utc;

	strftime(text, KV_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

static int kv_add_version(
    struct vault_kv_secret *secret, const struct json *body, json_node data, struct error *err)
{
	struct vault_kv_version *grown =
	    reallocarray(secret->versions, secret->count + 1, sizeof(*grown));

	if (!grown)
		return error_memory(err);
	secret->versions = grown;
	grown[secret->count] = (struct vault_kv_version){.data = SECRET_BUFFER_INIT};
	set_time(grown[secret->count].created);
	return json_compact(body, data, &grown[secret->count++].data, err);
}

void vault_kv_secret_free(struct vault_kv_secret *secret)
{
	for (size_t i = 0; i < secret->count; i++)
		secret_buffer_free(&secret->versions[i].data);
	free(secret->versions);
	free(secret->path);
	*secret = (struct vault_kv_secret){NULL};
}

/* -- version 1 -------------------------------------------------------------------------------- */

int vault_kv1_read(struct vault_call *call, struct error *err)
{
	const struct vault_kv_secret *secret = kv_find(call);
	struct json_writer writer;

	if (!secret)
		return vault_refuse(call, 404, VAULT_NO_TEXT);
	const struct secret_buffer *data = &secret->versions[0].data;
	vault_lease_begin(call, &writer, KV1_LEASE_S);
	json_format(&writer, "%.*s", (int)data->length, data->data);
	return vault_data_end(&writer, "kv", err);
}

int vault_kv1_write(struct vault_call *call, struct error *err)
{
	struct vault_kv_secret *secret = kv_find(call);

	if (!call->body || json_count(call->body, JSON_ROOT) == 0)
		return vault_refuse(call, 400, "missing data fields");
	if (!secret && !(secret = kv_add(call, err)))
		return -1;
	for (; secret->count > 0; secret->count--)
		secret_buffer_free(&secret->versions[secret->count - 1].data);
	return kv_add_version(secret, call->body, JSON_ROOT, err) < 0 ? -1
								      : vault_answer_empty(call);
}

int vault_kv1_delete(struct vault_call *call, struct error *err)
{
	struct vault_kv_secret *secret = kv_find(call);

	(void)err;
	if (secret) {
		vault_kv_secret_free(secret);
		*secret = call->mount->secrets[--call->mount->secret_count];
	}
	return vault_answer_empty(call);
}

/* -- version 2 -------------------------------------------------------------------------------- */

static void write_metadata(
    struct json_writer *writer, const struct vault_kv_version *version, int64_t number)
{
	json_format(writer,
	    "{'created_time':%s,'custom_metadata':null,'deletion_time':%s,'destroyed':%d,"
	    "'version':%" PRId64 "}",
	    version->created, version->deleted, false, number);
}

int vault_kv2_read(struct vault_call *call, struct error *err)
{
	const struct vault_kv_secret *secret = kv_find(call);
	const char *asked = server_request_query(call->request, "version");
	int64_t number = asked ? strtoll(asked, NULL, 10) : 0;
	struct json_writer writer;

	if (secret && number <= 0)
		number = (int64_t)secret->count;
	if (!secret || number > (int64_t)secret->count)
		return vault_refuse(call, 404, VAULT_NO_TEXT);
	const struct vault_kv_version *version = &secret->versions[number - 1];
	vault_data_begin(call, &writer);
	json_format(&writer, "{'data':");
	if (*version->deleted) {
		json_write_null(&writer);
		call->answer->status = 404;
	} else {
		json_format(&writer, "%.*s", (int)version->data.length, version->data.data);
	}
	json_format(&writer, ",'metadata':");
	write_metadata(&writer, version, number);
	json_format(&writer, "}");
	return vault_data_end(&writer, "kv", err);
}

int vault_kv2_write(struct vault_call *call, struct error *err)
{
	struct vault_kv_secret *secret = kv_find(call);
	json_node data = vault_member(call, "data");
	struct json_writer writer;

	if (json_type(call->body, data) != JSON_OBJECT)
		return vault_refuse(call, 400, "no data provided");
	if (!secret && !(secret = kv_add(call, err)))
		return -1;
	if (kv_add_version(secret, call->body, data, err) < 0)
		return -1;
	vault_data_begin(call, &writer);
	write_metadata(&writer, &secret->versions[secret->count - 1], (int64_t)secret->count);
	return vault_data_end(&writer, "kv", err);
}

int vault_kv2_delete(struct vault_call *call, struct error *err)
{
	struct vault_kv_secret *secret = kv_find(call);

	(void)err;
	if (secret)
		set_time(secret->versions[secret->count - 1].deleted);
	return vault_answer_empty(call);
}

int vault_kv2_refuse(struct vault_call *call, struct error *err)
{
	char id[UUID_SIZE];

	random_uuid(id);
	call->answer->status = 404;
	return json_format_append(&call->answer->body, err,
	    "{'request_id':%s,'lease_id':'','renewable':false,'lease_duration':0,'data':null,"
	    "'wrap_info':null,'warnings':[%s],'auth':null,'mount_type':'kv'}",
	    id,
	    "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate "
	    "API endpoints to use. If using the Vault CLI, use 'vault kv get' for this operation.");
}
