/* The batches of a pass: old values to Vault, and its answers to their Secrets. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/pass_parts.h"
#include "lib/sealed/sealed.h"

/* A Secret's values are all answered: store what there is to store. */
static void settle_values(struct pass *pass, struct job *job)
{
	if (job->refused)
		job_queue_add(&pass->readings, job);
	else if (job->change.data_count > 0)
		job_queue_add(&pass->storings, job);
	else
		pass_end_job(pass, job, &pass->rotation->summary->failed);
}

/* What Vault says of one value. */
static int take_answer(struct old_value *value, struct transit_item *item, struct error *err)
{
	const struct job *job = value->job;
	int64_t version;

	if (item->error)
		return error_set(err, ERROR_REJECTED, "Vault can't rewrap it: %s", item->error);
	if (item->output.length > TRANSIT_CIPHERTEXT_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "rewrapped it is %zu characters long, and Vault could not decrypt it again: "
		    "split it",
		    item->output.length);
	if (sealed_version(
		secret_buffer_string(&item->output), item->output.length, &version, err) < 0 ||
	    version < job->key->wanted_version)
		return error_set(err, ERROR_INVALID,
		    "Vault's answer to rewrap is no ciphertext of the newest version");
	return kube_secret_add(&value->job->change, value->data_key, &item->output, err);
}

/*
 * Vault refuses a value whose version another run has retired since the Secret was read.  That run
 * has rewrapped it before, so read the Secret again, once.
 */
static bool is_worth_reading_again(const struct job *job, const struct transit_item *item)
{
	return item->error && !job->reread;
}

static void answer_value(struct pass *pass, struct old_value *value, struct transit_item *item)
{
	struct error reason = ERROR_INIT;
	struct job *job = value->job;

	if (is_worth_reading_again(job, item)) {
		job->refused = true;
	} else if (take_answer(value, item, &reason) < 0) {
		error_wrap(&reason, "Secret %s/%s: data key \"%s\"", job->change.namespace,
		    job->change.name, value->data_key);
		pass_fail_job(pass, job, &reason);
	}
	secret_buffer_free(&value->text);
	if (--job->waiting == 0)
		settle_values(pass, job);
}

/* No value of the batch can be rewrapped, for this reason. */
static void fail_batch(struct pass *pass, const struct error *reason)
{
	struct batch *batch = &pass->batch;

	for (size_t i = 0; i < batch->count; i++) {
		free(batch->items[i].error);
		batch->items[i].error = strdup(reason->message);
		batch->values[i]->job->reread = true;
		secret_buffer_free(&batch->items[i].output);
		answer_value(pass, batch->values[i], &batch->items[i]);
	}
	batch_clear(batch);
}

/*
 * A token that has run out while the request waited, or has been given back since for a newer one,
 * is denied, but another one may be good.
 */
static bool token_has_expired(const struct pass *pass)
{
	const struct vault_token *token = &pass->rotation->vault.token;

	return !token->given && (clock_now_ms() >= pass->batch_token_ms ||
				    token->expires_ms != pass->batch_token_ms);
}

/* Vault has not answered the batch. */
static int suffer_batch(struct pass *pass, struct error *err)
{
	struct rotation *rotation = pass->rotation;

	if (err->code == ERROR_DENIED && token_has_expired(pass)) {
		log_write(LOG_DEBUG, "the Vault token ran out while a request waited: once more");
		error_clear(err);
		batch_put_back(&pass->batch);
		return 0;
	}
	if (!error_is_outage(err) || pass->batch.exchange.status == 500) {
		pass->batch.key->failed |=
		    err->code == ERROR_DENIED || err->code == ERROR_NOT_FOUND;
		fail_batch(pass, err);
		error_clear(err);
		return 0;
	}
	batch_put_back(&pass->batch);
	return pass_wait_for(pass, &rotation->vault_outage, err);
}

int pass_end_batch(struct pass *pass, struct error *err)
{
	struct batch *batch = &pass->batch;

	batch->running = false;
	pass->rotation->summary->batches++;
	switch (batch_result(batch, &pass->rotation->vault, err)) {
	case BATCH_FAILED:
		return suffer_batch(pass, err);
	case BATCH_HALVED:
		break;
	case BATCH_ANSWERED:
		for (size_t i = 0; i < batch->count; i++)
			answer_value(pass, batch->values[i], &batch->items[i]);
		batch_clear(batch);
		break;
	}
	outage_ends(&pass->rotation->vault_outage);
	return 0;
}

/* Enough of them wait, or no more are to come for now. */
static bool wants_batch(const struct pass *pass)
{
	const struct batch *batch = &pass->batch;
	bool more = pass->listing.running || pass_wants_page(pass);

	return batch->waiting > 0 && (!more || batch->waiting >= PASS_BATCH_VALUES ||
					 batch->waiting_bytes >= BATCH_BYTES_MAX);
}

int pass_start_batch(struct pass *pass, struct error *err)
{
	struct rotation *rotation = pass->rotation;
	int64_t before = rotation->vault.token.expires_ms;

	if (pass->batch.running || !wants_batch(pass) || outage_holds(&rotation->vault_outage))
		return 0;
	if (vault_session_renew(
		rotation->client, &rotation->vault, &rotation->settings->session, err) < 0)
		return pass_wait_for(pass, &rotation->vault_outage, err);
	rotation->summary->logins += rotation->vault.token.expires_ms != before;
	pass->batch_token_ms = rotation->vault.token.expires_ms;
	if (batch_request(&pass->batch, &rotation->vault, err) < 0 ||
	    http_start(rotation->client, &pass->batch.exchange, err) < 0)
		return -1;
	pass->batch.running = true;
	return 0;
}
