#include "lib/launch/decrypt.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/vault/session.h"

/* Vault's word when a derived key was given no context. */
#define CONTEXT_MISSING "missing 'context'"

static int refuse(const struct source_value *value, const char *problem, struct error *err)
{
	error_set(err, ERROR_INVALID, "%s: Vault can't decrypt it with Transit key %s: %s",
	    value->where, value->transit_key, problem);
	if (value->context)
		return error_hint(err, "%s", value->kind->hint_bound);
	if (strstr(problem, CONTEXT_MISSING))
		return error_hint(err, "%s", value->kind->hint_unbound);
	return error_hint(err, "is it sealed with another key, or garbled?");
}

static int take_plaintext(struct source_value *value, struct transit_item *item, struct error *err)
{
	if (item->error)
		return refuse(value, item->error, err);
	secret_buffer_move(&value->bytes, &item->output);
	value->sealed = false;
	return 0;
}

/* All under one key, and all with a context or all without, as Vault wants it. */
static int decrypt_group(struct http_client *client, struct vault *vault,
    struct source_value **values, size_t count, struct error *err)
{
	struct transit_key key;
	cleanup_free struct transit_item *items = calloc(count, sizeof(*items));

	if (!items)
		return error_memory(err);
	if (transit_key_parse(&key, values[0]->transit_key, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		items[i].input = values[i]->bytes.data;
		items[i].input_length = values[i]->bytes.length;
		items[i].context = values[i]->context;
	}
	int result = transit_batch(client, vault, &key, TRANSIT_DECRYPT, items, count, err);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = take_plaintext(values[i], &items[i], err);
	transit_items_free(items, count);
	transit_key_free(&key);
	return result;
}

/* Move those that go with the first one to the front: how many they are, or -1. */
static ssize_t gather_group(struct source_value **values, size_t count, struct error *err)
{
	struct transit_key key;
	size_t group = 0;
	bool bound = values[0]->context != NULL;

	if (transit_key_parse(&key, values[0]->transit_key, err) < 0)
		return error_wrap(err, "%s", values[0]->where);
	for (size_t i = 0; i < count; i++) {
		struct source_value *value = values[i];
		if ((value->context != NULL) != bound || !transit_key_is(&key, value->transit_key))
			continue;
		values[i] = values[group];
		values[group++] = value;
	}
	transit_key_free(&key);
	return (ssize_t)group;
}

/* How many requests it takes; after that each group's values stand together. */
static ssize_t count_groups(struct source_value **values, size_t count, struct error *err)
{
	ssize_t groups = 0;

	for (; count > 0; groups++) {
		ssize_t group = gather_group(values, count, err);
		if (group < 0)
			return -1;
		values += group;
		count -= (size_t)group;
	}
	return groups;
}

int decrypt_values(struct http_client *client, struct vault *vault, struct source_value **values,
    size_t count, struct error *err)
{
	ssize_t requests = count_groups(values, count, err);

	if (requests < 0 || vault_session_check_uses(vault, (size_t)requests, err) < 0)
		return -1;
	while (count > 0) {
		ssize_t group = gather_group(values, count, err);
		if (group < 0 || decrypt_group(client, vault, values, (size_t)group, err) < 0)
			return -1;
		values += group;
		count -= (size_t)group;
	}
	return 0;
}
