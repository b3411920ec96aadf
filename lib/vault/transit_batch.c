#include <string.h>

#include "lib/vault/transit.h"

/* "batch_input" */
#define REQUEST_STRINGS 1
#define REQUEST_BYTES (sizeof("{\"batch_input\":[]}") - 1)
/* Names, quotes and brackets of one item, and its context's or version's. */
#define ITEM_BYTES (sizeof("{\"ciphertext\":\"\"},") - 1)
#define CONTEXT_BYTES (sizeof(",\"context\":\"\"") - 1)
#define VERSION_BYTES (sizeof(",\"key_version\":9223372036854775807") - 1)

/* Four strings an item is the most. */
static const size_t strings_max = 4 * (size_t)TRANSIT_BATCH_ITEMS + REQUEST_STRINGS;

bool transit_over_json_limit(const struct http_exchange *exchange)
{
	const char *text = exchange->response.length ? exchange->response.data : "";

	return strstr(text, "exceeds allowed") != NULL ||
	       strstr(text, "refused JSON input") != NULL;
}

static size_t limit(
    const struct vault *vault, const struct transit_limit *limit, size_t first, size_t largest)
{
	if (limit->most > 0)
		return limit->most;
	return vault->token.num_uses > 0 ? largest : first;
}

static size_t count_strings(const struct transit_item *item)
{
	return 2 + (item->context ? 2u : 0) + (item->key_version ? 1u : 0);
}

static size_t count_bytes(enum transit_operation operation, const struct transit_item *item)
{
	size_t input =
	    operation == TRANSIT_ENCRYPT ? (item->input_length + 2) / 3 * 4 : item->input_length;

	return ITEM_BYTES + input + (item->context ? CONTEXT_BYTES + strlen(item->context) : 0) +
	       (item->key_version ? VERSION_BYTES : 0);
}

bool transit_fits(const struct vault *vault, enum transit_operation operation,
    struct transit_fill *fill, const struct transit_item *item)
{
	size_t strings = (fill->items ? fill->strings : REQUEST_STRINGS) + count_strings(item);
	size_t bytes = (fill->items ? fill->bytes : REQUEST_BYTES) + count_bytes(operation, item);

	if (fill->items > 0 &&
	    (fill->items >= TRANSIT_BATCH_ITEMS ||
		strings > limit(vault, &vault->strings, TRANSIT_FIRST_STRINGS, strings_max) ||
		bytes > limit(vault, &vault->bytes, TRANSIT_FIRST_BYTES, TRANSIT_BATCH_BYTES)))
		return false;
	*fill = (struct transit_fill){fill->items + 1, strings, bytes};
	return true;
}

/* Let the next request be larger, once one has come near the limit. */
static void grow(struct transit_limit *limit, size_t accepted, size_t first, size_t largest)
{
	size_t most = limit->most > 0 ? limit->most : first;

	if (accepted > limit->taken)
		limit->taken = accepted;
	if (limit->fixed || accepted <= most / 2)
		return;
	limit->most = most > largest / TRANSIT_GROWTH ? largest : most * TRANSIT_GROWTH;
}

void transit_accepted(struct vault *vault, const struct transit_fill *fill)
{
	grow(&vault->strings, fill->strings, TRANSIT_FIRST_STRINGS, strings_max);
	grow(&vault->bytes, fill->bytes, TRANSIT_FIRST_BYTES, TRANSIT_BATCH_BYTES);
}

static void shrink(struct transit_limit *limit, size_t refused)
{
	bool known = limit->taken > 0 && limit->taken < refused;

	limit->most = known && !limit->fixed ? limit->taken : refused / 2 + 1;
	limit->fixed = true;
}

bool transit_split(struct vault *vault, const struct transit_fill *fill,
    const struct http_exchange *exchange, struct error *err)
{
	bool too_many = transit_over_json_limit(exchange) &&
			!strstr(exchange->response.data, "exceeds allowed length");

	if (fill->items < 2 || (!too_many && exchange->status != 413))
		return false;
	if (exchange->status == 413)
		shrink(&vault->bytes, fill->bytes);
	else
		shrink(&vault->strings, fill->strings);
	error_clear(err);
	return true;
}

/* Run one request.  0 without progress in *done: it is to be split. */
static int run_one(struct http_client *client, struct vault *vault, const struct transit_key *key,
    enum transit_operation operation, struct transit_item *items, struct transit_fill *fill,
    size_t *done, struct error *err)
{
	struct http_exchange exchange;
	int result =
	    transit_batch_request(vault, key, operation, items, fill->items, &exchange, err);

	*done = 0;
	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = transit_batch_result(operation, key, items, fill->items, &exchange, err);
	if (result == 0)
		transit_accepted(vault, fill);
	if (result == 0)
		*done = fill->items;
	else if (transit_split(vault, fill, &exchange, err))
		result = 0;
	else if (fill->items == 1 && err->code == ERROR_TOO_LARGE && exchange.status) {
		items[0].error = strdup(err->message);
		*done = 1;
		result = items[0].error ? 0 : error_memory(err);
		if (result == 0)
			error_clear(err);
	}
	http_exchange_free(&exchange);
	return result;
}

int transit_batch(struct http_client *client, struct vault *vault, const struct transit_key *key,
    enum transit_operation operation, struct transit_item *items, size_t count, struct error *err)
{
	while (count > 0) {
		struct transit_fill fill = {0};
		size_t done;

		while (
		    fill.items < count && transit_fits(vault, operation, &fill, &items[fill.items]))
			;
		if (run_one(client, vault, key, operation, items, &fill, &done, err) < 0)
			return -1;
		items += done;
		count -= done;
	}
	return 0;
}
