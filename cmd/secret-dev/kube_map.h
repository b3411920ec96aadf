/* kube_map: a map of strings, kept in the order of its names as the API server writes them. */
#ifndef SECRET_DEV_KUBE_MAP_H
#define SECRET_DEV_KUBE_MAP_H

#include <stdbool.h>

#include "lib/base/json_writer.h"
#include "lib/base/secret_buffer.h"

struct kube_map_entry {
	char *name;
	struct secret_buffer value;
};

struct kube_map {
	struct kube_map_entry *entries;
	size_t count;
};

/* NULL when absent.  Borrowed. */
const struct secret_buffer *kube_map_find(const struct kube_map *map, const char *name)
    __attribute__((nonnull));
/* Takes *value over (empty after). */
int kube_map_set(struct kube_map *map, const char *name, struct secret_buffer *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void kube_map_remove(struct kube_map *map, const char *name) __attribute__((nonnull));
int kube_map_copy(struct kube_map *to, const struct kube_map *from, struct error *err)
    __attribute__((nonnull, warn_unused_result));
bool kube_map_equal(const struct kube_map *a, const struct kube_map *b) __attribute__((nonnull));
void kube_map_free(struct kube_map *map) __attribute__((nonnull));

/* Write `"member":{...}`; nothing when the map is empty. */
void kube_map_write(const struct kube_map *map, const char *member, struct json_writer *writer)
    __attribute__((nonnull));

#endif
