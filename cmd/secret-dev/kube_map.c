#include "cmd/secret-dev/kube_map.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/json_writer.h"

/* The place of a name, or where it would go. */
static size_t place_of(const struct kube_map *map, const char *name, bool *found)
{
	size_t low = 0, high = map->count;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(map->entries[middle].name, name);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct secret_buffer *kube_map_find(const struct kube_map *map, const char *name)
{
	bool found;
	size_t place = place_of(map, name, &found);

	return found ? &map->entries[place].value : NULL;
}

int kube_map_set(
    struct kube_map *map, const char *name, struct secret_buffer *value, struct error *err)
{
	bool found;
	size_t place = place_of(map, name, &found);

	if (found) {
		secret_buffer_move(&map->entries[place].value, value);
		return 0;
	}
	struct kube_map_entry *grown = reallocarray(map->entries, map->count + 1, sizeof(*grown));
	if (!grown)
		return error_memory(err);
	map->entries = grown;
	char *copy = strdup(name);
	if (!copy)
		return error_memory(err);
	memmove(grown + place + 1, grown + place, (map->count - place) * sizeof(*grown));
	grown[place] = (struct kube_map_entry){.name = copy};
	secret_buffer_move(&grown[place].value, value);
	map->count++;
	return 0;
}

static void entry_free(struct kube_map_entry *entry)
{
	free(entry->name);
	secret_buffer_free(&entry->value);
}

void kube_map_remove(struct kube_map *map, const char *name)
{
	bool found;
	size_t place = place_of(map, name, &found);

	if (!found)
		return;
	entry_free(&map->entries[place]);
	map->count--;
	memmove(map->entries + place, map->entries + place + 1,
	    (map->count - place) * sizeof(*map->entries));
}

int kube_map_copy(struct kube_map *to, const struct kube_map *from, struct error *err)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct kube_map_entry *entry = &from->entries[i];
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (secret_buffer_append(&value, entry->value.data, entry->value.length, err) < 0 ||
		    kube_map_set(to, entry->name, &value, err) < 0)
			return -1;
	}
	return 0;
}

bool kube_map_equal(const struct kube_map *a, const struct kube_map *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->entries[i].name, b->entries[i].name) != 0 ||
		    !secret_buffer_equal(&a->entries[i].value, &b->entries[i].value))
			return false;
	return true;
}

void kube_map_free(struct kube_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		entry_free(&map->entries[i]);
	free(map->entries);
	map->entries = NULL;
	map->count = 0;
}

void kube_map_write(const struct kube_map *map, const char *member, struct json_writer *writer)
{
	if (map->count == 0)
		return;
	json_write_name(writer, member);
	json_write_object(writer);
	for (size_t i = 0; i < map->count; i++) {
		const struct kube_map_entry *entry = &map->entries[i];

		json_write_name(writer, entry->name);
		json_write_string_bytes(
		    writer, secret_buffer_string(&entry->value), entry->value.length);
	}
	json_write_object_end(writer);
}
