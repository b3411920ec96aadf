#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/seal/internal.h"
#include "lib/sealed/foreign.h"

static int check_data_key(const char *source, const char *name, struct error *err)
{
	if (kube_valid_data_key(name))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "%s: \"%s\" can't be a data key of a Secret: letters, digits, '-', '_' and '.', up to "
	    "253, not '.' alone and not beginning with '..'",
	    source, name);
}

static int check_names(const struct sealing *sealing, struct error *err)
{
	const struct seal_changes *changes = sealing->changes;

	if (sealing->document)
		return check_data_key("--data-key", sealing->data_key, err);
	for (size_t i = 0; i < changes->values.count; i++)
		if (check_data_key(
			changes->values.items[i].source, changes->values.items[i].name, err) < 0)
			return -1;
	for (size_t i = 0; i < changes->renamed.count; i++)
		if (check_data_key("--rename", strchr(changes->renamed.items[i], '=') + 1, err) < 0)
			return -1;
	return 0;
}

/* Per-key layout: what is to go or to be renamed is there. */
static int check_there(const struct sealing *sealing, const char *name, struct error *err)
{
	if (kube_secret_entry(&sealing->existing, name))
		return 0;
	return error_set(err, ERROR_NOT_FOUND, "Secret %s%s%s: it has no data key \"%s\"",
	    KUBE_NAMED(sealing), name);
}

static int check_renamed(const struct sealing *sealing, const char *item, struct error *err)
{
	const char *new_name = strchr(item, '=') + 1;
	cleanup_free char *name = strndup(item, (size_t)(new_name - 1 - item));

	if (!name)
		return error_memory(err);
	if (check_there(sealing, name, err) < 0)
		return -1;
	if (kube_secret_entry(&sealing->existing, new_name))
		return error_set(err, ERROR_USAGE,
		    "Secret %s%s%s: it has a data key \"%s\" already", KUBE_NAMED(sealing),
		    new_name);
	return 0;
}

static int check_existing_names(const struct sealing *sealing, struct error *err)
{
	const struct seal_changes *changes = sealing->changes;

	for (size_t i = 0; i < changes->unset.count; i++)
		if (check_there(sealing, changes->unset.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < changes->renamed.count; i++)
		if (check_renamed(sealing, changes->renamed.items[i], err) < 0)
			return -1;
	if (changes->unset.count == 0 || changes->unset.count < sealing->existing.data_count ||
	    changes->values.count)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: nothing would be left in it: to delete it is for kubectl",
	    KUBE_NAMED(sealing));
}

static int check_foreign(const struct sealing *sealing, struct error *err)
{
	const struct variables *values = &sealing->changes->values;

	for (size_t i = 0; i < values->count && !sealing->settings->force_foreign; i++) {
		const struct variable *value = &values->items[i];

		if (sealing->changes->whole_document
			? foreign_check_document(value->source, value->name, &value->value, err) < 0
			: foreign_check(value->source, value->name, &value->value, err) < 0)
			return -1;
	}
	return 0;
}

int sealing_check_changes(const struct sealing *sealing, struct error *err)
{
	const struct seal_changes *changes = sealing->changes;

	if (changes_check(changes, err) < 0 || check_names(sealing, err) < 0 ||
	    check_foreign(sealing, err) < 0)
		return -1;
	if ((changes->unset.count || changes->renamed.count) && !sealing->exists)
		return error_set(err, ERROR_USAGE,
		    "--unset and --rename change a Secret that is there: not with "
		    "--dry-run=client or --immutable, nor before it is made");
	return sealing->document ? 0 : check_existing_names(sealing, err);
}

static char *describe(const struct sealing *sealing, const char *data_key, struct error *err)
{
	return string_format(err, "Secret %s%s%s, data key %s", KUBE_NAMED(sealing), data_key);
}

/* A plaintext, to be sealed under a data key. */
static int add_value(struct sealing *sealing, const char *data_key, struct secret_buffer *value,
    const char *source_key, struct error *err)
{
	cleanup_free char *source = describe(sealing, source_key, err);

	if (!source)
		return -1;
	return variables_add(&sealing->values, data_key, value, source, err);
}

static int copy(const struct secret_buffer *from, struct secret_buffer *to, struct error *err)
{
	return secret_buffer_append(to, secret_buffer_string(from), from->length, err);
}

/*
 * Under its new name a value that is not bound keeps its ciphertext; a bound one is bound to its
 * data key too, and is sealed again.
 */
static int rename_entry(struct sealing *sealing, const struct kube_entry *entry,
    const char *new_name, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	if (kube_secret_rename(&sealing->change, entry->key, new_name, err) < 0)
		return -1;
	if (sealed_entry_is_ciphertext(entry) && sealing->scope == SEALED_UNBOUND)
		return copy(&entry->value, &value, err) < 0
			   ? -1
			   : kube_secret_add(&sealing->change, new_name, &value, err);
	if (sealed_entry_is_ciphertext(entry) ? sealing_decrypt(sealing, entry, &value, err) < 0
					      : copy(&entry->value, &value, err) < 0)
		return -1;
	return add_value(sealing, new_name, &value, entry->key, err);
}

/* In the document layout each data key holds a document. */
static int check_adopted(
    const struct sealing *sealing, const struct kube_entry *entry, struct error *err)
{
	cleanup_free char *what = describe(sealing, entry->key, err);

	if (!what)
		return -1;
	if (!sealing->document || sealed_document_check(&entry->value, what, err) == 0)
		return 0;
	return error_hint(err,
	    "it is plaintext, and no document as the layout has it: take it out of the Secret, and "
	    "set it as a value of the document");
}

/* Plaintext that is there and that nothing replaces: with --adopt only it gets here. */
static int adopt(struct sealing *sealing, const struct kube_entry *entry, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	if (!sealing->settings->force_foreign &&
	    foreign_check("data", entry->key, &entry->value, err) < 0)
		return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(&sealing->existing));
	if (check_adopted(sealing, entry, err) < 0)
		return -1;
	if (!sealing->settings->force_foreign && sealing->document &&
	    foreign_check_document("data", entry->key, &entry->value, err) < 0)
		return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(&sealing->existing));
	if (copy(&entry->value, &value, err) < 0)
		return -1;
	return add_value(sealing, entry->key, &value, entry->key, err);
}

int sealing_adopt_others(struct sealing *sealing, struct error *err)
{
	for (size_t i = 0; i < sealing->existing.data_count; i++) {
		const struct kube_entry *entry = &sealing->existing.data[i];

		if (sealed_entry_is_ciphertext(entry) ||
		    kube_secret_entry(&sealing->change, entry->key) ||
		    variables_find(&sealing->values, entry->key))
			continue;
		if (adopt(sealing, entry, err) < 0)
			return -1;
	}
	return 0;
}

static int plan_entry(struct sealing *sealing, const struct kube_entry *entry, struct error *err)
{
	const struct seal_changes *changes = sealing->changes;
	const char *new_name = changes_new_name(changes, entry->key);

	if (new_name)
		return rename_entry(sealing, entry, new_name, err);
	if (strings_contain(&changes->unset, entry->key))
		return kube_secret_remove(&sealing->change, entry->key, err);
	if (variables_find(&changes->values, entry->key) || sealed_entry_is_ciphertext(entry))
		return 0;
	return adopt(sealing, entry, err);
}

static int plan_per_key(struct sealing *sealing, struct error *err)
{
	for (size_t i = 0; i < sealing->existing.data_count; i++)
		if (plan_entry(sealing, &sealing->existing.data[i], err) < 0)
			return -1;
	return variables_merge(&sealing->values, &sealing->changes->values, false, err);
}

/* The document as it is there, decrypted; *exists false: there is none. */
static int read_document(
    struct sealing *sealing, struct secret_buffer *text, bool *exists, struct error *err)
{
	const struct kube_entry *entry = kube_secret_entry(&sealing->existing, sealing->data_key);

	*exists = entry != NULL;
	if (!entry)
		return 0;
	return sealed_entry_is_ciphertext(entry) ? sealing_decrypt(sealing, entry, text, err)
						 : copy(&entry->value, text, err);
}

static int plan_the_document(struct sealing *sealing, struct error *err)
{
	cleanup_secret struct secret_buffer before = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer after = SECRET_BUFFER_INIT;
	struct seal_changes *changes = sealing->changes;
	bool exists = false;

	if (changes->whole_document)
		return variables_add(&sealing->values, sealing->data_key,
		    &changes->values.items[0].value, changes->values.items[0].source, err);
	cleanup_free char *what = describe(sealing, sealing->data_key, err);
	if (!what || read_document(sealing, &before, &exists, err) < 0)
		return -1;
	if (changes_apply(changes, exists ? &before : NULL, what, &after, err) < 0)
		return error_hint(err, "it is left as it is");
	return variables_add(&sealing->values, sealing->data_key, &after, what, err);
}

static int plan_document(struct sealing *sealing, struct error *err)
{
	return plan_the_document(sealing, err) < 0 ? -1 : sealing_adopt_others(sealing, err);
}

int sealing_plan(struct sealing *sealing, struct error *err)
{
	return sealing->document ? plan_document(sealing, err) : plan_per_key(sealing, err);
}
