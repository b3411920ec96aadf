/* The requests of a pass about one Secret: PATCH, read again after a conflict. */
#include "lib/base/clock.h"
#include "lib/rotate/pass_parts.h"

static void on_put_off(const struct http_exchange *exchange)
{
	struct job *job = exchange->context;

	window_put_off(job->window, &job->epoch);
}

static int start_job(struct pass *pass, struct job *job, struct error *err)
{
	job->exchange.context = job;
	job->exchange.throttled = on_put_off;
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

int pass_start_jobs(struct pass *pass, struct error *err)
{
	if (outage_holds(&pass->rotation->kube_outage))
		return 0;
	if (start_queue(pass, &pass->readings, start_reading, err) < 0)
		return -1;
	return start_queue(pass, &pass->storings, start_patch, err);
}

/* It can't be gone on with, for the reason in *err. */
static void give_up_job(struct pass *pass, struct job *job, struct error *err)
{
	if (err->code == ERROR_NOT_FOUND) {
		/* What was counted of it is no more. */
		for (size_t i = 0; job->rounds == 0 && i < job->count; i++)
			keyset_uncount_value(job->key, job->values[i].version);
		pass_end_job(pass, job, &pass->rotation->summary->deleted);
	} else {
		pass_fail_job(pass, job, err);
		pass_end_job_well(pass, job);
	}
	error_clear(err);
}

/* Not about this Secret: no server, or one that does not know us any more. */
static bool is_about_all(const struct error *err, int status)
{
	return status == 401 || (error_is_outage(err) && status != 500);
}

/* Nothing can be said about this one yet; it waits in `queue` for better times. */
static int put_off(struct pass *pass, struct job *job, struct job_queue *queue, struct error *err)
{
	struct outage *outage = &pass->rotation->kube_outage;

	if (job->put_off++ == 0)
		job->answers = outage->answers;
	/* Is it the server, or this Secret alone?  To be read is the least that can be asked. */
	job_queue_add(job->put_off > PASS_PUT_OFF_MAX ? &pass->readings : queue, job);
	return pass_wait_for(pass, outage, err);
}

/* The server has answered since, about this or others: the trouble is with this one. */
static bool is_alone_in_trouble(const struct pass *pass, const struct job *job)
{
	return job->put_off > PASS_PUT_OFF_MAX &&
	       pass->rotation->kube_outage.answers > job->answers;
}

/* A request for a Secret has failed, and may be put off. */
static int suffer(
    struct pass *pass, struct job *job, int status, struct job_queue *queue, struct error *err)
{
	if (is_about_all(err, status) && !is_alone_in_trouble(pass, job))
		return put_off(pass, job, queue, err);
	give_up_job(pass, job, err);
	return 0;
}

static int suffer_patch(struct pass *pass, struct job *job, int status, struct error *err)
{
	if (err->code != ERROR_CONFLICT)
		return suffer(pass, job, status, &pass->storings, err);
	if (job->rounds < PASS_ROUNDS_MAX) {
		error_clear(err);
		if (!job->uncertain)
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
int pass_count_patch(struct pass *pass, const struct job *job, struct error *err)
{
	struct rotate_summary *summary = pass->rotation->summary;

	pass->old++;
	summary->rewrapped++;
	summary->values += job->change.data_count;
	for (size_t i = 0; job->rounds == 0 && i < job->count; i++)
		if (kube_secret_entry(&job->change, job->values[i].data_key) &&
		    keyset_move_value(
			job->key, job->values[i].version, job->key->state.latest_version, err) < 0)
			return -1;
	return 0;
}

/* Read what came of the request; its room in the window is free again. */
static int read_answer(
    struct pass *pass, struct job *job, int *status, struct kube_secret *secret, struct error *err)
{
	int result = kube_secret_result(
	    &job->exchange, job->change.namespace, job->change.name, secret, err);

	*status = job->exchange.status;
	job->uncertain = job->uncertain || (job->step == JOB_PATCH && job->exchange.uncertain);
	window_leave(&pass->window, job->bytes, result == 0);
	http_exchange_free(&job->exchange);
	if (result == 0)
		outage_ends(&pass->rotation->kube_outage);
	return result;
}

/* The PATCH was carried out. */
static int end_stored(struct pass *pass, struct job *job, struct error *err)
{
	int result = pass_count_patch(pass, job, err);

	pass_end_job_well(pass, job);
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
	return end_stored(pass, job, err);
}

/* Rewrap what stands there now: another job takes this one's place. */
static int end_reading(struct pass *pass, struct job *job, struct error *err)
{
	struct kube_secret now;
	int status;

	if (read_answer(pass, job, &status, &now, err) < 0)
		return suffer(pass, job, status, &pass->readings, err);
	/* The conflict was with its own PATCH, whose answer was lost. */
	if (job->uncertain && kube_secret_has(&now, &job->change)) {
		kube_secret_free(&now);
		return end_stored(pass, job, err);
	}
	pass->seen_ms = clock_now_ms();
	int result = pass_examine(pass, &now, job->rounds + 1, err);
	kube_secret_free(&now);
	if (result == 0 && pass->examination.job && pass->mode == PASS_REWRAP) {
		pass->examination.job->put_off = job->put_off;
		pass->examination.job->answers = job->answers;
		pass->examination.job->reread = job->reread || job->refused;
	}
	pass_let_go(pass, job);
	return result;
}

int pass_end_request(struct pass *pass, struct job *job, struct error *err)
{
	return job->step == JOB_PATCH ? end_patch(pass, job, err) : end_reading(pass, job, err);
}
