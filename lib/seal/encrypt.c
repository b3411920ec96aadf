#include <stdlib.h>
#include <string.h>

#include "lib/seal/internal.h"

/*
 * Items.
 */

int encrypt_item_fill(struct transit_item *item, const struct secret_buffer *input,
    enum sealed_scope scope, const char *namespace, const char *name, const char *data_key,
    struct error *err)
{
	item->input = secret_buffer_string(input);
	item->input_length = input->length;
	if (scope == SEALED_UNBOUND)
		return 0;
	item->context = sealed_context(scope, namespace, name, data_key, err);
	return item->context ? 0 : -1;
}

void encrypt_items_free(struct transit_item *items, size_t count)
{
	transit_items_free(items, count);
	for (size_t i = 0; items && i < count; i++)
		free((char *)(uintptr_t)items[i].context);
	free(items);
}

/* Fill an item for a value of the task's Secret. */
static int fill_item(const struct seal_task *task, const struct secret_buffer *input,
    const char *data_key, struct transit_item *item, struct error *err)
{
	return encrypt_item_fill(
	    item, input, task->scope, task->namespace, task->name, data_key, err);
}

static int run_transit(const struct seal_task *task, enum transit_operation operation,
    struct transit_item *items, size_t count, struct error *err)
{
	struct seal_session *session = task->session;

	return transit_batch(
	    session->client, &session->vault, &task->key, operation, items, count, err);
}

/* A batch: the values of all Secrets that use the same key. */

/* The source of an item: either a new value, or existing ciphertext that must decrypt. */
struct item_source {
	struct seal_task *task;
	const struct variable *value;
	const struct kube_entry *existing;
};

struct batch {
	struct seal_task *const *tasks;
	size_t task_count;
	struct transit_item *items;
	struct item_source *sources; /* of the items */
	size_t count, new_count;     /* new values come first */
	struct seal_task *current;   /* the task that an error is about; NULL: all */
};

static int allocate_items(struct batch *batch, struct error *err)
{
	size_t count = 1;

	for (size_t i = 0; i < batch->task_count; i++)
		count += batch->tasks[i]->values.count + batch->tasks[i]->existing.data_count;
	batch->items = calloc(count, sizeof(*batch->items));
	batch->sources = calloc(count, sizeof(*batch->sources));
	return batch->items && batch->sources ? 0 : error_memory(err);
}

static int add_new(struct batch *batch, struct seal_task *task, struct error *err)
{
	for (size_t i = 0; i < task->values.count; i++) {
		const struct variable *value = &task->values.items[i];
		struct transit_item *item = &batch->items[batch->count];

		batch->sources[batch->count++] = (struct item_source){task, value, NULL};
		item->key_version = task->settings->key_version;
		if (fill_item(task, &value->value, value->name, item, err) < 0)
			return -1;
		if (transit_check_size(item, TRANSIT_ENCRYPT, err) < 0)
			return error_wrap(err, "%s", value->name);
	}
	return 0;
}

/* Reject new values with key or scope from annotations, which --no-verify does not prove. */
static int check_annotations(const struct seal_task *task, struct error *err)
{
	bool scope = task->scope > SEALED_STRICT;

	if (!task->from_annotations || task->values.count == 0)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: with --no-verify its annotations do not count; to use them, pass "
	    "--transit-key %s/%s%s%s",
	    KUBE_NAMED(&task->existing), task->key.mount, task->key.name, scope ? " --scope " : "",
	    scope ? sealed_scope_name(task->scope) : "");
}

/* Return true if the entry is ciphertext that the task does not replace or remove. */
static bool stays(const struct seal_task *task, const struct kube_entry *entry)
{
	return sealed_entry_is_ciphertext(entry) && !kube_secret_entry(&task->change, entry->key) &&
	       !variables_find(&task->values, entry->key);
}

/* Return true if existing ciphertext must decrypt, because it stays or proves the annotations. */
static bool must_decrypt(const struct seal_task *task, const struct kube_entry *entry)
{
	return stays(task, entry) ||
	       (task->from_annotations && task->values.count && sealed_entry_is_ciphertext(entry));
}

static int add_existing(struct batch *batch, struct seal_task *task, struct error *err)
{
	if (!task->exists)
		return 0;
	if (task->settings->no_verify)
		return check_annotations(task, err);
	for (size_t i = 0; i < task->existing.data_count; i++) {
		const struct kube_entry *entry = &task->existing.data[i];
		struct transit_item *item = &batch->items[batch->count];

		if (!must_decrypt(task, entry))
			continue;
		batch->sources[batch->count++] = (struct item_source){task, NULL, entry};
		if (fill_item(task, &entry->value, entry->key, item, err) < 0)
			return -1;
	}
	return 0;
}

static int each_task(struct batch *batch,
    int (*run)(struct batch *batch, struct seal_task *task, struct error *err), struct error *err)
{
	for (size_t i = 0; i < batch->task_count; i++) {
		batch->current = batch->tasks[i];
		if (run(batch, batch->current, err) < 0)
			return -1;
	}
	batch->current = NULL;
	return 0;
}

/*
 * Check that all values fit into one Secret.  A value that is not sealed yet counts with the length
 * of its base64, which is less than the length of its ciphertext.
 */
static int check_size(struct batch *batch, struct seal_task *task, struct error *err)
{
	const struct kube_secret *change = &task->change;
	const struct kube_secret *existing = &task->existing;
	size_t bytes = 0;

	(void)batch;
	for (size_t i = 0; i < task->values.count; i++)
		if (!kube_secret_entry(change, task->values.items[i].name))
			bytes += (task->values.items[i].value.length + 2) / 3 * 4;
	for (size_t i = 0; i < change->data_count; i++)
		bytes += change->data[i].value.length;
	for (size_t i = 0; i < existing->data_count; i++)
		if (!kube_secret_entry(change, existing->data[i].key) &&
		    !variables_find(&task->values, existing->data[i].key))
			bytes += existing->data[i].value.length;
	if (bytes <= KUBE_SECRET_BYTES_MAX)
		return 0;
	return error_set(err, ERROR_TOO_LARGE,
	    "Secret %s: its ciphertexts have at least %zu bytes, and a Secret holds %zu; seal some "
	    "values into another Secret",
	    task->name, bytes, KUBE_SECRET_BYTES_MAX);
}

/* Reject --create-key if existing ciphertext must decrypt: a new key cannot decrypt it. */
static int check_none_existing(struct batch *batch, struct seal_task *task, struct error *err)
{
	const struct kube_secret *secret = &task->existing;

	(void)batch;
	for (size_t i = 0; i < secret->data_count; i++)
		if (must_decrypt(task, &secret->data[i]))
			return error_set(err, ERROR_NOT_FOUND,
			    "--create-key: Secret %s%s%s: data key \"%s\" is sealed with Transit "
			    "key %s/%s, which no longer exists; restore the key, because a new one would not "
			    "decrypt it",
			    KUBE_NAMED(secret), secret->data[i].key, task->key.mount,
			    task->key.name);
	return 0;
}

/* Create a missing key, unless there is nothing to encrypt. */
static int create_key(struct batch *batch, struct error *err)
{
	if (batch->new_count == 0 || !batch->tasks[0]->key_missing)
		return 0;
	if (each_task(batch, check_none_existing, err) < 0 ||
	    resolve_create_key(batch->tasks[0], err) < 0)
		return -1;
	for (size_t i = 0; i < batch->task_count; i++)
		batch->tasks[i]->key_missing = false;
	return 0;
}

static int check_encrypted(
    const struct item_source *source, const struct transit_item *item, struct error *err)
{
	const struct transit_key *key = &source->task->key;
	const struct secret_buffer *output = &item->output;
	int64_t version;

	if (!item->error &&
	    sealed_version(secret_buffer_string(output), output->length, &version, err) == 0)
		return 0;
	return error_set(err, ERROR_REJECTED,
	    "sealing %s with Transit key %s/%s: %s (nothing was written)", source->value->name,
	    key->mount, key->name,
	    item->error ? item->error : "Vault's answer is not a ciphertext");
}

static int check_decrypted(
    const struct item_source *source, const struct transit_item *item, struct error *err)
{
	const struct seal_task *task = source->task;

	if (item->error)
		return error_set(err, ERROR_REJECTED,
		    "verifying %s with Transit key %s/%s: %s (nothing was written)",
		    source->value->name, task->key.mount, task->key.name, item->error);
	if (secret_buffer_equal(&item->output, &source->value->value))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "verifying %s: decrypts to another value, and nothing was written",
	    source->value->name);
}

/*
 * Check that existing ciphertext was decrypted.  New values may use the key and scope of
 * annotations.  A forged annotation could choose another key or a wider scope, so all existing
 * ciphertext must decrypt with them.
 */
static int check_existing(
    const struct item_source *source, const struct transit_item *item, struct error *err)
{
	const struct seal_task *task = source->task;
	const struct kube_secret *secret = &task->existing;

	if (!item->error)
		return 0;
	if (stays(task, source->existing))
		return error_set(err, ERROR_INVALID,
		    "Secret %s%s%s: a value that stays does not decrypt with Transit key %s/%s, "
		    "scope %s (%s), and nothing was written; check its annotations",
		    KUBE_NAMED(secret), task->key.mount, task->key.name,
		    sealed_scope_name(task->scope), item->error);
	return error_set(err, ERROR_INVALID,
	    "Secret %s%s%s: data key %s does not decrypt with Transit key %s/%s, scope %s (%s), and "
	    "nothing was written; correct the annotations, or pass --transit-key and --scope to "
	    "replace the value",
	    KUBE_NAMED(secret), source->existing->key, task->key.mount, task->key.name,
	    sealed_scope_name(task->scope), item->error);
}

static int encrypt_items(struct batch *batch, struct error *err)
{
	if (run_transit(batch->tasks[0], TRANSIT_ENCRYPT, batch->items, batch->new_count, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->new_count; i++) {
		batch->current = batch->sources[i].task;
		if (check_encrypted(&batch->sources[i], &batch->items[i], err) < 0)
			return -1;
	}
	batch->current = NULL;
	return 0;
}

static int check_all(struct batch *batch, const struct transit_item *items, struct error *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct item_source *source = &batch->sources[i];

		batch->current = source->task;
		if ((source->existing ? check_existing : check_decrypted)(source, &items[i], err) <
		    0)
			return -1;
	}
	batch->current = NULL;
	return 0;
}

/* Decrypt all items to verify them.  Vault also encrypts values that are too large to decrypt. */
static int verify_items(struct batch *batch, struct transit_item *items, struct error *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct transit_item *item = &batch->items[i];

		items[i] = (struct transit_item){.context = item->context,
		    .input = item->input,
		    .input_length = item->input_length};
		if (i < batch->new_count) {
			items[i].input = secret_buffer_string(&item->output);
			items[i].input_length = item->output.length;
		}
	}
	if (run_transit(batch->tasks[0], TRANSIT_DECRYPT, items, batch->count, err) < 0)
		return err->code == ERROR_DENIED ? error_hint(err, "or pass --no-verify") : -1;
	return check_all(batch, items, err);
}

static int verify_batch(struct batch *batch, struct error *err)
{
	struct transit_item *items = calloc(batch->count + 1, sizeof(*items));

	if (!items)
		return error_memory(err);
	int result = verify_items(batch, items, err);
	transit_items_free(items, batch->count);
	free(items);
	return result;
}

static int take_ciphertexts(struct batch *batch, struct error *err)
{
	for (size_t i = 0; i < batch->new_count; i++) {
		const struct item_source *source = &batch->sources[i];

		if (kube_secret_add(&source->task->change, source->value->name,
			&batch->items[i].output, err) < 0)
			return -1;
	}
	return 0;
}

static int run_batch(struct batch *batch, struct error *err)
{
	if (allocate_items(batch, err) < 0 || each_task(batch, add_new, err) < 0)
		return -1;
	batch->new_count = batch->count;
	if (each_task(batch, add_existing, err) < 0 || each_task(batch, check_size, err) < 0 ||
	    create_key(batch, err) < 0 || encrypt_items(batch, err) < 0)
		return -1;
	if (!batch->tasks[0]->settings->no_verify && verify_batch(batch, err) < 0)
		return -1;
	return take_ciphertexts(batch, err) < 0 ? -1 : each_task(batch, check_size, err);
}

static bool has_same_key(const struct seal_task *a, const struct seal_task *b)
{
	return strcmp(a->key.mount, b->key.mount) == 0 && strcmp(a->key.name, b->key.name) == 0;
}

/* Move the tasks with the same key as the first task to the front, and return their number. */
static size_t group_by_key(struct seal_task **tasks, size_t count)
{
	size_t grouped = 1;

	for (size_t i = 1; i < count; i++)
		if (has_same_key(tasks[0], tasks[i])) {
			struct seal_task *other = tasks[grouped];
			tasks[grouped++] = tasks[i];
			tasks[i] = other;
		}
	return grouped;
}

int encrypt_tasks(
    struct seal_task *const *tasks, size_t count, struct seal_task **failed, struct error *err)
{
	struct seal_task **rest = calloc(count + 1, sizeof(struct seal_task *));
	int result = 0;

	*failed = NULL;
	if (!rest)
		return error_memory(err);
	memcpy(rest, tasks, count * sizeof(struct seal_task *));
	for (size_t at = 0, length; result == 0 && at < count; at += length) {
		length = group_by_key(rest + at, count - at);
		struct batch batch = {.tasks = rest + at, .task_count = length};
		result = run_batch(&batch, err);
		*failed = batch.current;
		encrypt_items_free(batch.items, batch.count);
		free(batch.sources);
	}
	free(rest);
	return result;
}

int encrypt_values(struct seal_task *task, struct error *err)
{
	struct seal_task *failed;

	/* With check_only the key is not created, and nothing more can be checked without it. */
	if (task->settings->check_only && task->key_missing)
		return 0;
	return encrypt_tasks(&task, 1, &failed, err);
}

int encrypt_reverse(struct seal_task *task, const struct kube_entry *entry,
    struct secret_buffer *plaintext, struct error *err)
{
	struct transit_item *item = calloc(1, sizeof(*item));

	if (!item)
		return error_memory(err);
	int result = fill_item(task, &entry->value, entry->key, item, err);
	if (result == 0)
		result = run_transit(task, TRANSIT_DECRYPT, item, 1, err);
	if (result == 0 && item->error)
		result = error_set(err, ERROR_INVALID,
		    "Secret %s%s%s, data key %s: does not decrypt with Transit key %s/%s, scope %s: %s",
		    KUBE_NAMED(&task->existing), entry->key, task->key.mount, task->key.name,
		    sealed_scope_name(task->scope), item->error);
	if (result == 0)
		secret_buffer_move(plaintext, &item->output);
	encrypt_items_free(item, 1);
	return result;
}
