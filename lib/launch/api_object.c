#include "lib/launch/api_object.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/strings.h"

static bool is_object(const struct api_object *object, enum api_resource resource,
    const char *namespace, const char *name)
{
	return object->resource == resource && strcmp(object->namespace, namespace) == 0 &&
	       strcmp(object->name, name) == 0;
}

static int prepare(struct api_object *object, struct kube *kube, struct error *err)
{
	return object->resource == API_SECRET ? kube_secret_get_request(kube, object->namespace,
						    object->name, &object->exchange, err)
					      : kube_config_map_get_request(kube, object->namespace,
						    object->name, &object->exchange, err);
}

int api_objects_add(struct api_objects *objects, struct kube *kube, enum api_resource resource,
    const char *namespace, const char *name, size_t *place, struct error *err)
{
	namespace = namespace ? namespace : kube->namespace;
	for (*place = 0; *place < objects->count; (*place)++)
		if (is_object(&objects->items[*place], resource, namespace, name))
			return 0;
	struct api_object *grown = reallocarray(objects->items, objects->count + 1, sizeof(*grown));
	if (!grown)
		return error_memory(err);
	objects->items = grown;
	struct api_object *object = &grown[objects->count++];
	*object = (struct api_object){
	    .resource = resource, .namespace = strdup(namespace), .name = strdup(name)};
	if (!object->namespace || !object->name)
		return error_memory(err);
	return prepare(object, kube, err);
}

int api_objects_result(struct api_objects *objects, struct error *err)
{
	for (size_t i = 0; i < objects->count; i++) {
		struct api_object *object = &objects->items[i];
		int result = object->resource == API_SECRET
				 ? kube_secret_result(&object->exchange, object->namespace,
				       object->name, &object->secret, err)
				 : kube_config_map_result(&object->exchange, object->namespace,
				       object->name, &object->config_map, err);
		http_exchange_free(&object->exchange);
		if (result < 0)
			return -1;
	}
	return 0;
}

struct kube_entry *api_object_data(const struct api_object *object, size_t *count)
{
	bool secret = object->resource == API_SECRET;

	*count = secret ? object->secret.data_count : object->config_map.data_count;
	return secret ? object->secret.data : object->config_map.data;
}

char *api_object_title(const struct api_object *object, struct error *err)
{
	return string_format(err, "%s %s/%s",
	    object->resource == API_SECRET ? "Secret" : "ConfigMap", object->namespace,
	    object->name);
}

void api_objects_free(struct api_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++) {
		struct api_object *object = &objects->items[i];
		free(object->namespace);
		free(object->name);
		http_exchange_free(&object->exchange);
		kube_secret_free(&object->secret);
		kube_config_map_free(&object->config_map);
	}
	free(objects->items);
	memset(objects, 0, sizeof(*objects));
}
