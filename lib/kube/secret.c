#include <stdlib.h>
#include <string.h>

#include "lib/kube/secret_json.h"

void kube_pairs_free(struct kube_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
}

void kube_secret_free(struct kube_secret *secret)
{
	free(secret->namespace);
	free(secret->name);
	free(secret->type);
	free(secret->resource_version);
	for (size_t i = 0; i < secret->data_count; i++) {
		free(secret->data[i].key);
		free(secret->data[i].new_name);
		secret_buffer_free(&secret->data[i].value);
	}
	free(secret->data);
	kube_pairs_free(secret->labels, secret->label_count);
	kube_pairs_free(secret->annotations, secret->annotation_count);
	free(secret->finalizers);
	free(secret->owners);
	memset(secret, 0, sizeof(*secret));
}

struct kube_pair *kube_pairs_find(struct kube_pair *pairs, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(pairs[i].name, name) == 0)
			return &pairs[i];
	return NULL;
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

static bool has_pairs(
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
	return has_pairs(
		   stored->labels, stored->label_count, change->labels, change->label_count) &&
	       has_pairs(stored->annotations, stored->annotation_count, change->annotations,
		   change->annotation_count);
}

/* The entry of this key, a new one where there is none; or NULL. */
static struct kube_entry *make_entry(struct kube_secret *secret, const char *key, struct error *err)
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
	struct kube_entry *entry = make_entry(secret, key, err);

	if (!entry)
		return -1;
	secret_buffer_move(&entry->value, value);
	entry->removed = false;
	return 0;
}

int kube_secret_remove(struct kube_secret *secret, const char *key, struct error *err)
{
	struct kube_entry *entry = make_entry(secret, key, err);

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

static int add_pair(
    struct kube_pair **pairs, size_t *count, const char *name, const char *value, struct error *err)
{
	struct kube_pair *pair = kube_pairs_find(*pairs, *count, name);
	struct kube_pair added = {pair ? NULL : strdup(name), strdup(value)};

	if (pair && added.value) {
		free(pair->value);
		pair->value = added.value;
		return 0;
	}
	struct kube_pair *grown =
	    added.name && added.value ? reallocarray(*pairs, *count + 1, sizeof(*grown)) : NULL;
	if (!grown) {
		free(added.name);
		free(added.value);
		return error_memory(err);
	}
	*pairs = grown;
	grown[(*count)++] = added;
	return 0;
}

int kube_secret_add_label(
    struct kube_secret *secret, const char *name, const char *value, struct error *err)
{
	return add_pair(&secret->labels, &secret->label_count, name, value, err);
}

int kube_secret_add_annotation(
    struct kube_secret *secret, const char *name, const char *value, struct error *err)
{
	return add_pair(&secret->annotations, &secret->annotation_count, name, value, err);
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
