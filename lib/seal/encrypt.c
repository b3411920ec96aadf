#include <stdlib.h>
#include <string.h>

#include "lib/seal/sealing.h"

static void free_items(struct transit_item *items, size_t count)
{
	transit_items_free(items, count);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)items[i].context);
	free(items);
}

/* Give an item the context that a data key's value is bound with, if it is. */
static int bind_item(const struct sealing *sealing, const char *data_key, struct transit_item *item,
    struct error *err)
{
	if (sealing->scope == SEALED_UNBOUND)
		return 0;
	item->context = sealed_context(
	    sealing->scope, sealing->servers->namespace, sealing->name, data_key, err);
	return item->context ? 0 : -1;
}

static int take_entry(const struct sealing *sealing, const struct kube_entry *entry,
    struct transit_item *item, struct error *err)
{
	item->input = secret_buffer_string(&entry->value);
	item->input_length = entry->value.length;
	return bind_item(sealing, entry->key, item, err);
}

static int transit(struct sealing *sealing, enum transit_operation operation,
    struct transit_item *items, size_t count, struct error *err)
{
	struct servers *servers = sealing->servers;

	return transit_batch(
	    servers->client, &servers->vault, &sealing->key, operation, items, count, err);
}

/* One item a value: its bytes and its context. */
static struct transit_item *make_items(const struct sealing *sealing, struct error *err)
{
	const struct variables *values = &sealing->values;
	struct transit_item *items = calloc(values->count, sizeof(*items));

	if (!items) {
		error_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < values->count; i++) {
		items[i].input = secret_buffer_string(&values->items[i].value);
		items[i].input_length = values->items[i].value.length;
		items[i].key_version = sealing->settings->key_version;
		if (bind_item(sealing, values->items[i].name, &items[i], err) < 0) {
			free_items(items, values->count);
			return NULL;
		}
	}
	return items;
}

/* Run one operation over all items; the first that the server refuses is the error. */
static int run_batch(struct sealing *sealing, enum transit_operation operation, const char *doing,
    struct transit_item *items, struct error *err)
{
	const struct variables *values = &sealing->values;

	if (transit(sealing, operation, items, values->count, err) < 0)
		return -1;
	for (size_t i = 0; i < values->count; i++)
		if (items[i].error)
			return error_set(err, ERROR_REJECTED,
			    "%s %s with Transit key %s/%s: %s: nothing was written", doing,
			    values->items[i].name, sealing->key.mount, sealing->key.name,
			    items[i].error);
	return 0;
}

/* Decrypt once what was sealed: Vault encrypts values that it can't decrypt again. */
static int verify(struct sealing *sealing, const struct transit_item *sealed, struct error *err)
{
	size_t count = sealing->values.count;
	struct transit_item *items = calloc(count, sizeof(*items));

	if (!items)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct transit_item){.input = sealed[i].output.data,
		    .input_length = sealed[i].output.length,
		    .context = sealed[i].context};
	int result = run_batch(sealing, TRANSIT_DECRYPT, "reading back", items, err);
	if (result < 0 && err->code == ERROR_DENIED)
		error_hint(err, "or skip it with --no-verify");
	for (size_t i = 0; result == 0 && i < count; i++)
		if (!secret_buffer_equal(&items[i].output, &sealing->values.items[i].value))
			result = error_set(err, ERROR_INVALID,
			    "reading back %s: it decrypts to something else: nothing was written",
			    sealing->values.items[i].name);
	transit_items_free(items, count);
	free(items);
	return result;
}

/*
 * The annotations speak for the values that stay, too.  Whoever changed them could so have a new
 * value sealed with another key or bound to less: what stays must decrypt as they say.
 */
static int check_kept(struct sealing *sealing, struct error *err)
{
	const struct kube_secret *secret = &sealing->existing;
	size_t count = 0;
	int result = 0;
	struct transit_item *items = calloc(secret->data_count + 1, sizeof(*items));

	if (!items)
		return error_memory(err);
	for (size_t i = 0; result == 0 && i < secret->data_count; i++)
		if (sealing_keeps(sealing, &secret->data[i]))
			result = take_entry(sealing, &secret->data[i], &items[count++], err);
	if (result == 0)
		result = transit(sealing, TRANSIT_DECRYPT, items, count, err);
	for (size_t i = 0; result == 0 && i < count; i++)
		if (items[i].error)
			result = error_set(err, ERROR_INVALID,
			    "Secret %s/%s: a value that would be kept does not decrypt with "
			    "Transit key %s/%s, scope %s (%s): were its annotations changed? "
			    "nothing was written",
			    secret->namespace, secret->name, sealing->key.mount, sealing->key.name,
			    sealed_scope_name(sealing->scope), items[i].error);
	free_items(items, count);
	return result;
}

int sealing_decrypt(struct sealing *sealing, const struct kube_entry *entry,
    struct secret_buffer *plaintext, struct error *err)
{
	struct transit_item *item = calloc(1, sizeof(*item));

	if (!item)
		return error_memory(err);
	int result = take_entry(sealing, entry, item, err);
	if (result == 0)
		result = transit(sealing, TRANSIT_DECRYPT, item, 1, err);
	if (result == 0 && item->error)
		result = error_set(err, ERROR_INVALID,
		    "Secret %s/%s, data key %s: it does not decrypt with Transit key %s/%s, scope "
		    "%s: %s",
		    sealing->existing.namespace, sealing->existing.name, entry->key,
		    sealing->key.mount, sealing->key.name, sealed_scope_name(sealing->scope),
		    item->error);
	if (result == 0)
		secret_buffer_move(plaintext, &item->output);
	free_items(item, 1);
	return result;
}

static int take_ciphertexts(struct sealing *sealing, struct transit_item *items, struct error *err)
{
	int64_t version;

	for (size_t i = 0; i < sealing->values.count; i++) {
		struct secret_buffer *ciphertext = &items[i].output;
		if (sealed_version(ciphertext->data, ciphertext->length, &version, err) < 0)
			return error_wrap(err, "Vault's answer to encrypt");
		if (kube_secret_add(
			&sealing->change, sealing->values.items[i].name, ciphertext, err) < 0)
			return -1;
	}
	return 0;
}

/* What is written and what stays must fit into one Secret together. */
static int check_size(const struct sealing *sealing, struct error *err)
{
	size_t bytes = 0;

	for (size_t i = 0; i < sealing->change.data_count; i++)
		bytes += sealing->change.data[i].value.length;
	for (size_t i = 0; i < sealing->existing.data_count; i++)
		if (!kube_secret_entry(&sealing->change, sealing->existing.data[i].key))
			bytes += sealing->existing.data[i].value.length;
	if (bytes <= KUBE_SECRET_BYTES_MAX)
		return 0;
	return error_set(err, ERROR_TOO_LARGE,
	    "Secret %s: its ciphertexts have %zu bytes, and a Secret holds %zu: seal some of it "
	    "into another",
	    sealing->name, bytes, KUBE_SECRET_BYTES_MAX);
}

static int encrypt(struct sealing *sealing, struct error *err)
{
	if (sealing->values.count == 0)
		return 0;
	struct transit_item *items = make_items(sealing, err);
	if (!items)
		return -1;
	int result = run_batch(sealing, TRANSIT_ENCRYPT, "sealing", items, err);
	if (result == 0 && !sealing->settings->no_verify)
		result = verify(sealing, items, err);
	if (result == 0)
		result = take_ciphertexts(sealing, items, err);
	free_items(items, sealing->values.count);
	return result;
}

int sealing_encrypt(struct sealing *sealing, struct error *err)
{
	if (sealing->exists && !sealing->settings->no_verify && check_kept(sealing, err) < 0)
		return -1;
	return encrypt(sealing, err) < 0 ? -1 : check_size(sealing, err);
}
