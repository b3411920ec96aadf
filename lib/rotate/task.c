/* A Secret that is being rewrapped, and its values that wait for Vault. */
#include <stdlib.h>
#include <string.h>

#include "lib/rotate/pass.h"

struct pass_task *pass_task_new(
    const struct kube_secret *secret, struct keyset_key *key, struct error *err)
{
	struct pass_task *task = calloc(1, sizeof(*task));

	if (!task) {
		error_memory(err);
		return NULL;
	}
	task->key = key;
	task->change.namespace = strdup(secret->namespace);
	task->change.name = strdup(secret->name);
	task->change.resource_version = strdup(secret->resource_version);
	task->values = calloc(secret->data_count ? secret->data_count : 1, sizeof(*task->values));
	if (task->change.namespace && task->change.name && task->change.resource_version &&
	    task->values)
		return task;
	pass_task_free(task);
	error_memory(err);
	return NULL;
}

int pass_task_add(struct pass_task *task, const char *data_key, int64_t version, char *context,
    struct secret_buffer *text, struct error *err)
{
	struct pass_value *value = &task->values[task->count];

	value->version = version;
	value->context = context;
	value->data_key = strdup(data_key);
	if (!value->data_key) {
		free(value->context);
		value->context = NULL;
		return error_memory(err);
	}
	value->task = task;
	secret_buffer_move(&value->text, text);
	task->bytes += value->text.length;
	task->count++;
	task->waiting++;
	return 0;
}

void pass_task_free(struct pass_task *task)
{
	if (!task)
		return;
	for (size_t i = 0; i < task->count; i++) {
		free(task->values[i].data_key);
		free(task->values[i].context);
		secret_buffer_free(&task->values[i].text);
	}
	free(task->values);
	kube_secret_free(&task->change);
	http_exchange_free(&task->exchange);
	free(task);
}

void pass_queue_add(struct pass_queue *queue, struct pass_task *task)
{
	task->next = NULL;
	if (queue->first)
		queue->last->next = task;
	else
		queue->first = task;
	queue->last = task;
}

struct pass_task *pass_queue_take(struct pass_queue *queue)
{
	struct pass_task *task = queue->first;

	if (task)
		queue->first = task->next;
	return task;
}

/* -- batches ---------------------------------------------------------------------------------- */

static void append_value(struct pass_batch *batch, struct pass_value *value)
{
	value->next = NULL;
	if (batch->first)
		batch->last->next = value;
	else
		batch->first = value;
	batch->last = value;
}

void pass_batch_add(struct pass_batch *batch, struct pass_value *value)
{
	append_value(batch, value);
	batch->waiting++;
	batch->waiting_bytes += value->text.length;
}

static bool is_of_one_kind(const struct pass_value *a, const struct pass_value *b)
{
	return a->task->key == b->task->key && !a->context == !b->context;
}

static struct transit_item item_of(const struct pass_value *value)
{
	return (struct transit_item){.input = value->text.data,
	    .input_length = value->text.length,
	    .context = value->context};
}

/* Return whether the request has room for the value, with at most `most` values. */
static bool has_room(struct pass_batch *batch, const struct vault *vault,
    const struct pass_value *value, size_t most)
{
	const struct transit_item item = item_of(value);

	return batch->count < most &&
	       (batch->count == 0 ||
		   batch->fill.bytes + value->text.length <= PASS_BATCH_BYTES_MAX) &&
	       transit_fits(vault, TRANSIT_REWRAP, &batch->fill, &item);
}

/* Move values from the queue into the next request.  The remaining values keep their order. */
static void choose_values(struct pass_batch *batch, const struct vault *vault)
{
	struct pass_value *value = batch->first, *oldest = value, *next;
	size_t most = PASS_BATCH_VALUES_MAX;

	batch->first = batch->last = NULL;
	batch->count = 0;
	batch->fill = (struct transit_fill){0};
	for (; value; value = next) {
		size_t at_most =
		    value->batch_max && value->batch_max < most ? value->batch_max : most;

		next = value->next;
		if (!is_of_one_kind(value, oldest) || !has_room(batch, vault, value, at_most)) {
			append_value(batch, value);
			continue;
		}
		most = at_most;
		batch->waiting--;
		batch->waiting_bytes -= value->text.length;
		batch->items[batch->count] = item_of(value);
		batch->values[batch->count++] = value;
	}
}

int pass_batch_request(struct pass_batch *batch, struct vault *vault, struct error *err)
{
	if (!batch->values)
		batch->values = calloc(PASS_BATCH_VALUES_MAX, sizeof(struct pass_value *));
	if (!batch->items)
		batch->items = calloc(PASS_BATCH_VALUES_MAX, sizeof(*batch->items));
	if (!batch->values || !batch->items)
		return error_memory(err);
	batch->key = batch->first->task->key;
	choose_values(batch, vault);
	return transit_batch_request(vault, &batch->key->key, TRANSIT_REWRAP, batch->items,
	    batch->count, &batch->exchange, err);
}

/* Return whether Vault refused the content.  For some values it responds with status 500. */
static bool is_refusal(const struct pass_batch *batch, const struct error *err)
{
	return err->code == ERROR_REJECTED || err->code == ERROR_INVALID ||
	       err->code == ERROR_TOO_LARGE || batch->exchange.status == 500;
}

enum pass_batch_result pass_batch_result(
    struct pass_batch *batch, struct vault *vault, struct error *err)
{
	if (transit_batch_result(TRANSIT_REWRAP, &batch->key->key, batch->items, batch->count,
		&batch->exchange, err) == 0) {
		transit_accepted(vault, &batch->fill);
		return PASS_BATCH_ANSWERED;
	}
	if (!transit_split(vault, &batch->fill, &batch->exchange, err)) {
		if (!is_refusal(batch, err) || batch->count == 1)
			return PASS_BATCH_FAILED;
		error_clear(err);
		for (size_t i = 0; i < batch->count; i++)
			batch->values[i]->batch_max = (batch->count + 1) / 2;
	}
	pass_batch_put_back(batch);
	return PASS_BATCH_SPLIT;
}

void pass_batch_put_back(struct pass_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		pass_batch_add(batch, batch->values[i]);
	pass_batch_clear(batch);
}

void pass_batch_clear(struct pass_batch *batch)
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
