#include <stdlib.h>
#include <string.h>

#include "lib/kube/internal.h"

const struct kube_object_kind kube_config_map_kind = {
    .api = "/api/v1", .resource = "configmaps", .name = "ConfigMap"};

void kube_config_map_free(struct kube_config_map *map)
{
	free(map->namespace);
	free(map->name);
	kube_data_free(map->data, map->data_count);
	memset(map, 0, sizeof(*map));
}

int kube_config_map_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err)
{
	if (kube_request(kube, "GET", &kube_config_map_kind, namespace, name, exchange, err) < 0)
		return -1;
	exchange->response_limit = HTTP_RESPONSE_SECRET;
	return 0;
}

static int read_config_map(
    const struct json *document, struct kube_config_map *map, struct error *err)
{
	json_node metadata = json_member(document, JSON_ROOT, "metadata");

	if (kube_names_read(document, metadata, &map->namespace, &map->name, err) < 0)
		return -1;
	if (!map->namespace || !map->name)
		return error_set(err, ERROR_INVALID,
		    "Kubernetes API response: not a ConfigMap: no namespace or name");
	if (kube_data_read(document, json_member(document, JSON_ROOT, "data"), true, &map->data,
		&map->data_count, err) < 0)
		return -1;
	return kube_data_read(document, json_member(document, JSON_ROOT, "binaryData"), false,
	    &map->data, &map->data_count, err);
}

int kube_config_map_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_config_map *map, struct error *err)
{
	memset(map, 0, sizeof(*map));
	if (kube_check(exchange, &kube_config_map_kind, namespace, err) < 0)
		return error_wrap(err, "ConfigMap %s/%s", namespace, name);
	cleanup_json struct json *document = kube_parse(exchange, kube_config_map_kind.name, err);
	if (document && read_config_map(document, map, err) == 0 &&
	    kube_check_same_object(exchange, namespace, name, map->namespace, map->name, err) == 0)
		return 0;
	kube_config_map_free(map);
	return error_wrap(err, "ConfigMap %s/%s", namespace, name);
}
