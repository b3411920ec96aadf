#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/seal/internal.h"
#include "lib/sealed/foreign.h"

/* Checks before prompts and the login. */

static int check_data_key(const char *source, const char *name, struct error *err)
{
	if (kube_valid_data_key(name))
		return 0;
	return error_set(err, variable_error_code(source),
	    "%s: \"%s\": not a valid data key; use letters, digits, '-', '_' and '.', up to 253, "
	    "not '.' alone and not '..' first",
	    source, name);
}

static int check_names(const struct seal_task *task, struct error *err)
{
	const struct seal_changes *changes = task->changes;

	if (task->document)
		return check_data_key("--data-key", task->data_key, err);
	for (size_t i = 0; i < changes->values.count; i++)
		if (check_data_key(
			changes->values.items[i].source, changes->values.items[i].name, err) < 0)
			return -1;
	for (size_t i = 0; i < changes->renamed.count; i++)
		if (check_data_key("--rename", strchr(changes->renamed.items[i], '=') + 1, err) < 0)
			return -1;
	return 0;
}

static int check_exists(const struct seal_task *task, const char *name, struct error *err)
{
	if (kube_secret_entry(&task->existing, name))
		return 0;
	return error_set(
	    err, ERROR_NOT_FOUND, "Secret %s%s%s: no data key \"%s\"", KUBE_NAMED(task), name);
}

static int check_renamed(const struct seal_task *task, const char *item, struct error *err)
{
	const char *new_name = strchr(item, '=') + 1;
	cleanup_free char *name = strndup(item, (size_t)(new_name - 1 - item));

	if (!name)
		return error_memory(err);
	if (check_exists(task, name, err) < 0)
		return -1;
	if (kube_secret_entry(&task->existing, new_name))
		return error_set(err, ERROR_USAGE, "Secret %s%s%s: data key \"%s\" already exists",
		    KUBE_NAMED(task), new_name);
	return 0;
}

/* Check the names to unset and to rename, for the per-key layout. */
static int check_existing_names(const struct seal_task *task, struct error *err)
{
	const struct seal_changes *changes = task->changes;

	for (size_t i = 0; i < changes->unset.count; i++)
		if (check_exists(task, changes->unset.items[i], err) < 0)
			return -1;
	for (size_t i = 0; i < changes->renamed.count; i++)
		if (check_renamed(task, changes->renamed.items[i], err) < 0)
			return -1;
	if (changes->unset.count == 0 || changes->unset.count < task->existing.data_count ||
	    changes->values.count)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: refusing to remove the last value; delete the Secret with kubectl",
	    KUBE_NAMED(task));
}

static int check_foreign(const struct seal_task *task, struct error *err)
{
	const struct seal_changes *changes = task->changes;

	for (size_t i = 0; i < changes->values.count && !task->settings->force_foreign; i++) {
		const struct variable *value = &changes->values.items[i];

		if ((changes->whole_document ? foreign_check_document : foreign_check)(
			value->source, value->name, &value->value, err) < 0)
			return -1;
	}
	return 0;
}

int plan_check(struct seal_task *task, struct error *err)
{
	const struct seal_changes *changes = task->changes;

	if (changes_check(changes, err) < 0 || check_names(task, err) < 0 ||
	    check_foreign(task, err) < 0)
		return -1;
	if ((changes->unset.count || changes->renamed.count) && !task->exists)
		return error_set(err, ERROR_USAGE,
		    "--unset, --rename: they need an existing Secret, and cannot be used with "
		    "--dry-run=client or --immutable");
	return task->document ? 0 : check_existing_names(task, err);
}

/*
 * Values.
 */

static char *describe(const struct seal_task *task, const char *data_key, struct error *err)
{
	return string_format(err, "Secret %s%s%s, data key %s", KUBE_NAMED(task), data_key);
}

/* Add a plaintext to seal under `data_key`. */
static int add_value(struct seal_task *task, const char *data_key, struct secret_buffer *value,
    const char *source_key, struct error *err)
{
	cleanup_free char *source = describe(task, source_key, err);

	if (!source)
		return -1;
	return variables_add(&task->values, data_key, value, source, err);
}

static int copy_value(const struct secret_buffer *from, struct secret_buffer *to, struct error *err)
{
	return secret_buffer_append(to, secret_buffer_string(from), from->length, err);
}

/* Append the plaintext of an existing value; ciphertext is decrypted. */
static int read_entry(struct seal_task *task, const struct kube_entry *entry,
    struct secret_buffer *value, struct error *err)
{
	return sealed_entry_is_ciphertext(entry) ? encrypt_reverse(task, entry, value, err)
						 : copy_value(&entry->value, value, err);
}

/* Rename an existing value.  Unbound ciphertext is kept; bound ciphertext must be sealed again. */
static int rename_entry(
    struct seal_task *task, const struct kube_entry *entry, const char *new_name, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	if (kube_secret_rename(&task->change, entry->key, new_name, err) < 0)
		return -1;
	if (sealed_entry_is_ciphertext(entry) && task->scope == SEALED_UNBOUND)
		return copy_value(&entry->value, &value, err) < 0
			   ? -1
			   : kube_secret_add(&task->change, new_name, &value, err);
	if (read_entry(task, entry, &value, err) < 0)
		return -1;
	return add_value(task, new_name, &value, entry->key, err);
}

/*
 * Reject plaintext that another tool encrypted or, in the document layout, that is not a document.
 */
static int check_adopted(
    const struct seal_task *task, const struct kube_entry *entry, struct error *err)
{
	bool force = task->settings->force_foreign;
	const struct secret_buffer *value = &entry->value;
	cleanup_free char *what = describe(task, entry->key, err);

	if (!what)
		return -1;
	if (!force && foreign_check("data", entry->key, value, err) < 0)
		return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(&task->existing));
	if (!task->document)
		return 0;
	if (sealed_document_check(value, what, err) < 0)
		return error_hint(err,
		    "remove it from the Secret, and set it as a value of the document, because "
		    "in the document layout each data key must be a JSON object");
	if (!force && foreign_check_document("data", entry->key, value, err) < 0)
		return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(&task->existing));
	return 0;
}

/* Add an existing plaintext to seal. */
static int adopt_entry(struct seal_task *task, const struct kube_entry *entry, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	if (check_adopted(task, entry, err) < 0 || copy_value(&entry->value, &value, err) < 0)
		return -1;
	return add_value(task, entry->key, &value, entry->key, err);
}

int plan_plaintext(struct seal_task *task, struct error *err)
{
	if (task->kind == SEAL_TASK_APPLY && !task->settings->adopt)
		return 0;
	for (size_t i = 0; i < task->existing.data_count; i++) {
		const struct kube_entry *entry = &task->existing.data[i];

		if (!sealed_entry_is_ciphertext(entry) &&
		    !kube_secret_entry(&task->change, entry->key) &&
		    !variables_find(&task->values, entry->key) && adopt_entry(task, entry, err) < 0)
			return -1;
	}
	return 0;
}

static int plan_entry(struct seal_task *task, const struct kube_entry *entry, struct error *err)
{
	const struct seal_changes *changes = task->changes;
	const char *new_name = changes_new_name(changes, entry->key);

	if (new_name)
		return rename_entry(task, entry, new_name, err);
	if (strings_contain(&changes->unset, entry->key))
		return kube_secret_remove(&task->change, entry->key, err);
	return 0;
}

/* Add a copy of a new value to seal under `data_key`. */
static int add_new(
    struct seal_task *task, const char *data_key, const struct variable *value, struct error *err)
{
	cleanup_secret struct secret_buffer copy = SECRET_BUFFER_INIT;

	if (copy_value(&value->value, &copy, err) < 0)
		return -1;
	return variables_add(&task->values, data_key, &copy, value->source, err);
}

static int plan_per_key(struct seal_task *task, struct error *err)
{
	const struct variables *values = &task->changes->values;

	for (size_t i = 0; i < task->existing.data_count; i++)
		if (plan_entry(task, &task->existing.data[i], err) < 0)
			return -1;
	for (size_t i = 0; i < values->count; i++)
		if (add_new(task, values->items[i].name, &values->items[i], err) < 0)
			return -1;
	return 0;
}

static int plan_document(struct seal_task *task, struct error *err)
{
	cleanup_secret struct secret_buffer before = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer after = SECRET_BUFFER_INIT;
	const struct kube_entry *entry = kube_secret_entry(&task->existing, task->data_key);
	const struct seal_changes *changes = task->changes;

	if (changes->whole_document)
		return add_new(task, task->data_key, &changes->values.items[0], err);
	cleanup_free char *what = describe(task, task->data_key, err);
	if (!what || (entry && read_entry(task, entry, &before, err) < 0))
		return -1;
	if (changes_apply(changes, entry ? &before : NULL, what, &after, err) < 0)
		return error_wrap(err, "the Secret was not changed");
	return variables_add(&task->values, task->data_key, &after, what, err);
}

int plan_values(struct seal_task *task, struct error *err)
{
	if ((task->document ? plan_document : plan_per_key)(task, err) < 0)
		return -1;
	return plan_plaintext(task, err);
}
