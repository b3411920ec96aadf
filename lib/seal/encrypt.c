#include <stdlib.h>
#include <string.h>

#include "lib/seal/internal.h"

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
	item->context =
	    sealed_context(sealing->scope, sealing->namespace, sealing->name, data_key, err);
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
	struct seal_session *session = sealing->session;

	return transit_batch(
	    session->client, &session->vault, &sealing->key, operation, items, count, err);
}

/*
 * Batches: the values of all Secrets that are sealed with one key.
 */

/* Where an item comes from: a new value, or one of the existing Secret that stays. */
struct origin {
	struct sealing *sealing;
	const struct variable *value;
	const struct kube_entry *kept;
};

struct batch {
	struct sealing *const *sealings;
	size_t sealing_count;
	struct transit_item *items;
	struct origin *origins;
	size_t count, fresh; /* the new values come first */
	struct sealing *failed;
};

static void free_batch(struct batch *batch)
{
	free_items(batch->items, batch->count);
	free(batch->origins);
}

static int allocate_batch(struct batch *batch, struct error *err)
{
	size_t count = 1;

	for (size_t i = 0; i < batch->sealing_count; i++)
		count += batch->sealings[i]->values.count + batch->sealings[i]->existing.data_count;
	batch->items = calloc(count, sizeof(*batch->items));
	batch->origins = calloc(count, sizeof(*batch->origins));
	return batch->items && batch->origins ? 0 : error_memory(err);
}

static int add_values(struct batch *batch, struct sealing *sealing, struct error *err)
{
	for (size_t i = 0; i < sealing->values.count; i++) {
		const struct variable *value = &sealing->values.items[i];
		struct transit_item *item = &batch->items[batch->count];

		item->input = secret_buffer_string(&value->value);
		item->input_length = value->value.length;
		item->key_version = sealing->settings->key_version;
		batch->origins[batch->count++] = (struct origin){sealing, value, NULL};
		if (transit_check_size(item, TRANSIT_ENCRYPT, err) < 0) {
			batch->failed = sealing;
			return error_wrap(err, "%s", value->name);
		}
		if (bind_item(sealing, value->name, item, err) < 0)
			return -1;
	}
	return 0;
}

/* Without decrypting, annotations prove nothing. */
static int check_unclaimed(struct batch *batch, struct sealing *sealing, struct error *err)
{
	if (!sealing->claimed || sealing->values.count == 0)
		return 0;
	batch->failed = sealing;
	return error_set(err, ERROR_USAGE,
	    "Secret %s%s%s: with --no-verify its annotations do not count: pass --transit-key "
	    "%s/%s%s%s, "
	    "if that is meant",
	    KUBE_NAMED(&sealing->existing), sealing->key.mount, sealing->key.name,
	    sealing->scope > SEALED_STRICT ? " and --scope " : "",
	    sealing->scope > SEALED_STRICT ? sealed_scope_name(sealing->scope) : "");
}

static int add_kept(struct batch *batch, struct sealing *sealing, struct error *err)
{
	if (!sealing->exists)
		return 0;
	if (sealing->settings->no_verify)
		return check_unclaimed(batch, sealing, err);
	for (size_t i = 0; i < sealing->existing.data_count; i++) {
		const struct kube_entry *entry = &sealing->existing.data[i];

		if (!sealing_must_decrypt(sealing, entry))
			continue;
		batch->origins[batch->count] = (struct origin){sealing, NULL, entry};
		if (take_entry(sealing, entry, &batch->items[batch->count++], err) < 0)
			return -1;
	}
	return 0;
}

static int fill_batch(struct batch *batch, struct error *err)
{
	if (allocate_batch(batch, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->sealing_count; i++)
		if (add_values(batch, batch->sealings[i], err) < 0)
			return -1;
	batch->fresh = batch->count;
	for (size_t i = 0; i < batch->sealing_count; i++)
		if (add_kept(batch, batch->sealings[i], err) < 0)
			return -1;
	return 0;
}

static int check_encrypted(
    const struct origin *origin, const struct transit_item *item, struct error *err)
{
	const struct transit_key *key = &origin->sealing->key;
	const struct secret_buffer *output = &item->output;
	int64_t version;

	if (!item->error &&
	    sealed_version(secret_buffer_string(output), output->length, &version, err) == 0)
		return 0;
	return error_set(err, ERROR_REJECTED,
	    "sealing %s with Transit key %s/%s: %s: nothing was written", origin->value->name,
	    key->mount, key->name,
	    item->error ? item->error : "Vault's answer is not a ciphertext");
}

static int encrypt(struct batch *batch, struct error *err)
{
	struct sealing *first = batch->sealings[0];

	if (transit(first, TRANSIT_ENCRYPT, batch->items, batch->fresh, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->fresh; i++)
		if (check_encrypted(&batch->origins[i], &batch->items[i], err) < 0) {
			batch->failed = batch->origins[i].sealing;
			return -1;
		}
	return 0;
}

static int check_fresh(
    const struct origin *origin, const struct transit_item *item, struct error *err)
{
	const struct sealing *sealing = origin->sealing;

	if (item->error)
		return error_set(err, ERROR_REJECTED,
		    "reading back %s with Transit key %s/%s: %s: nothing was written",
		    origin->value->name, sealing->key.mount, sealing->key.name, item->error);
	if (secret_buffer_equal(&item->output, &origin->value->value))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "reading back %s: it decrypts to something else: nothing was written",
	    origin->value->name);
}

/*
 * The annotations decide for new values.  Whoever changed them could so have one sealed with
 * another key or bound to less: all ciphertext that is there must decrypt as they claim.
 */
static int check_kept(
    const struct origin *origin, const struct transit_item *item, struct error *err)
{
	const struct sealing *sealing = origin->sealing;
	const struct kube_secret *secret = &sealing->existing;

	if (!item->error)
		return 0;
	if (!sealing_keeps(sealing, origin->kept))
		return error_set(err, ERROR_INVALID,
		    "Secret %s%s%s: data key %s does not decrypt with Transit key %s/%s, scope %s "
		    "(%s): were its annotations changed? nothing was written; correct them, or, "
		    "to replace the value, pass --transit-key and --scope",
		    KUBE_NAMED(secret), origin->kept->key, sealing->key.mount, sealing->key.name,
		    sealed_scope_name(sealing->scope), item->error);
	return error_set(err, ERROR_INVALID,
	    "Secret %s%s%s: a value that would be kept does not decrypt with Transit key %s/%s, "
	    "scope %s (%s): were its annotations changed? nothing was written",
	    KUBE_NAMED(secret), sealing->key.mount, sealing->key.name,
	    sealed_scope_name(sealing->scope), item->error);
}

/* Decrypt once what was sealed: Vault encrypts values that it can't decrypt again. */
static int verify_items(struct batch *batch, struct transit_item *items, struct error *err)
{
	for (size_t i = 0; i < batch->count; i++) {
		items[i] = batch->items[i];
		items[i].output = (struct secret_buffer)SECRET_BUFFER_INIT;
		items[i].error = NULL;
		items[i].key_version = 0;
		if (i >= batch->fresh)
			continue;
		items[i].input = secret_buffer_string(&batch->items[i].output);
		items[i].input_length = batch->items[i].output.length;
	}
	if (transit(batch->sealings[0], TRANSIT_DECRYPT, items, batch->count, err) < 0)
		return err->code == ERROR_DENIED ? error_hint(err, "or skip it with --no-verify")
						 : -1;
	for (size_t i = 0; i < batch->count; i++) {
		const struct origin *origin = &batch->origins[i];

		if ((origin->kept ? check_kept : check_fresh)(origin, &items[i], err) < 0) {
			batch->failed = origin->sealing;
			return -1;
		}
	}
	return 0;
}

static int verify(struct batch *batch, struct error *err)
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
	int64_t version;

	for (size_t i = 0; i < batch->fresh; i++) {
		struct secret_buffer *ciphertext = &batch->items[i].output;
		struct sealing *sealing = batch->origins[i].sealing;

		if (sealed_version(
			secret_buffer_string(ciphertext), ciphertext->length, &version, err) < 0)
			return error_wrap(err, "Vault's answer to encrypt");
		if (kube_secret_add(
			&sealing->change, batch->origins[i].value->name, ciphertext, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * What is written and what stays must fit into one Secret together.  A value that is not sealed yet
 * counts as the base64 that its ciphertext holds at least.
 */
static int check_size(const struct sealing *sealing, struct error *err)
{
	const struct kube_secret *change = &sealing->change;
	size_t bytes = 0;

	for (size_t i = 0; i < sealing->values.count; i++)
		if (!kube_secret_entry(change, sealing->values.items[i].name))
			bytes += (sealing->values.items[i].value.length + 2) / 3 * 4;
	for (size_t i = 0; i < change->data_count; i++)
		bytes += change->data[i].value.length;
	for (size_t i = 0; i < sealing->existing.data_count; i++)
		if (!kube_secret_entry(change, sealing->existing.data[i].key) &&
		    !variables_find(&sealing->values, sealing->existing.data[i].key))
			bytes += sealing->existing.data[i].value.length;
	if (bytes <= KUBE_SECRET_BYTES_MAX)
		return 0;
	return error_set(err, ERROR_TOO_LARGE,
	    "Secret %s: its ciphertexts have at least %zu bytes, and a Secret holds %zu: seal some "
	    "of it "
	    "into another",
	    sealing->name, bytes, KUBE_SECRET_BYTES_MAX);
}

static int check_sizes(struct batch *batch, struct error *err)
{
	for (size_t i = 0; i < batch->sealing_count; i++)
		if (check_size(batch->sealings[i], err) < 0) {
			batch->failed = batch->sealings[i];
			return -1;
		}
	return 0;
}

/* The key where it is missing, unless nothing is to be sealed with it. */
static int make_key(struct batch *batch, struct error *err)
{
	struct sealing *first = batch->sealings[0];

	if (batch->fresh == 0 || !first->key_missing)
		return 0;
	for (size_t i = 0; i < batch->sealing_count; i++)
		if (sealing_check_none_kept(batch->sealings[i], err) < 0) {
			batch->failed = batch->sealings[i];
			return -1;
		}
	if (sealing_make_key(first, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->sealing_count; i++)
		batch->sealings[i]->key_missing = false;
	return 0;
}

/* All of them are sealed with one key. */
static int run_batch(struct batch *batch, struct error *err)
{
	bool verified = !batch->sealings[0]->settings->no_verify;

	if (fill_batch(batch, err) < 0 || check_sizes(batch, err) < 0 || make_key(batch, err) < 0 ||
	    encrypt(batch, err) < 0)
		return -1;
	if (verified && verify(batch, err) < 0)
		return -1;
	return take_ciphertexts(batch, err) < 0 ? -1 : check_sizes(batch, err);
}

static bool same_key(const struct sealing *a, const struct sealing *b)
{
	return strcmp(a->key.mount, b->key.mount) == 0 && strcmp(a->key.name, b->key.name) == 0;
}

/* Move those of the first one's key to the front; how many. */
static size_t gather(struct sealing **sealings, size_t count)
{
	size_t gathered = 1;

	for (size_t i = 1; i < count; i++)
		if (same_key(sealings[0], sealings[i])) {
			struct sealing *other = sealings[gathered];
			sealings[gathered++] = sealings[i];
			sealings[i] = other;
		}
	return gathered;
}

int sealings_encrypt(
    struct sealing *const *sealings, size_t count, struct sealing **failed, struct error *err)
{
	struct sealing **left = calloc(count + 1, sizeof(struct sealing *));
	int result = 0;

	*failed = NULL;
	if (!left)
		return error_memory(err);
	memcpy(left, sealings, count * sizeof(struct sealing *));
	for (size_t at = 0, length; result == 0 && at < count; at += length) {
		length = gather(left + at, count - at);
		struct batch batch = {.sealings = left + at, .sealing_count = length};
		result = run_batch(&batch, err);
		*failed = batch.failed;
		free_batch(&batch);
	}
	free(left);
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
		    "Secret %s%s%s, data key %s: it does not decrypt with Transit key %s/%s, scope "
		    "%s: %s",
		    KUBE_NAMED(&sealing->existing), entry->key, sealing->key.mount,
		    sealing->key.name, sealed_scope_name(sealing->scope), item->error);
	if (result == 0)
		secret_buffer_move(plaintext, &item->output);
	free_items(item, 1);
	return result;
}
