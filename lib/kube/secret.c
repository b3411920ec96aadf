#include <stdlib.h>
#include <string.h>

#include "lib/kube/internal.h"

void kube_data_free(struct kube_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(entries[i].key);
		free(entries[i].new_name);
		secret_buffer_free(&entries[i].value);
	}
	free(entries);
}

void kube_secret_free(struct kube_secret *secret)
{
	free(secret->namespace);
	free(secret->name);
	free(secret->type);
	free(secret->resource_version);
	kube_data_free(secret->data, secret->data_count);
	kube_pairs_free(secret->labels, secret->label_count);
	kube_pairs_free(secret->annotations, secret->annotation_count);
	free(secret->finalizers);
	free(secret->owners);
	memset(secret, 0, sizeof(*secret));
}

const char *kube_secret_label(const struct kube_secret *secret, const char *name)
{
	const struct kube_pair *pair = kube_pairs_find(secret->labels, secret->label_count, name);

	return pair ? pair->value : NULL;
}

const char *kube_secret_annotation(const struct kube_secret *secret, const char *name)
{
	const struct kube_pair *pair =
	    kube_pairs_find(secret->annotations, secret->annotation_count, name);

	return pair ? pair->value : NULL;
}

struct kube_entry *kube_secret_entry(const struct kube_secret *secret, const char *key)
{
	for (size_t i = 0; i < secret->data_count; i++)
		if (strcmp(secret->data[i].key, key) == 0)
			return &secret->data[i];
	return NULL;
}

static bool pairs_match(
    struct kube_pair *stored, size_t stored_count, const struct kube_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct kube_pair *pair = kube_pairs_find(stored, stored_count, pairs[i].name);
		if (pairs[i].value ? !pair || strcmp(pair->value, pairs[i].value) != 0
				   : pair != NULL)
			return false;
	}
	return true;
}

bool kube_secret_has(const struct kube_secret *stored, const struct kube_secret *change)
{
	for (size_t i = 0; i < change->data_count; i++) {
		const struct kube_entry *wanted = &change->data[i];
		const struct kube_entry *entry = kube_secret_entry(stored, wanted->key);
		if (wanted->removed ? entry != NULL
				    : !entry || !secret_buffer_equal(&entry->value, &wanted->value))
			return false;
	}
	return pairs_match(
		   stored->labels, stored->label_count, change->labels, change->label_count) &&
	       pairs_match(stored->annotations, stored->annotation_count, change->annotations,
		   change->annotation_count);
}

/* Return the entry of this key, which is added if absent; NULL with *err set on failure. */
static struct kube_entry *entry_get_or_add(
    struct kube_secret *secret, const char *key, struct error *err)
{
	struct kube_entry *entry = kube_secret_entry(secret, key);

	if (entry)
		return entry;
	struct kube_entry *grown =
	    reallocarray(secret->data, secret->data_count + 1, sizeof(*grown));
	if (grown)
		secret->data = grown;
	char *copy = strdup(key);
	if (!grown || !copy) {
		free(copy);
		error_memory(err);
		return NULL;
	}
	entry = &grown[secret->data_count++];
	*entry = (struct kube_entry){.key = copy};
	return entry;
}

int kube_secret_add(
    struct kube_secret *secret, const char *key, struct secret_buffer *value, struct error *err)
{
	struct kube_entry *entry = entry_get_or_add(secret, key, err);

	if (!entry)
		return -1;
	secret_buffer_move(&entry->value, value);
	entry->removed = false;
	return 0;
}

int kube_secret_remove(struct kube_secret *secret, const char *key, struct error *err)
{
	struct kube_entry *entry = entry_get_or_add(secret, key, err);

	if (!entry)
		return -1;
	secret_buffer_free(&entry->value);
	entry->removed = true;
	return 0;
}

int kube_secret_rename(
    struct kube_secret *secret, const char *key, const char *new_name, struct error *err)
{
	if (kube_secret_remove(secret, key, err) < 0)
		return -1;
	struct kube_entry *entry = kube_secret_entry(secret, key);
	free(entry->new_name);
	entry->new_name = strdup(new_name);
	return entry->new_name ? 0 : error_memory(err);
}

int kube_secret_add_label(
    struct kube_secret *secret, const char *name, const char *value, struct error *err)
{
	return kube_pairs_set(&secret->labels, &secret->label_count, name, value, err);
}

int kube_secret_add_annotation(
    struct kube_secret *secret, const char *name, const char *value, struct error *err)
{
	return kube_pairs_set(&secret->annotations, &secret->annotation_count, name, value, err);
}

int kube_secret_remove_annotation(struct kube_secret *secret, const char *name, struct error *err)
{
	if (kube_secret_add_annotation(secret, name, "", err) < 0)
		return -1;
	struct kube_pair *pair =
	    kube_pairs_find(secret->annotations, secret->annotation_count, name);
	free(pair->value);
	pair->value = NULL;
	return 0;
}
