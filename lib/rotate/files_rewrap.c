#include "lib/rotate/files_rewrap.h"

#include <stdlib.h>

#include "lib/base/cleanup.h"

static const struct kube_entry *entry_of(const struct files_value *value)
{
	return &value->secret->found->object.data[value->entry];
}

/* In one batch all have a context or none has (Vault's rule). */
static int compare(const void *left, const void *right)
{
	const struct files_value *a = *(struct files_value *const *)left;
	const struct files_value *b = *(struct files_value *const *)right;

	if (a->secret->key != b->secret->key)
		return a->secret->key < b->secret->key ? -1 : 1;
	if ((a->context == NULL) != (b->context == NULL))
		return a->context == NULL ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static bool go_together(const struct files_value *a, const struct files_value *b)
{
	return a->secret->key == b->secret->key && (a->context == NULL) == (b->context == NULL);
}

/* Vault says the same of a wrong context as of a garbled ciphertext. */
static void hint_binding(const struct files_value *value, struct error *reason)
{
	const struct files_secret *secret = value->secret;

	if (secret->scope == SEALED_STRICT)
		error_hint(reason, "was it sealed for %s/%s?", secret->namespace,
		    secret->found->object.name);
	else if (secret->scope == SEALED_NAMESPACE_WIDE)
		error_hint(reason, "was it sealed for namespace %s?", secret->namespace);
}

/* What came is ciphertext of the newest version, and Vault can decrypt it again. */
static int check_output(const struct files_value *value, const struct keyset_key *key,
    const struct transit_item *item, struct error *reason)
{
	const struct secret_buffer *output = &item->output;
	int64_t version;

	if (item->error) {
		error_set(reason, ERROR_REJECTED, "Vault can't rewrap it: %s", item->error);
		hint_binding(value, reason);
		return -1;
	}
	if (sealed_version(secret_buffer_string(output), output->length, &version, reason) < 0 ||
	    version < key->wanted_version)
		return error_set(reason, ERROR_INVALID,
		    "Vault's answer to rewrap is no ciphertext of the newest version");
	if (output->length > TRANSIT_CIPHERTEXT_MAX)
		return error_set(reason, ERROR_TOO_LARGE,
		    "its new ciphertext would have %zu characters, and Vault decrypts no more than "
		    "%zu: seal it again in two parts",
		    output->length, TRANSIT_CIPHERTEXT_MAX);
	return 0;
}

static int take(struct files_run *run, const struct files_value *value, struct transit_item *item,
    struct error *err)
{
	struct files_secret *secret = value->secret;
	const struct kube_entry *entry = entry_of(value);
	size_t length = item->output.length;
	struct error reason = ERROR_INIT;

	if (check_output(value, secret->key, item, &reason) < 0) {
		files_complain_secret(run, value->document, secret, entry, &reason);
		return 0;
	}
	if (kube_secret_add(&secret->change, entry->key, &item->output, err) < 0)
		return -1;
	secret->bytes = secret->bytes - entry->value.length + length;
	return 0;
}

/* None of them could be: each Secret is told once. */
static void complain_batch(const struct files_run *run, struct files_value *const *values,
    size_t count, const struct error *reason)
{
	const struct files_secret *latest = NULL;

	for (size_t i = 0; i < count; i++) {
		struct error copy = *reason;
		if (values[i]->secret != latest)
			files_complain_secret(
			    run, values[i]->document, values[i]->secret, NULL, &copy);
		latest = values[i]->secret;
	}
}

static int run_batch(struct files_run *run, struct files_value *const *values,
    struct transit_item *items, size_t count, struct error *err)
{
	const struct keyset_key *key = values[0]->secret->key;

	for (size_t i = 0; i < count; i++) {
		const struct kube_entry *entry = entry_of(values[i]);
		items[i] = (struct transit_item){.input = secret_buffer_string(&entry->value),
		    .input_length = entry->value.length,
		    .context = values[i]->context};
	}
	if (vault_session_renew(run->client, &run->vault, &run->settings->session, err) < 0)
		return -1;
	if (transit_batch(run->client, &run->vault, &key->key, TRANSIT_REWRAP, items, count, err) <
	    0) {
		if (error_is_outage(err))
			return -1;
		complain_batch(run, values, count, err);
		error_clear(err);
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		if (take(run, values[i], &items[i], err) < 0)
			return -1;
	return 0;
}

static int rewrap_batch(
    struct files_run *run, struct files_value *const *values, size_t count, struct error *err)
{
	struct transit_item *items = calloc(count, sizeof(*items));

	if (!items)
		return error_memory(err);
	int result = run_batch(run, values, items, count, err);
	transit_items_free(items, count);
	free(items);
	return result;
}

int files_rewrap(
    struct files_run *run, struct files_value **values, size_t count, struct error *err)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), compare);
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first + 1; end < count && end - first < TRANSIT_BATCH_ITEMS &&
				      go_together(values[first], values[end]);)
			end++;
		if (rewrap_batch(run, values + first, end - first, err) < 0)
			return -1;
	}
	return 0;
}
