#include "lib/rotate/pass.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/batch.h"
#include "lib/rotate/examine.h"
#include "lib/rotate/listing.h"
#include "lib/rotate/replacement.h"
#include "lib/rotate/report.h"
#include "lib/rotate/window.h"
#include "lib/sealed/sealed.h"

/* How long the loop may sleep: what goes on beside it is seen to at least that often. */
#define TURN_MS 200

struct pass {
	struct rotation *rotation;
	const struct selection *selection;
	enum pass_mode mode;
	struct examination examination;
	struct listing listing;
	struct batch batch;
	struct window window;
	struct job_queue storings, readings; /* jobs that wait for the API server */
	struct job *in_hand;		     /* all jobs */
	size_t jobs, bytes;		     /* their number, and the ciphertext in them */
	bool anew;			     /* the list begins anew, once all in hand is done */
	int64_t seen_ms;		     /* when the Secrets under examination were read */
	int64_t batch_token_ms; /* until when the token lives with which the batch was sent */
	size_t old;
};

/* A server has not answered: 0 when it will be waited for. */
static int wait_for(const struct pass *pass, struct outage *outage, struct error *err)
{
	return http_client_is_over(pass->rotation->client) ? -1 : outage_begins(outage, err);
}

/* -- one Secret ------------------------------------------------------------------------------- */

static void on_left(void *context, const struct kube_secret *secret, const struct error *reason)
{
	struct pass *pass = context;

	bool counts = pass->examination.keyless || pass->examination.mendable;

	if (pass->mode == PASS_CENSUS && !counts)
		log_write(LOG_DEBUG, "%s", reason->message);
	else
		summary_fail(pass->rotation->summary, secret->namespace, secret->name, reason);
}

static int has_version(
    void *context, struct keyset_key *key, int64_t version, bool *has, struct error *err)
{
	struct pass *pass = context;
	struct rotation *rotation = pass->rotation;

	return keyset_has_version(key, version, pass->seen_ms, rotation->client, &rotation->vault,
	    &rotation->settings->session, has, err);
}

static void fail_job(struct pass *pass, struct job *job, const struct error *reason)
{
	job->failed = true;
	summary_fail(pass->rotation->summary, job->change.namespace, job->change.name, reason);
}

static void let_go(struct pass *pass, struct job *job)
{
	pass->jobs--;
	pass->bytes -= job->bytes;
	if (job->in_hand_before)
		job->in_hand_before->in_hand_next = job->in_hand_next;
	else
		pass->in_hand = job->in_hand_next;
	if (job->in_hand_next)
		job->in_hand_next->in_hand_before = job->in_hand_before;
	job_free(job);
}

/* The job has ended: it is counted and gone. */
static void end_job(struct pass *pass, struct job *job, size_t *outcome)
{
	++*outcome;
	let_go(pass, job);
}

static void end_job_well(struct pass *pass, struct job *job)
{
	struct rotate_summary *summary = pass->rotation->summary;

	end_job(pass, job, job->failed ? &summary->failed : &summary->current);
}

static void take_job(struct pass *pass, struct job *job, unsigned rounds)
{
	pass->jobs++;
	pass->bytes += job->bytes;
	job->in_hand_next = pass->in_hand;
	if (pass->in_hand)
		pass->in_hand->in_hand_before = job;
	pass->in_hand = job;
	job->rounds = rounds;
	job->window = &pass->window;
	for (size_t i = 0; i < job->count; i++)
		batch_add(&pass->batch, &job->values[i]);
}

/* A pass that only looks says what is old, one line a Secret. */
static void tell_old(struct pass *pass, const struct job *job)
{
	const struct transit_key *key = &job->key->key;
	struct error reason = ERROR_INIT;

	if (pass->rotation->settings->dry_run && pass->mode == PASS_LOOK) {
		log_write(LOG_INFO,
		    "dry run: would rewrap Secret %s/%s: %zu value%s, the oldest on version %lld, "
		    "to version %lld of Transit key %s/%s",
		    job->change.namespace, job->change.name, job->count, job->count == 1 ? "" : "s",
		    (long long)pass->examination.oldest, (long long)job->key->wanted_version,
		    key->mount, key->name);
		return;
	}
	error_set(&reason, ERROR_REJECTED,
	    "Secret %s/%s: %zu of its values %s on an old version of Transit key %s/%s: %lld is "
	    "the oldest, and %lld is wanted",
	    job->change.namespace, job->change.name, job->count, job->count == 1 ? "is" : "are",
	    key->mount, key->name, (long long)pass->examination.oldest,
	    (long long)job->key->wanted_version);
	summary_fail(pass->rotation->summary, job->change.namespace, job->change.name, &reason);
}

static void note_keyless(struct rotation *rotation, const struct examination *examination)
{
	if (examination->keyless && examination->oldest > 0 &&
	    (rotation->oldest_keyless == 0 || examination->oldest < rotation->oldest_keyless))
		rotation->oldest_keyless = examination->oldest;
}

/* `rounds`: times that it came into a conflict before. */
static int examine(
    struct pass *pass, struct kube_secret *secret, unsigned rounds, struct error *err)
{
	struct rotate_summary *summary = pass->rotation->summary;
	struct examination *examination = &pass->examination;

	examination->count = rounds == 0;
	enum examined examined = examine_secret(examination, secret, err);
	note_keyless(pass->rotation, examination);
	/* It is counted as it was: who has changed it may have brought it on. */
	if (rounds > 0 && examined != EXAMINED_OLD)
		pass->old++;
	switch (examined) {
	case EXAMINED_UNSEALED:
		summary->unsealed++;
		break;
	case EXAMINED_OTHER_KEY:
		summary->other_key++;
		break;
	case EXAMINED_CURRENT:
		if (pass->mode == PASS_GATHER)
			break; /* nobody knows yet */
		summary->current++;
		if (rounds == 0 && summary->passes == 1)
			summary->already_new++;
		break;
	case EXAMINED_FAILED:
		if (err->code != ERROR_NONE)
			return -1;
		summary->failed++;
		break;
	case EXAMINED_OLD:
		if (pass->mode == PASS_REWRAP) {
			take_job(pass, examination->job, rounds);
			break;
		}
		pass->old++;
		summary->old++;
		tell_old(pass, examination->job);
		job_free(examination->job);
		break;
	}
	return 0;
}

/* -- pages ------------------------------------------------------------------------------------ */

static int take_page(struct pass *pass, struct kube_secret_page *page, struct error *err)
{
	struct rotate_summary *summary = pass->rotation->summary;

	for (size_t i = 0; i < page->count; i++) {
		struct kube_secret *secret = &page->secrets[i];

		if (!shard_has(&pass->selection->shard, secret->namespace, secret->name)) {
			summary->other_shard++;
			continue;
		}
		summary->listed++;
		if (examine(pass, secret, 0, err) < 0)
			return -1;
	}
	return 0;
}

/* A Secret asked for by name that can't be read. */
static void miss_name(struct pass *pass, const char *whole, const struct error *reason)
{
	const char *slash = strchr(whole, '/');
	cleanup_free char *namespace = strndup(whole, (size_t)(slash - whole));

	pass->rotation->summary->listed++;
	pass->rotation->summary->failed++;
	if (namespace)
		summary_fail(pass->rotation->summary, namespace, slash + 1, reason);
}

static int end_listing(struct pass *pass, struct error *err)
{
	struct listing *listing = &pass->listing;
	const char *name = listing_name(listing);
	struct kube_secret_page page;
	int result = 0;

	listing->running = false;
	pass->seen_ms = clock_now_ms();
	pass->rotation->summary->pages++;
	switch (listing_result(listing, &page, err)) {
	case LISTING_FAILED:
		return wait_for(pass, &pass->rotation->kube_outage, err);
	case LISTING_PAGE:
		result = take_page(pass, &page, err);
		kube_secret_page_free(&page);
		break;
	case LISTING_AGAIN:
		if (err->code != ERROR_NONE)
			miss_name(pass, name, err);
		error_clear(err);
		break;
	case LISTING_ANEW:
		log_write(LOG_INFO, "the list of Secrets has expired: it begins anew");
		pass->anew = true;
		break;
	}
	http_exchange_free(&listing->exchange);
	outage_ends(&pass->rotation->kube_outage);
	return result;
}

/* No work is done twice: what is done shows by its version, once all in hand has been stored. */
static void begin_anew(struct pass *pass)
{
	struct rotate_summary *summary = pass->rotation->summary;

	pass->anew = false;
	if (summary->passes == 1)
		summary->already_new = 0;
	summary_begin_pass(summary);
	keyset_count_anew(&pass->rotation->keys);
	pass->rotation->oldest_keyless = 0;
}

static bool wants_page(const struct pass *pass)
{
	return !pass->listing.done && !pass->anew && pass->bytes < PASS_BYTES_MAX &&
	       pass->jobs < PASS_JOBS_MAX;
}

static int start_listing(struct pass *pass, struct error *err)
{
	struct listing *listing = &pass->listing;

	if (pass->anew && pass->jobs == 0)
		begin_anew(pass);
	if (listing->running || !wants_page(pass) || outage_holds(&pass->rotation->kube_outage))
		return 0;
	if (listing_request(listing, err) < 0 ||
	    http_start(pass->rotation->client, &listing->exchange, err) < 0)
		return -1;
	listing->running = true;
	return 0;
}

/* -- batches ---------------------------------------------------------------------------------- */

/* Of an immutable Secret another is made, of all of it or not at all. */
static int make_replacement(struct pass *pass, struct job *job)
{
	struct error reason = ERROR_INIT;

	if (job->failed)
		return -1;
	if (replacement_make(&job->whole, &job->change, &reason) == 0)
		return 0;
	fail_job(pass, job, &reason);
	return -1;
}

/* A Secret's values are all answered: store what there is to store. */
static void settle_values(struct pass *pass, struct job *job)
{
	bool storable =
	    job->step == JOB_CREATE ? make_replacement(pass, job) == 0 : job->change.data_count > 0;

	if (storable)
		job_queue_add(&pass->storings, job);
	else
		end_job(pass, job, &pass->rotation->summary->failed);
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

static void answer_value(struct pass *pass, struct old_value *value, struct transit_item *item)
{
	struct error reason = ERROR_INIT;
	struct job *job = value->job;

	if (take_answer(value, item, &reason) < 0) {
		error_wrap(&reason, "Secret %s/%s: data key \"%s\"", job->change.namespace,
		    job->change.name, value->data_key);
		fail_job(pass, job, &reason);
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
	return wait_for(pass, &rotation->vault_outage, err);
}

static int end_batch(struct pass *pass, struct error *err)
{
	struct batch *batch = &pass->batch;

	batch->running = false;
	pass->rotation->summary->batches++;
	switch (batch_result(batch, err)) {
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
	bool more = pass->listing.running || wants_page(pass);

	return batch->waiting > 0 && (!more || batch->waiting >= PASS_BATCH_VALUES ||
					 batch->waiting_bytes >= BATCH_BYTES_MAX);
}

static int start_batch(struct pass *pass, struct error *err)
{
	struct rotation *rotation = pass->rotation;
	int64_t before = rotation->vault.token.expires_ms;

	if (pass->batch.running || !wants_batch(pass) || outage_holds(&rotation->vault_outage))
		return 0;
	if (vault_session_renew(
		rotation->client, &rotation->vault, &rotation->settings->session, err) < 0)
		return wait_for(pass, &rotation->vault_outage, err);
	rotation->summary->logins += rotation->vault.token.expires_ms != before;
	pass->batch_token_ms = rotation->vault.token.expires_ms;
	if (batch_request(&pass->batch, &rotation->vault, err) < 0 ||
	    http_start(rotation->client, &pass->batch.exchange, err) < 0)
		return -1;
	pass->batch.running = true;
	return 0;
}

/* -- storing, and reading again --------------------------------------------------------------- */

static void on_put_off(const struct http_exchange *exchange)
{
	struct job *job = exchange->context;

	window_put_off(job->window, &job->epoch);
}

static int start_job(struct pass *pass, struct job *job, struct error *err)
{
	job->exchange.context = job;
	job->exchange.put_off = on_put_off;
	job->epoch = window_enter(&pass->window, job->bytes);
	if (http_start(pass->rotation->client, &job->exchange, err) == 0)
		return 0;
	window_leave(&pass->window, job->bytes, false);
	return -1;
}

static int start_patch(struct pass *pass, struct job *job, struct error *err)
{
	if (kube_secret_patch_request(&pass->rotation->kube, &job->change, &job->exchange, err) < 0)
		return -1;
	kube_ask_for_metadata(&job->exchange);
	return start_job(pass, job, err);
}

static int start_creating(struct pass *pass, struct job *job, struct error *err)
{
	if (kube_secret_create_request(&pass->rotation->kube, &job->whole, &job->exchange, err) < 0)
		return -1;
	kube_ask_for_metadata(&job->exchange);
	return start_job(pass, job, err);
}

/* What its values have come to is stored: in their place, or in another Secret. */
static int start_storing(struct pass *pass, struct job *job, struct error *err)
{
	return job->step == JOB_CREATE ? start_creating(pass, job, err)
				       : start_patch(pass, job, err);
}

static int start_reading(struct pass *pass, struct job *job, struct error *err)
{
	if (kube_secret_get_request(&pass->rotation->kube, job->change.namespace, job->change.name,
		&job->exchange, err) < 0)
		return -1;
	job->step = JOB_READ;
	return start_job(pass, job, err);
}

/* Start what waits in a queue, as far as the window allows. */
static int start_queue(struct pass *pass, struct job_queue *queue,
    int (*start)(struct pass *pass, struct job *job, struct error *err), struct error *err)
{
	while (queue->first && window_has_room(&pass->window, queue->first->bytes)) {
		struct job *job = job_queue_take(queue);
		if (start(pass, job, err) < 0) {
			job_queue_add(queue, job);
			return -1;
		}
	}
	return 0;
}

static int start_jobs(struct pass *pass, struct error *err)
{
	if (outage_holds(&pass->rotation->kube_outage))
		return 0;
	if (start_queue(pass, &pass->readings, start_reading, err) < 0)
		return -1;
	return start_queue(pass, &pass->storings, start_storing, err);
}

/* It can't be gone on with, for the reason in *err. */
static void give_up_job(struct pass *pass, struct job *job, struct error *err)
{
	if (err->code == ERROR_NOT_FOUND) {
		pass->old++; /* counted on the version that it had */
		end_job(pass, job, &pass->rotation->summary->deleted);
	} else {
		fail_job(pass, job, err);
		end_job_well(pass, job);
	}
	error_clear(err);
}

/* Not about this Secret: no server, or one that does not know us any more. */
static bool is_about_all(const struct error *err, int status)
{
	return status == 401 || (error_is_outage(err) && status != 500);
}

/* A request for a Secret has failed; what is about all waits in `queue` for better times. */
static int suffer(
    struct pass *pass, struct job *job, int status, struct job_queue *queue, struct error *err)
{
	if (!is_about_all(err, status)) {
		give_up_job(pass, job, err);
		return 0;
	}
	job_queue_add(queue, job);
	return wait_for(pass, &pass->rotation->kube_outage, err);
}

static int suffer_patch(struct pass *pass, struct job *job, int status, struct error *err)
{
	if (err->code != ERROR_CONFLICT)
		return suffer(pass, job, status, &pass->storings, err);
	if (job->rounds < PASS_ROUNDS_MAX) {
		error_clear(err);
		pass->rotation->summary->conflicts++;
		job_queue_add(&pass->readings, job);
		return 0;
	}
	error_set(err, ERROR_CONFLICT,
	    "Secret %s/%s: somebody changed it each of %u times: run again later",
	    job->change.namespace, job->change.name, PASS_ROUNDS_MAX);
	give_up_job(pass, job, err);
	return 0;
}

/* It is stored: what was counted on old versions is on the newest. */
static int count_patch(struct pass *pass, const struct job *job, struct error *err)
{
	struct rotate_summary *summary = pass->rotation->summary;

	pass->old++;
	summary->rewrapped++;
	summary->values += job->change.data_count;
	for (size_t i = 0; job->rounds == 0 && i < job->count; i++)
		if (kube_secret_entry(&job->change, job->values[i].data_key) &&
		    keyset_move(
			job->key, job->values[i].version, job->key->state.latest_version, err) < 0)
			return -1;
	return 0;
}

/* Read what came of the request; its room in the window is free again. */
static int read_answer(
    struct pass *pass, struct job *job, int *status, struct kube_secret *secret, struct error *err)
{
	const char *name = job->step == JOB_CREATE ? job->whole.name : job->change.name;
	int result = kube_secret_result(&job->exchange, job->change.namespace, name, secret, err);

	*status = job->exchange.status;
	window_leave(&pass->window, job->bytes, result == 0);
	http_exchange_free(&job->exchange);
	if (result == 0)
		outage_ends(&pass->rotation->kube_outage);
	return result;
}

static int end_patch(struct pass *pass, struct job *job, struct error *err)
{
	struct kube_secret stored;
	int status;

	pass->rotation->summary->patches++;
	if (read_answer(pass, job, &status, &stored, err) < 0)
		return suffer_patch(pass, job, status, err);
	kube_secret_free(&stored);
	int result = count_patch(pass, job, err);
	end_job_well(pass, job);
	return result;
}

/* The other Secret is there, by this run or an earlier one; this one stays as it is. */
static void tell_replacement(struct pass *pass, struct job *job)
{
	struct error reason = ERROR_INIT;

	error_set(&reason, ERROR_REJECTED,
	    "Secret %s/%s: it is immutable, and %s takes its place: let what uses it use that, and "
	    "delete it then",
	    job->change.namespace, job->change.name, job->whole.name);
	fail_job(pass, job, &reason);
	end_job_well(pass, job);
}

static int end_creating(struct pass *pass, struct job *job, struct error *err)
{
	struct kube_secret stored;
	int status;

	if (read_answer(pass, job, &status, &stored, err) == 0) {
		kube_secret_free(&stored);
		pass->rotation->summary->replaced++;
	} else if (err->code != ERROR_CONFLICT) {
		return suffer(pass, job, status, &pass->storings, err);
	}
	error_clear(err);
	tell_replacement(pass, job);
	return 0;
}

/* Rewrap what stands there now: another job takes this one's place. */
static int end_reading(struct pass *pass, struct job *job, struct error *err)
{
	struct kube_secret now;
	int status;

	if (read_answer(pass, job, &status, &now, err) < 0)
		return suffer(pass, job, status, &pass->readings, err);
	pass->seen_ms = clock_now_ms();
	int result = examine(pass, &now, job->rounds + 1, err);
	kube_secret_free(&now);
	let_go(pass, job);
	return result;
}

/* -- the loop --------------------------------------------------------------------------------- */

static int end_exchange(struct pass *pass, struct http_exchange *exchange, struct error *err)
{
	struct job *job = exchange->context;

	if (exchange == &pass->listing.exchange)
		return end_listing(pass, err);
	if (exchange == &pass->batch.exchange)
		return end_batch(pass, err);
	if (exchange == &pass->rotation->renewal)
		return rotation_renewed(pass->rotation, err);
	switch (job->step) {
	case JOB_PATCH:
		return end_patch(pass, job, err);
	case JOB_READ:
		return end_reading(pass, job, err);
	default:
		return end_creating(pass, job, err);
	}
}

static bool is_done(const struct pass *pass)
{
	return pass->listing.done && !pass->listing.running && !pass->anew && pass->jobs == 0;
}

/* Why the loop ended before its work: what it waited for, or what told it to end. */
static int say_over(const struct pass *pass, struct error *err)
{
	const struct rotation *rotation = pass->rotation;
	const struct outage *outage = rotation->vault_outage.wait_ms  ? &rotation->vault_outage
				      : rotation->kube_outage.wait_ms ? &rotation->kube_outage
								      : NULL;

	if (err->code == ERROR_INTERRUPTED)
		return -1;
	if (outage) {
		*err = outage->why;
		return error_hint(err, "waited for it until --timeout: run again, and it goes on");
	}
	return error_set(err, ERROR_NETWORK,
	    "--timeout is over before the work is done: run again, and it goes on");
}

static int turn(struct pass *pass, struct error *err)
{
	struct http_client *client = pass->rotation->client;

	report_turn(pass->rotation->summary, clock_now_ms());
	if (rotation_renew(pass->rotation, err) < 0 || start_listing(pass, err) < 0 ||
	    start_batch(pass, err) < 0 || start_jobs(pass, err) < 0)
		return -1;
	if (is_done(pass))
		return 0;
	struct http_exchange *ended = http_wait_until(client, clock_now_ms() + TURN_MS);
	return ended ? end_exchange(pass, ended, err) : 0;
}

/* What still runs comes to its end, so that what has been stored is counted. */
static void drain(struct pass *pass)
{
	struct http_exchange *ended;
	struct error ignored = ERROR_INIT;
	struct kube_secret stored;

	http_cancel(pass->rotation->client, &pass->listing.exchange);
	http_cancel(pass->rotation->client, &pass->batch.exchange);
	http_cancel(pass->rotation->client, &pass->rotation->renewal);
	pass->rotation->renewing = false;
	while ((ended = http_wait(pass->rotation->client))) {
		struct job *job = ended->context; /* NULL: none of a Secret */

		if (!job || job->step != JOB_PATCH)
			continue;
		if (kube_secret_result(
			ended, job->change.namespace, job->change.name, &stored, &ignored) == 0 &&
		    count_patch(pass, job, &ignored) == 0)
			kube_secret_free(&stored);
	}
}

static void free_all(struct pass *pass)
{
	while (pass->in_hand)
		let_go(pass, pass->in_hand);
	batch_clear(&pass->batch);
	listing_free(&pass->listing);
}

static int loop(struct pass *pass, struct error *err)
{
	while (!is_done(pass)) {
		if (turn(pass, err) < 0)
			return http_client_is_over(pass->rotation->client) ? say_over(pass, err)
									   : -1;
		if (!is_done(pass) && http_client_is_over(pass->rotation->client))
			return say_over(pass, err);
	}
	return 0;
}

int pass_run(struct rotation *rotation, const struct selection *selection, enum pass_mode mode,
    size_t *old, struct error *err)
{
	struct pass pass = {.rotation = rotation,
	    .selection = selection,
	    .mode = mode,
	    .examination = {.keys = &rotation->keys,
		.transit_key = rotation->settings->transit_key,
		.data_keys = &selection->data_keys,
		.add_keys = mode == PASS_GATHER,
		.replace = rotation->settings->replace_immutable && mode == PASS_REWRAP,
		.has_version = mode == PASS_GATHER ? NULL : has_version,
		.left = on_left}};

	pass.examination.context = &pass;
	if (mode != PASS_GATHER)
		rotation->summary->passes++;
	report_begin(rotation->summary, mode, clock_now_ms());
	summary_begin_pass(rotation->summary);
	keyset_count_anew(&rotation->keys);
	rotation->oldest_keyless = 0;
	listing_init(&pass.listing, &rotation->kube, selection);
	window_init(&pass.window);
	int result = loop(&pass, err);
	rotation->summary->counted = rotation->keys.counted = result == 0;
	if (result < 0)
		drain(&pass);
	report_end();
	*old = pass.old;
	free_all(&pass);
	return result;
}
