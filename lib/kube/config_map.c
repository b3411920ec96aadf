#include <stdlib.h>
#include <string.h>

#include "lib/kube/answer.h"
#include "lib/kube/config_map.h"
#include "lib/kube/secret_json.h"

void kube_config_map_free(struct kube_config_map *map)
{
	free(map->namespace);
	free(map->name);
	for (size_t i = 0; i < map->data_count; i++) {
		free(map->data[i].key);
		secret_buffer_free(&map->data[i].value);
	}
	free(map->data);
	memset(map, 0, sizeof(*map));
}

int kube_config_map_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err)
{
	if (kube_request(kube, "GET", namespace, "configmaps", name, exchange, err) < 0)
		return -1;
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	return 0;
}

static int read_text(
    const struct json *document, json_node node, struct kube_entry *entry, struct error *err)
{
	if (json_type(document, node) == JSON_NULL)
		return 0;
	return json_string(document, node, &entry->value, err) < 0
		   ? error_wrap(err, "data key \"%s\"", entry->key)
		   : 0;
}

/* Room is there already. */
static int read_entries(const struct json *document, json_node object, struct kube_config_map *map,
    int (*read)(const struct json *, json_node, struct kube_entry *, struct error *),
    struct error *err)
{
	json_each (document, object, node) {
		struct kube_entry *entry = &map->data[map->data_count++];
		if (json_copy_name(document, node, &entry->key, err) < 0)
			return -1;
		if (!entry->key)
			return error_set(err, ERROR_INVALID, "a data key is no plain text");
		if (read(document, node, entry, err) < 0)
			return -1;
	}
	return 0;
}

static int read_config_map(
    const struct json *document, struct kube_config_map *map, struct error *err)
{
	json_node metadata = json_member(document, JSON_ROOT, "metadata");
	json_node data = json_member(document, JSON_ROOT, "data");
	json_node binary = json_member(document, JSON_ROOT, "binaryData");

	if (kube_names_read(document, metadata, &map->namespace, &map->name, err) < 0)
		return -1;
	if (!map->namespace || !map->name)
		return error_set(err, ERROR_INVALID,
		    "the Kubernetes API's answer holds no ConfigMap: no namespace or name");
	if (kube_data_check(document, data, err) < 0 || kube_data_check(document, binary, err) < 0)
		return -1;
	map->data = calloc(
	    json_count(document, data) + json_count(document, binary) + 1, sizeof(*map->data));
	if (!map->data)
		return error_memory(err);
	if (read_entries(document, data, map, read_text, err) < 0)
		return -1;
	return read_entries(document, binary, map, kube_data_read, err);
}

static int check_answer(
    const struct http_exchange *exchange, const char *namespace, struct error *err)
{
	if (kube_answer_check(exchange, err) == 0)
		return 0;
	if (exchange->status == 403)
		error_hint(err, "a Role in namespace %s must allow get on configmaps", namespace);
	if (exchange->status == 404)
		error_hint(err, "does it exist, and is it in this namespace?");
	return -1;
}

int kube_config_map_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_config_map *map, struct error *err)
{
	memset(map, 0, sizeof(*map));
	if (check_answer(exchange, namespace, err) < 0)
		return error_wrap(err, "ConfigMap %s/%s", namespace, name);
	cleanup_json struct json *document = kube_answer_parse(exchange, "ConfigMap", err);
	if (document && read_config_map(document, map, err) == 0) {
		if (strcmp(map->namespace, namespace) == 0 && strcmp(map->name, name) == 0)
			return 0;
		error_set(err, ERROR_INVALID, "the Kubernetes API's answer is another one: %s/%s",
		    map->namespace, map->name);
		http_redact(exchange, err->message);
	}
	kube_config_map_free(map);
	return error_wrap(err, "ConfigMap %s/%s", namespace, name);
}
