/* kube_config_map: creating, reading and deleting one ConfigMap; they do not change here. */
#include "cmd/secret-dev/kube_config_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/kube_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

#define KIND "ConfigMap"
#define RESOURCE "configmaps"

void stored_config_map_free(struct stored_config_map *map)
{
	if (!map)
		return;
	free(map->namespace);
	free(map->name);
	kube_map_free(&map->labels);
	kube_map_free(&map->annotations);
	kube_map_free(&map->data);
	kube_map_free(&map->binary);
	free(map);
}

static int compare(const struct stored_config_map *map, const char *namespace, const char *name)
{
	int order = strcmp(map->namespace, namespace);

	return order ? order : strcmp(map->name, name);
}

size_t kube_config_maps_from(
    const struct kube_server *server, const char *namespace, const char *name)
{
	size_t place = 0;

	while (place < server->config_map_count &&
	       compare(server->config_maps[place], namespace, name) < 0)
		place++;
	return place;
}

/* Its place, or how many there are. */
static size_t place_of(const struct kube_server *server, const char *namespace, const char *name)
{
	size_t place = kube_config_maps_from(server, namespace, name);

	if (place < server->config_map_count &&
	    compare(server->config_maps[place], namespace, name) != 0)
		return server->config_map_count;
	return place;
}

static struct stored_config_map *find(const struct kube_call *call, const char *name)
{
	size_t place = place_of(call->server, call->namespace, name);

	return place < call->server->config_map_count ? call->server->config_maps[place] : NULL;
}

struct kube_metadata stored_config_map_metadata(const struct stored_config_map *map)
{
	return (struct kube_metadata){map->namespace, map->name, map->uid, map->revision,
	    map->created_s, &map->labels, &map->annotations, NULL, NULL};
}

void stored_config_map_write(
    const struct stored_config_map *map, enum stored_form form, struct json_writer *writer)
{
	const struct kube_metadata metadata = stored_config_map_metadata(map);

	if (form == STORED_METADATA) {
		kube_write_metadata_object(&metadata, writer);
		return;
	}
	json_write_object(writer);
	if (form == STORED_WHOLE) {
		json_write_member(writer, "kind", KIND);
		json_write_member(writer, "apiVersion", "v1");
	}
	kube_write_metadata(&metadata, writer);
	if (map->immutable) {
		json_write_name(writer, "immutable");
		json_write_boolean(writer, true);
	}
	kube_map_write(&map->data, "data", writer);
	kube_map_write(&map->binary, "binaryData", writer);
	json_write_object_end(writer);
}

static int answer_config_map(struct kube_call *call, unsigned int status,
    const struct stored_config_map *map, struct error *err)
{
	struct json_writer writer;

	call->answer->status = status;
	json_writer_init(&writer, &call->answer->body);
	stored_config_map_write(map, STORED_WHOLE, &writer);
	return json_writer_finish(&writer, err);
}

int kube_config_map_read(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "get", RESOURCE, call->name))
		return 0;
	const struct stored_config_map *map = find(call, call->name);
	return map ? answer_config_map(call, 200, map, err)
		   : kube_not_found(call, RESOURCE, call->name);
}

static struct stored_config_map *new_config_map(
    const char *namespace, const char *name, struct error *err)
{
	struct stored_config_map *map = calloc(1, sizeof(*map));

	if (map) {
		map->namespace = strdup(namespace);
		map->name = strdup(name);
		map->created_s = time(NULL);
		random_uuid(map->uid);
	}
	if (!map || !map->namespace || !map->name) {
		stored_config_map_free(map);
		error_memory(err);
		return NULL;
	}
	return map;
}

static int fill(struct stored_config_map *map, const struct json *body, struct error *err)
{
	json_node metadata = json_member(body, JSON_ROOT, "metadata");

	map->immutable = json_boolean(body, json_member(body, JSON_ROOT, "immutable"), false);
	if (kube_map_merge(&map->labels, KIND, body, json_member(body, metadata, "labels"),
		KUBE_TEXT, err) < 0 ||
	    kube_map_merge(&map->annotations, KIND, body,
		json_member(body, metadata, "annotations"), KUBE_TEXT, err) < 0)
		return -1;
	if (kube_map_merge(
		&map->data, KIND, body, json_member(body, JSON_ROOT, "data"), KUBE_TEXT, err) < 0)
		return -1;
	return kube_map_merge(
	    &map->binary, KIND, body, json_member(body, JSON_ROOT, "binaryData"), KUBE_BASE64, err);
}

static void check(const struct stored_config_map *map, struct kube_fault *fault)
{
	size_t length = kube_decoded_length(&map->binary);

	fault->reason = NULL;
	kube_check_name(map->name, fault);
	kube_check_keys(&map->data, "data", fault);
	for (size_t i = 0; i < map->data.count; i++) {
		const char *key = map->data.entries[i].name;
		char field[300], message[600];

		length += map->data.entries[i].value.length;
		if (!kube_map_find(&map->binary, key))
			continue;
		snprintf(field, sizeof(field), "data[%.256s]", key);
		snprintf(message, sizeof(message),
		    "Invalid value: \"%.250s\": duplicate of key present in binaryData", key);
		kube_fault_set(fault, "FieldValueInvalid", field, message);
	}
	kube_check_keys(&map->binary, "binaryData", fault);
	if (length > KUBE_DATA_BYTES_MAX)
		kube_fault_set(fault, "FieldValueTooLong", "[]", KUBE_DATA_TOO_LONG);
}

static int refuse_invalid(struct kube_call *call, const char *name, const struct kube_fault *fault)
{
	return kube_refuse(call, &(struct kube_status){422, "Invalid", name, KIND, fault},
	    KIND " \"%.300s\" is invalid: %s: %s", name, fault->field, fault->message);
}

/* Takes the ConfigMap over. */
static int store(struct kube_call *call, struct stored_config_map *map, struct error *err)
{
	struct kube_server *server = call->server;
	struct stored_config_map **grown = reallocarray(
	    server->config_maps, server->config_map_count + 1, sizeof(struct stored_config_map *));

	if (!grown) {
		stored_config_map_free(map);
		return error_memory(err);
	}
	server->config_maps = grown;
	size_t place = kube_config_maps_from(server, map->namespace, map->name);
	memmove(grown + place + 1, grown + place,
	    (server->config_map_count++ - place) * sizeof(struct stored_config_map *));
	grown[place] = map;
	map->revision = ++server->revision;
	return answer_config_map(call, 201, map, err);
}

static int create(struct kube_call *call, const char *name, struct error *err)
{
	struct stored_config_map *map = new_config_map(call->namespace, name, err);
	struct kube_fault fault;

	if (!map)
		return -1;
	if (fill(map, call->body, err) < 0) {
		stored_config_map_free(map);
		return err->code == ERROR_INVALID ? kube_bad_request(call, "%s", err->message) : -1;
	}
	check(map, &fault);
	if (fault.reason) {
		stored_config_map_free(map);
		return refuse_invalid(call, name, &fault);
	}
	return store(call, map, err);
}

int kube_config_map_post(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "create", RESOURCE, NULL))
		return 0;
	if (!call->body || json_type(call->body, JSON_ROOT) != JSON_OBJECT)
		return kube_bad_request(call, "the body of the request is no ConfigMap");
	if (!kube_namespace_find(call->server, call->namespace))
		return kube_not_found(call, "namespaces", call->namespace);
	cleanup_free char *name =
	    json_strdup(call->body, json_path(call->body, JSON_ROOT, "metadata", "name", NULL));
	if (!name || !*name) {
		static const struct kube_fault missing = {"FieldValueRequired", "metadata.name",
		    "Required value: name or generateName is required"};
		return refuse_invalid(call, "", &missing);
	}
	if (find(call, name))
		return kube_refuse(call,
		    &(struct kube_status){409, "AlreadyExists", name, RESOURCE, NULL},
		    RESOURCE " \"%s\" already exists", name);
	return create(call, name, err);
}

int kube_config_map_delete(struct kube_call *call, struct error *err)
{
	struct kube_server *server = call->server;

	if (!kube_allowed(call, "delete", RESOURCE, call->name))
		return 0;
	size_t place = place_of(server, call->namespace, call->name);
	if (place == server->config_map_count)
		return kube_not_found(call, RESOURCE, call->name);
	struct stored_config_map *map = server->config_maps[place];
	int result = kube_answer_deleted(call, RESOURCE, map->name, map->uid, err);
	memmove(server->config_maps + place, server->config_maps + place + 1,
	    (--server->config_map_count - place) * sizeof(struct stored_config_map *));
	server->revision++;
	stored_config_map_free(map);
	return result;
}
