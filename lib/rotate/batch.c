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

/* What is to be in the next request, and what waits on. */
static void choose(struct batch *batch)
{
	struct old_value *value = batch->first, *oldest = value, *next;
	size_t bytes = 0, most = BATCH_VALUES_MAX;

	batch->first = batch->last = NULL;
	batch->count = 0;
	for (; value; value = next) {
		size_t at_most =
		    value->batch_max && value->batch_max < most ? value->batch_max : most;
		bool fits = batch->count < at_most &&
			    (batch->count == 0 || bytes + value->text.length <= BATCH_BYTES_MAX);

		next = value->next;
		if (!fits || !is_of_one_kind(value, oldest)) {
			append(batch, value);
			continue;
		}
		most = at_most;
		bytes += value->text.length;
		batch->waiting--;
		batch->waiting_bytes -= value->text.length;
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
	choose(batch);
	for (size_t i = 0; i < batch->count; i++)
		batch->items[i] = (struct transit_item){.input = batch->values[i]->text.data,
		    .input_length = batch->values[i]->text.length,
		    .context = batch->values[i]->context};
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

enum batch_result batch_result(struct batch *batch, struct error *err)
{
	if (transit_batch_result(TRANSIT_REWRAP, &batch->key->key, batch->items, batch->count,
		&batch->exchange, err) == 0)
		return BATCH_ANSWERED;
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
