#include "lib/seal/unseal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

void unsealed_free(struct unsealed *unsealed)
{
	for (size_t i = 0; unsealed->values && i < unsealed->secret.data_count; i++) {
		secret_buffer_free(&unsealed->values[i].plaintext);
		free(unsealed->values[i].error);
	}
	free(unsealed->values);
	transit_key_free(&unsealed->key);
	kube_secret_free(&unsealed->secret);
	memset(unsealed, 0, sizeof(*unsealed));
}

/* One item for each data value that is ciphertext; places[i] is its index among them all. */
static int make_items(const struct unsealed *unsealed, struct transit_item *items, size_t *places,
    size_t *count, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;

	for (size_t i = 0; i < secret->data_count; i++) {
		const struct kube_entry *entry = &secret->data[i];
		struct transit_item *item = &items[*count];

		if (!sealed_entry_is_ciphertext(entry))
			continue;
		item->input = secret_buffer_string(&entry->value);
		item->input_length = entry->value.length;
		places[(*count)++] = i;
		if (unsealed->scope == SEALED_UNBOUND)
			continue;
		item->context = sealed_context(
		    unsealed->scope, secret->namespace, secret->name, entry->key, err);
		if (!item->context)
			return -1;
	}
	return 0;
}

static void free_items(struct transit_item *items, size_t count)
{
	transit_items_free(items, count);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)items[i].context);
	free(items);
}

static void take(
    struct unsealed *unsealed, struct transit_item *items, const size_t *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct unsealed_value *value = &unsealed->values[places[i]];

		secret_buffer_move(&value->plaintext, &items[i].output);
		value->error = items[i].error;
		items[i].error = NULL;
	}
}

static int decrypt(struct servers *servers, struct unsealed *unsealed, struct error *err)
{
	size_t room = unsealed->secret.data_count + 1, count = 0;
	struct transit_item *items = calloc(room, sizeof(*items));
	cleanup_free size_t *places = calloc(room, sizeof(*places));
	int result =
	    items && places ? make_items(unsealed, items, places, &count, err) : error_memory(err);

	if (result == 0)
		result = transit_batch(servers->client, &servers->vault, &unsealed->key,
		    TRANSIT_DECRYPT, items, count, err);
	if (result == 0)
		take(unsealed, items, places, count);
	if (items)
		free_items(items, count);
	return result;
}

/* What was not decrypted and has no word of Vault's is no ciphertext. */
static int note_plaintext(struct unsealed *unsealed, struct error *err)
{
	for (size_t i = 0; i < unsealed->secret.data_count; i++) {
		const struct kube_entry *entry = &unsealed->secret.data[i];

		if (sealed_entry_is_ciphertext(entry))
			continue;
		unsealed->values[i].error = strdup("it is plaintext: seal it with --adopt");
		if (!unsealed->values[i].error)
			return error_memory(err);
	}
	return 0;
}

/* What is wrong with a key says nothing of the Secret, of which there may be thousands. */
static int name_secret(const struct unsealed *unsealed, struct error *err)
{
	return error_wrap(err, "Secret %s%s%s", KUBE_NAMED(&unsealed->secret));
}

static int open_all(
    struct servers *servers, struct unsealed *unsealed, const char *transit_key, struct error *err)
{
	const char *key =
	    sealed_secret_key(&unsealed->secret, is_set(transit_key) ? transit_key : NULL, err);

	unsealed->values = calloc(unsealed->secret.data_count + 1, sizeof(*unsealed->values));
	if (!unsealed->values)
		return error_memory(err);
	if (!key)
		return -1;
	if (transit_key_parse(&unsealed->key, key, err) < 0)
		return name_secret(unsealed, err);
	if (sealed_secret_scope(&unsealed->secret, &unsealed->scope, err) < 0 ||
	    servers_log_in(servers, err) < 0)
		return -1;
	if (decrypt(servers, unsealed, err) < 0)
		return name_secret(unsealed, err);
	return note_plaintext(unsealed, err);
}

int unseal_secret(struct servers *servers, struct kube_secret *secret, const char *transit_key,
    struct unsealed *unsealed, struct error *err)
{
	*unsealed = (struct unsealed){.secret = *secret};
	memset(secret, 0, sizeof(*secret));
	if (open_all(servers, unsealed, transit_key, err) == 0)
		return 0;
	unsealed_free(unsealed);
	return -1;
}

int unseal(struct servers *servers, const char *name, const char *transit_key,
    struct unsealed *unsealed, struct error *err)
{
	struct kube_secret secret;

	if (servers_get_secret(servers, name, &secret, err) < 0)
		return -1;
	return unseal_secret(servers, &secret, transit_key, unsealed, err);
}

int unsealed_check(const struct unsealed *unsealed, struct error *err)
{
	const struct kube_secret *secret = &unsealed->secret;

	for (size_t i = 0; i < secret->data_count; i++)
		if (unsealed->values[i].error)
			return error_set(err, ERROR_INVALID, "Secret %s%s%s, data key %s: %s%s",
			    KUBE_NAMED(secret), secret->data[i].key, unsealed->values[i].error,
			    unsealed->scope == SEALED_UNBOUND
				? ""
				: ": it is bound to its Secret: was it copied from elsewhere?");
	return 0;
}
