#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/seal/internal.h"

#define NAMED_MAX 5 /* limit of data keys in a message */

/*
 * Checks against the Secret of the API.
 */

static int check_type(
    const struct seal_task *task, const struct kube_secret *object, struct error *err)
{
	const char *type = is_set(object->type) ? object->type : "Opaque";
	const char *existing = task->existing.type;

	if (!task->exists || !existing || strcmp(type, existing) == 0)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Secret %s/%s: it exists with type %s, which cannot change to %s; use another name, or delete it first",
	    task->namespace, task->name, existing, type);
}

/* Check the resourceVersion in the manifest, which is a precondition, as in kubectl. */
static int check_version(const struct seal_task *task, struct error *err)
{
	const char *version = task->manifest_version;
	const char *stored = task->existing.resource_version;

	if (!version || (task->exists && strcmp(version, stored) == 0))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "Secret %s/%s: the manifest has resourceVersion %s, and the Kubernetes API has %s; get "
	    "the Secret again, or remove metadata.resourceVersion",
	    task->namespace, task->name, version, task->exists ? stored : "no such Secret");
}

/* The change.  It contains the whole sealed Secret of the manifest. */

static int copy_pairs(const struct kube_pair *pairs, size_t count,
    int (*add)(struct kube_secret *secret, const char *name, const char *value, struct error *err),
    struct kube_secret *to, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (pairs[i].value && add(to, pairs[i].name, pairs[i].value, err) < 0)
			return -1;
	return 0;
}

static bool is_removed(const struct kube_secret *change, const char *annotation)
{
	for (size_t i = 0; i < change->annotation_count; i++)
		if (strcmp(change->annotations[i].name, annotation) == 0)
			return change->annotations[i].value == NULL;
	return false;
}

static int copy_annotations(const struct kube_secret *object, const struct kube_secret *change,
    struct kube_secret *to, struct error *err)
{
	for (size_t i = 0; i < object->annotation_count; i++)
		if (!is_removed(change, object->annotations[i].name) &&
		    kube_secret_add_annotation(
			to, object->annotations[i].name, object->annotations[i].value, err) < 0)
			return -1;
	return copy_pairs(
	    change->annotations, change->annotation_count, kube_secret_add_annotation, to, err);
}

static int copy_ciphertexts(
    const struct kube_secret *from, struct kube_secret *to, struct error *err)
{
	for (size_t i = 0; i < from->data_count; i++) {
		const struct kube_entry *entry = &from->data[i];
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (!sealed_entry_is_ciphertext(entry))
			continue;
		if (secret_buffer_append(&value, secret_buffer_string(&entry->value),
			entry->value.length, err) < 0 ||
		    kube_secret_add(to, entry->key, &value, err) < 0)
			return -1;
	}
	return 0;
}

/* Merge finalizers and owners.  Items that other clients added stay, as with "kubectl apply". */
static int merge_lists(const struct kube_secret *existing, const struct kube_secret *object,
    struct kube_secret *to, struct error *err)
{
	if (object->finalizers)
		to->finalizers =
		    kube_metadata_list_merge(existing->finalizers, object->finalizers, NULL, err);
	if (object->owners)
		to->owners = kube_metadata_list_merge(existing->owners, object->owners, "uid", err);
	return err->code ? -1 : 0;
}

static int make_change(const struct kube_secret *object, const struct kube_secret *change,
    struct kube_secret *to, struct error *err)
{
	to->immutable = object->immutable;
	to->type = object->type ? strdup(object->type) : NULL;
	if (object->type && !to->type)
		return error_memory(err);
	if (copy_pairs(object->labels, object->label_count, kube_secret_add_label, to, err) < 0 ||
	    copy_pairs(change->labels, change->label_count, kube_secret_add_label, to, err) < 0 ||
	    copy_annotations(object, change, to, err) < 0 || copy_ciphertexts(object, to, err) < 0)
		return -1;
	return copy_ciphertexts(change, to, err);
}

int apply_manifest(struct seal_task *task, struct error *err)
{
	const struct kube_secret *object = &task->manifest->existing;
	struct kube_secret *change = &task->change;

	if (check_version(task, err) < 0 || check_type(task, object, err) < 0 ||
	    make_change(object, &task->manifest->change, change, err) < 0)
		return -1;
	return merge_lists(&task->existing, object, change, err);
}

/*
 * Warn about data keys that are not in the manifest.  They stay, because other clients may have set
 * them: the keys of an earlier manifest are not recorded.
 */
int apply_warn(const struct seal_task *task, struct error *err)
{
	cleanup_secret struct secret_buffer names = SECRET_BUFFER_INIT;
	size_t count = 0;

	for (size_t i = 0; i < task->existing.data_count; i++) {
		const char *key = task->existing.data[i].key;

		if (kube_secret_entry(&task->change, key) || ++count > NAMED_MAX)
			continue;
		if (secret_buffer_append_format(&names, err, "%s%s", count > 1 ? ", " : "", key) <
		    0)
			return -1;
	}
	if (count == 0)
		return 0;
	log_write(LOG_WARNING,
	    "Secret %s/%s: %zu data key%s not in the manifest, and kept: %s%s; to remove one: "
	    "secret-seal -n %s --unset NAME %s",
	    task->namespace, task->name, count, count > 1 ? "s are" : " is",
	    secret_buffer_string(&names), count > NAMED_MAX ? ", ..." : "", task->namespace,
	    task->name);
	return 0;
}
