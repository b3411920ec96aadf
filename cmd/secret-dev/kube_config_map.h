/* kube_config_map: a stored ConfigMap. */
#ifndef SECRET_DEV_KUBE_CONFIG_MAP_H
#define SECRET_DEV_KUBE_CONFIG_MAP_H

#include "cmd/secret-dev/kube_fields.h"
#include "cmd/secret-dev/random.h"
#include "lib/base/json_writer.h"

struct stored_config_map {
	char *namespace, *name;
	char uid[UUID_SIZE];
	int64_t created_s;
	int64_t revision; /* its resourceVersion */
	bool immutable;
	struct kube_map labels, annotations;
	struct kube_map data;	/* text */
	struct kube_map binary; /* base64, as it is sent */
};

void stored_config_map_free(struct stored_config_map *map);

struct kube_metadata stored_config_map_metadata(const struct stored_config_map *map)
    __attribute__((nonnull));
void stored_config_map_write(const struct stored_config_map *map, enum stored_form form,
    struct json_writer *writer) __attribute__((nonnull));

#endif
