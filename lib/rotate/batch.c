#include "lib/rotate/batch.h"

#include <stdlib.h>
#include <string.h>

static void append(struct batch *batch, struct old_value *value)
{
	value->next = NULL;
	if (batch->first)
		batch->last->next = value;
	else
		batch->first = value;
	batch->last = value;
}

void batch_add(struct batch *batch, struct old_value *value)
{
	append(batch, value);
	batch->waiting++;
	batch->waiting_bytes += value->text.length;
}

static bool is_of_one_kind(const struct old_value *a, const struct old_value *b)
{
	return a->job->key == b->job->key && !a->context == !b->context;
}

static struct transit_item item_of(const struct old_value *value)
{
	return (struct transit_item){.input = value->text.data,
	    .input_length = value->text.length,
	    .context = value->context};
}

/* Whether the request may have one more value. */
static bool fits(
    struct batch *batch, const struct vault *vault, const struct old_value *value, size_t most)
{
	const struct transit_item item = item_of(value);

	return batch->count < most &&
	       (batch->count == 0 || batch->fill.bytes + value->text.length <= BATCH_BYTES_MAX) &&
	       transit_fits(vault, TRANSIT_REWRAP, &batch->fill, &item);
}

/* What is to be in the next request, and what waits on. */
static void choose(struct batch *batch, const struct vault *vault)
{
	struct old_value *value = batch->first, *oldest = value, *next;
	size_t most = BATCH_VALUES_MAX;

	batch->first = batch->last = NULL;
	batch->count = 0;
	batch->fill = (struct transit_fill){0};
	for (; value; value = next) {
		size_t at_most =
		    value->batch_max && value->batch_max < most ? value->batch_max : most;

		next = value->next;
		if (!is_of_one_kind(value, oldest) || !fits(batch, vault, value, at_most)) {
			append(batch, value);
			continue;
		}
		most = at_most;
		batch->waiting--;
		batch->waiting_bytes -= value->text.length;
		batch->items[batch->count] = item_of(value);
		batch->values[batch->count++] = value;
	}
}

static int make_room(struct batch *batch, struct error *err)
{
	if (!batch->values)
		batch->values = calloc(BATCH_VALUES_MAX, sizeof(struct old_value *));
	if (!batch->items)
		batch->items = calloc(BATCH_VALUES_MAX, sizeof(*batch->items));
	return batch->values && batch->items ? 0 : error_memory(err);
}

int batch_request(struct batch *batch, struct vault *vault, struct error *err)
{
	if (make_room(batch, err) < 0)
		return -1;
	batch->key = batch->first->job->key;
	choose(batch, vault);
	return transit_batch_request(vault, &batch->key->key, TRANSIT_REWRAP, batch->items,
	    batch->count, &batch->exchange, err);
}

static void halve(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch->values[i]->batch_max = (batch->count + 1) / 2;
	batch_put_back(batch);
}

/* It is about what was sent; Vault answers 500 too where it does not get on with a value. */
static bool is_refusal(const struct batch *batch, const struct error *err)
{
	return err->code == ERROR_REJECTED || err->code == ERROR_INVALID ||
	       err->code == ERROR_TOO_LARGE || batch->exchange.status == 500;
}

enum batch_result batch_result(struct batch *batch, struct vault *vault, struct error *err)
{
	if (transit_batch_result(TRANSIT_REWRAP, &batch->key->key, batch->items, batch->count,
		&batch->exchange, err) == 0) {
		transit_accepted(vault, &batch->fill);
		return BATCH_ANSWERED;
	}
	if (transit_split(vault, &batch->fill, &batch->exchange, err)) {
		batch_put_back(batch);
		return BATCH_HALVED;
	}
	if (!is_refusal(batch, err) || batch->count == 1)
		return BATCH_FAILED;
	error_clear(err);
	halve(batch);
	return BATCH_HALVED;
}

void batch_put_back(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		batch_add(batch, batch->values[i]);
	batch_clear(batch);
}

void batch_clear(struct batch *batch)
{
	if (batch->items)
		transit_items_free(batch->items, batch->count);
	http_exchange_free(&batch->exchange);
	free(batch->values);
	free(batch->items);
	batch->values = NULL;
	batch->items = NULL;
	batch->count = 0;
	batch->running = false;
}
