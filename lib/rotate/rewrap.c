/* Send batches of old values to Vault, and handle the responses. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/pass.h"
#include "lib/sealed/sealed.h"

/* The number of values that a request should have if more values are expected. */
#define BATCH_VALUES 500

/* Queue the Secret after Vault has answered for all of its values. */
static void finish_values(struct pass *pass, struct pass_task *task)
{
	if (task->refused)
		pass_queue_add(&pass->to_read, task);
	else if (task->change.data_count > 0)
		pass_queue_add(&pass->to_store, task);
	else
		pass_end_task(pass, task, &pass->run->summary->failed);
}

/* Add Vault's new value to the change of its Secret. */
static int take_answer(struct pass_value *value, struct transit_item *item, struct error *err)
{
	const struct pass_task *task = value->task;
	int64_t version;

	if (item->error)
		return error_set(err, ERROR_REJECTED, "Vault can't rewrap it: %s", item->error);
	if (item->output.length > TRANSIT_CIPHERTEXT_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "rewrapped it has %zu characters, and Vault could not decrypt it again; split the value",
		    item->output.length);
	if (sealed_version(
		secret_buffer_string(&item->output), item->output.length, &version, err) < 0 ||
	    version < task->key->wanted_version)
		return error_set(err, ERROR_INVALID,
		    "Vault's answer to rewrap is not a ciphertext of the newest version");
	return kube_secret_add(&value->task->change, value->data_key, &item->output, err);
}

static void fail_value(struct pass *pass, struct pass_value *value, struct error *reason)
{
	struct pass_task *task = value->task;

	error_wrap(reason, "Secret %s/%s: data key \"%s\"", task->change.namespace,
	    task->change.name, value->data_key);
	pass_fail_task(pass, task, reason);
}

static void finish_value(struct pass *pass, struct pass_value *value)
{
	secret_buffer_free(&value->text);
	if (--value->task->waiting == 0)
		finish_values(pass, value->task);
}

/*
 * Handle the response for a value.  A concurrent run may have rewrapped the value and retired its
 * old version, which Vault then refuses.  So read the Secret again once before reporting that.
 */
static void end_value(struct pass *pass, struct pass_value *value, struct transit_item *item)
{
	struct error reason = ERROR_INIT;

	if (item->error && !value->task->reread)
		value->task->refused = true;
	else if (take_answer(value, item, &reason) < 0)
		fail_value(pass, value, &reason);
	finish_value(pass, value);
}

/* Report all values of the request as failed, for this reason. */
static void fail_batch(struct pass *pass, const struct error *why)
{
	struct pass_batch *batch = &pass->batch;

	for (size_t i = 0; i < batch->count; i++) {
		struct error reason = *why;

		error_wrap(&reason, "Vault can't rewrap it");
		fail_value(pass, batch->values[i], &reason);
		finish_value(pass, batch->values[i]);
	}
	pass_batch_clear(batch);
}

/*
 * Return whether the token expired during the request, or was replaced by a newer token and
 * revoked.  If so, Vault may accept the request with the current token.
 */
static bool token_has_expired(const struct pass *pass)
{
	const struct vault_token *token = &pass->run->vault.token;

	return !token->given && (clock_now_ms() >= pass->batch_token_ms ||
				    token->expires_ms != pass->batch_token_ms);
}

/* Handle a request that failed. */
static int handle_batch_failure(struct pass *pass, struct error *err)
{
	struct pass_batch *batch = &pass->batch;

	if (err->code == ERROR_DENIED && token_has_expired(pass)) {
		log_write(LOG_DEBUG,
		    "the Vault token expired while a request was in flight; sending it again");
		error_clear(err);
		pass_batch_put_back(batch);
		return 0;
	}
	if (!error_is_outage(err) || batch->exchange.status == 500) {
		batch->key->failed |= err->code == ERROR_DENIED || err->code == ERROR_NOT_FOUND;
		fail_batch(pass, err);
		error_clear(err);
		return 0;
	}
	pass_batch_put_back(batch);
	return pass_wait_for(pass, &pass->run->vault_server, err);
}

int pass_end_batch(struct pass *pass, struct error *err)
{
	struct pass_batch *batch = &pass->batch;

	batch->running = false;
	pass->run->summary->batches++;
	switch (pass_batch_result(batch, &pass->run->vault, err)) {
	case PASS_BATCH_FAILED:
		return handle_batch_failure(pass, err);
	case PASS_BATCH_SPLIT:
		break;
	case PASS_BATCH_ANSWERED:
		for (size_t i = 0; i < batch->count; i++)
			end_value(pass, batch->values[i], &batch->items[i]);
		pass_batch_clear(batch);
		break;
	}
	pass_server_answered(&pass->run->vault_server);
	return 0;
}

/* Return whether enough values wait, or no more values are expected for now. */
static bool wants_batch(const struct pass *pass)
{
	const struct pass_batch *batch = &pass->batch;
	bool more = pass->pages.running || pass_wants_page(pass);

	return batch->waiting > 0 && (!more || batch->waiting >= BATCH_VALUES ||
					 batch->waiting_bytes >= PASS_BATCH_BYTES_MAX);
}

int pass_start_batch(struct pass *pass, struct error *err)
{
	struct rotate_run *run = pass->run;
	int64_t before = run->vault.token.expires_ms;

	if (pass->batch.running || !wants_batch(pass) || pass_server_is_waiting(&run->vault_server))
		return 0;
	if (vault_session_renew(run->client, &run->vault, &run->settings->session, err) < 0)
		return pass_wait_for(pass, &run->vault_server, err);
	run->summary->logins += run->vault.token.expires_ms != before;
	pass->batch_token_ms = run->vault.token.expires_ms;
	if (pass_batch_request(&pass->batch, &run->vault, err) < 0 ||
	    http_start(run->client, &pass->batch.exchange, err) < 0)
		return -1;
	pass->batch.running = true;
	return 0;
}
