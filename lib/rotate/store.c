/* Send the requests about one Secret: PATCH, and GET after a conflict or a failure. */
#include "lib/base/clock.h"
#include "lib/rotate/pass.h"

/* The maximum number of requests in flight, each on its connection, that suits an API server. */
#define REQUESTS_MAX 16
/* The maximum size of their values, to bound the memory: one or two of the largest Secrets. */
#define REQUEST_BYTES_MAX ((size_t)2 * 1024 * 1024)
/* How often a Secret is read again because another process changed it. */
#define CONFLICTS_MAX 5u
/* How often the API server may fail for one Secret while it answers other requests. */
#define OUTAGES_MAX 3u

/* -- starting --------------------------------------------------------------------------------- */

static int start_request(struct pass *pass, struct pass_task *task, struct error *err)
{
	task->exchange.context = task;
	if (http_start(pass->run->client, &task->exchange, err) < 0)
		return -1;
	pass->requests++;
	pass->request_bytes += task->bytes;
	return 0;
}

static int start_patch(struct pass *pass, struct pass_task *task, struct error *err)
{
	if (kube_secret_patch_request(&pass->run->kube, &task->change, &task->exchange, err) < 0)
		return -1;
	kube_ask_for_metadata(&task->exchange);
	return start_request(pass, task, err);
}

static int start_reading(struct pass *pass, struct pass_task *task, struct error *err)
{
	if (kube_secret_get_request(&pass->run->kube, task->change.namespace, task->change.name,
		&task->exchange, err) < 0)
		return -1;
	task->reading = true;
	return start_request(pass, task, err);
}

static bool has_room(const struct pass *pass, const struct pass_task *task)
{
	return pass->requests == 0 || (pass->requests < REQUESTS_MAX &&
					  pass->request_bytes + task->bytes <= REQUEST_BYTES_MAX);
}

static int start_queue(struct pass *pass, struct pass_queue *queue,
    int (*start)(struct pass *pass, struct pass_task *task, struct error *err), struct error *err)
{
	while (queue->first && has_room(pass, queue->first))
		if (start(pass, pass_queue_take(queue), err) < 0)
			return -1;
	return 0;
}

int pass_start_requests(struct pass *pass, struct error *err)
{
	if (pass_server_is_waiting(&pass->run->kube_server))
		return 0;
	if (start_queue(pass, &pass->to_read, start_reading, err) < 0)
		return -1;
	return start_queue(pass, &pass->to_store, start_patch, err);
}

/* -- failures --------------------------------------------------------------------------------- */

/* Stop processing the Secret, for the reason in *err, which is cleared. */
static void give_up(struct pass *pass, struct pass_task *task, struct error *err)
{
	if (err->code == ERROR_NOT_FOUND) {
		for (size_t i = 0; task->counted && i < task->count; i++)
			keyset_uncount_value(task->key, task->values[i].version);
		pass_end_task(pass, task, &pass->run->summary->deleted);
	} else {
		pass_fail_task(pass, task, err);
		pass_finish_task(pass, task);
	}
	error_clear(err);
}

/*
 * Return whether the failure concerns the server, not this Secret: no answer, or an expired token.
 */
static bool is_about_server(const struct error *err, int status)
{
	return status == 401 || (error_is_outage(err) && status != 500);
}

/*
 * Handle a failed request by reading the Secret again when the server answers.  A failure counts
 * against the Secret only while the server answers other requests.
 */
static int handle_failure(struct pass *pass, struct pass_task *task, int status, struct error *err)
{
	struct pass_server *server = &pass->run->kube_server;

	if (!is_about_server(err, status) ||
	    (server->wait_ms == 0 && task->outages++ == OUTAGES_MAX)) {
		give_up(pass, task, err);
		return 0;
	}
	pass_queue_add(&pass->to_read, task);
	return pass_wait_for(pass, server, err);
}

static int handle_patch_failure(
    struct pass *pass, struct pass_task *task, int status, struct error *err)
{
	if (err->code != ERROR_CONFLICT)
		return handle_failure(pass, task, status, err);
	if (task->conflicts++ == CONFLICTS_MAX) {
		error_set(err, ERROR_CONFLICT,
		    "Secret %s/%s: changed by another process each of %u times; run again later",
		    task->change.namespace, task->change.name, CONFLICTS_MAX);
		give_up(pass, task, err);
		return 0;
	}
	error_clear(err);
	if (!task->uncertain)
		pass->run->summary->conflicts++;
	pass_queue_add(&pass->to_read, task);
	return 0;
}

/* -- responses -------------------------------------------------------------------------------- */

int pass_count_patch(struct pass *pass, const struct pass_task *task, struct error *err)
{
	struct rotate_summary *summary = pass->run->summary;
	int64_t latest = task->key->state.latest_version;

	pass->old++;
	summary->rewrapped++;
	summary->values += task->change.data_count;
	for (size_t i = 0; task->counted && i < task->count; i++)
		if (kube_secret_entry(&task->change, task->values[i].data_key) &&
		    keyset_move_value(task->key, task->values[i].version, latest, err) < 0)
			return -1;
	return 0;
}

static int end_stored(struct pass *pass, struct pass_task *task, struct error *err)
{
	int result = pass_count_patch(pass, task, err);

	pass_finish_task(pass, task);
	return result;
}

/* Parse the response to the task's request, and free the request. */
static int end_exchange(struct pass *pass, struct pass_task *task, int *status,
    struct kube_secret *secret, struct error *err)
{
	int result = kube_secret_result(
	    &task->exchange, task->change.namespace, task->change.name, secret, err);

	*status = task->exchange.status;
	task->uncertain = task->uncertain || (!task->reading && task->exchange.uncertain);
	pass->requests--;
	pass->request_bytes -= task->bytes;
	http_exchange_free(&task->exchange);
	if (result == 0)
		pass_server_answered(&pass->run->kube_server);
	return result;
}

static int end_patch(struct pass *pass, struct pass_task *task, struct error *err)
{
	struct kube_secret stored;
	int status;

	pass->run->summary->patches++;
	if (end_exchange(pass, task, &status, &stored, err) < 0)
		return handle_patch_failure(pass, task, status, err);
	kube_secret_free(&stored);
	return end_stored(pass, task, err);
}

/* Examine the Secret as it is now.  A new task replaces this one. */
static int end_reading(struct pass *pass, struct pass_task *task, struct error *err)
{
	struct kube_secret now;
	int status, result;

	if (end_exchange(pass, task, &status, &now, err) < 0)
		return handle_failure(pass, task, status, err);
	if (task->uncertain && kube_secret_has(&now, &task->change)) {
		/* Our own PATCH was carried out, but its response was lost. */
		result = end_stored(pass, task, err);
	} else {
		pass->seen_ms = clock_now_ms();
		result = pass_examine(pass, &now, task, err);
		pass_drop_task(pass, task);
	}
	kube_secret_free(&now);
	return result;
}

int pass_end_request(struct pass *pass, struct pass_task *task, struct error *err)
{
	return task->reading ? end_reading(pass, task, err) : end_patch(pass, task, err);
}
