/*
 * api_object: the Secrets and ConfigMaps that the sources name, each read once, however many of its
 * data keys are asked for.
 */
#ifndef LAUNCH_API_OBJECT_H
#define LAUNCH_API_OBJECT_H

#include "lib/kube/config_map.h"
#include "lib/kube/secret.h"

enum api_resource { API_NONE, API_SECRET, API_CONFIG_MAP };

/* Only the one of its resource is filled, once it has been read. */
struct api_object {
	enum api_resource resource;
	char *namespace, *name;
	struct http_exchange exchange;
	struct kube_secret secret;
	struct kube_config_map config_map;
};

struct api_objects {
	struct api_object *items;
	size_t count;
};

/*
 * Prepare the reading of an object, unless it is there already; its place goes to *place.
 * `namespace` NULL: kube's own.
 */
int api_objects_add(struct api_objects *objects, struct kube *kube, enum api_resource resource,
    const char *namespace, const char *name, size_t *place, struct error *err)
    __attribute__((nonnull(1, 2, 5, 6, 7), warn_unused_result));

/* Read the answers, once all exchanges have run. */
int api_objects_result(struct api_objects *objects, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Its data. Borrowed. */
struct kube_entry *api_object_data(const struct api_object *object, size_t *count)
    __attribute__((nonnull));

/* "Secret demo/app": newly allocated, or NULL. */
char *api_object_title(const struct api_object *object, struct error *err)
    __attribute__((nonnull, warn_unused_result));

void api_objects_free(struct api_objects *objects) __attribute__((nonnull));

#endif
