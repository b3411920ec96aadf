/* config_map: ConfigMaps, which are only read. */
#ifndef KUBE_CONFIG_MAP_H
#define KUBE_CONFIG_MAP_H

#include "lib/kube/kube.h"

/* A ConfigMap.  `data` has the bytes of both data and binaryData. */
struct kube_config_map {
	char *namespace, *name;
	struct kube_entry *data;
	size_t data_count;
};
void kube_config_map_free(struct kube_config_map *map) __attribute__((nonnull));
/* Read a ConfigMap (GET).  Errors name it. */
int kube_config_map_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_config_map_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_config_map *map, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
