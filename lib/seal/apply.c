#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/seal/internal.h"

#define NAMED_MAX 5 /* data keys in a message */

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

static int copy_data(const struct kube_secret *from, struct kube_secret *to, struct error *err)
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

/* The whole Secret as the manifest now has it. */
static int make_change(const struct kube_secret *object, const struct kube_secret *change,
    struct kube_secret *to, struct error *err)
{
	to->immutable = object->immutable;
	to->type = object->type ? strdup(object->type) : NULL;
	if (object->type && !to->type)
		return error_memory(err);
	if (copy_pairs(object->labels, object->label_count, kube_secret_add_label, to, err) < 0 ||
	    copy_pairs(change->labels, change->label_count, kube_secret_add_label, to, err) < 0 ||
	    copy_annotations(object, change, to, err) < 0 || copy_data(object, to, err) < 0)
		return -1;
	return copy_data(change, to, err);
}

/* What seal() refuses by --type, the manifest says itself. */
static int check_type(
    const struct sealing *sealing, const struct kube_secret *object, struct error *err)
{
	const char *type = is_set(object->type) ? object->type : "Opaque";
	const char *existing = sealing->existing.type;

	if (!sealing->exists || !existing || strcmp(type, existing) == 0)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Secret %s/%s: it is there with type %s, which can't become %s: use another name, or "
	    "delete it first",
	    sealing->namespace, sealing->name, existing, type);
}

/* As a precondition, which it is to the API server as well. */
static int check_version(const struct sealing *sealing, const char *version, struct error *err)
{
	const char *stored = sealing->existing.resource_version;

	if (!version || (sealing->exists && strcmp(version, stored) == 0))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "Secret %s/%s: the manifest is of resourceVersion %s, and the Kubernetes API has %s; "
	    "get "
	    "it again, or remove metadata.resourceVersion",
	    sealing->namespace, sealing->name, version,
	    sealing->exists ? stored : "no such Secret");
}

/*
 * Others add finalizers and owners to what the API has: those stay, as with "kubectl apply".  A
 * patch has a list whole.
 */
static int merge_lists(const struct sealing *sealing, const struct kube_secret *object,
    struct kube_secret *change, struct error *err)
{
	const struct kube_secret *existing = &sealing->existing;

	if (object->finalizers)
		change->finalizers =
		    kube_metadata_list_merge(existing->finalizers, object->finalizers, NULL, err);
	if (object->owners)
		change->owners =
		    kube_metadata_list_merge(existing->owners, object->owners, "uid", err);
	return err->code ? -1 : 0;
}

/*
 * Data keys that the manifest does not have stay: others may have set them, and nothing records
 * what an earlier manifest had.
 */
static int warn_of_others(const struct sealing *sealing, struct error *err)
{
	cleanup_secret struct secret_buffer names = SECRET_BUFFER_INIT;
	size_t count = 0;

	for (size_t i = 0; i < sealing->existing.data_count; i++) {
		const char *key = sealing->existing.data[i].key;

		if (kube_secret_entry(&sealing->change, key) || ++count > NAMED_MAX)
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
	    sealing->namespace, sealing->name, count, count > 1 ? "s are" : " is",
	    secret_buffer_string(&names), count > NAMED_MAX ? ", ..." : "", sealing->namespace,
	    sealing->name);
	return 0;
}

/* What the API has beside the manifest. */
static int adopt(struct sealing *sealing, struct error *err)
{
	if (!sealing->settings->adopt)
		return 0;
	return sealing_adopt_others(sealing, err) < 0 ? -1
						      : sealing_drop_last_applied(sealing, err);
}

static int run(struct sealing *sealing, const struct sealing *sealed,
    const struct kube_secret *object, const char *version, struct seal_outcome *outcome,
    struct error *err)
{
	struct sealing *failed;

	sealing->name = strdup(sealed->name);
	if (!sealing->name)
		return error_memory(err);
	/* A batch may take longer to write than a token lives. */
	if (seal_session_log_in(sealing->session, err) < 0 || sealing_look_up(sealing, err) < 0 ||
	    check_version(sealing, version, err) < 0 || check_type(sealing, object, err) < 0 ||
	    make_change(object, &sealed->change, &sealing->change, err) < 0 ||
	    merge_lists(sealing, object, &sealing->change, err) < 0 ||
	    sealing_find_key(sealing, err) < 0 || sealing_find_scope(sealing, err) < 0 ||
	    sealing_drop_scope(sealing, err) < 0 || adopt(sealing, err) < 0 ||
	    sealings_encrypt(&sealing, 1, &failed, err) < 0)
		return -1;
	if (sealing_write(sealing, outcome, err) < 0)
		return -1;
	return warn_of_others(sealing, err);
}

int sealing_write_manifest(const struct sealing *sealed, const struct kube_secret *object,
    const struct seal_settings *settings, struct seal_outcome *outcome, struct error *err)
{
	cleanup_free char *key = string_format(err, "%s/%s", sealed->key.mount, sealed->key.name);
	struct seal_settings own = *settings;
	struct seal_changes none = {0};
	bool again = false;
	int result = -1;

	own.must_exist = false;
	own.based_on = NULL;
	own.transit_key = key;
	own.scope = sealed->scope == SEALED_UNBOUND ? NULL : sealed_scope_name(sealed->scope);
	own.layout = sealed->document ? LAYOUT_DOCUMENT : LAYOUT_PER_KEY;
	for (int tries = 1; key && (tries == 1 || again); tries++) {
		struct sealing sealing = {.settings = &own,
		    .session = sealed->session,
		    .changes = &none,
		    .namespace = sealed->namespace,
		    .state = sealed->state,
		    .key_missing = sealed->key_missing,
		    .claimed = sealed->claimed && settings->no_verify};
		result = run(&sealing, sealed, object, settings->based_on, outcome, err);
		again = result < 0 && sealing_try_again(&sealing, tries, err);
		sealing_free(&sealing);
	}
	return result;
}
