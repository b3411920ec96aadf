#include "lib/rotate/pass.h"

#include "lib/base/clock.h"
#include "lib/rotate/pass_parts.h"
#include "lib/rotate/report.h"

/* How long the loop may sleep: what goes on beside it is seen to at least that often. */
#define TURN_MS 200

static int end_exchange(struct pass *pass, struct http_exchange *exchange, struct error *err)
{
	struct job *job = exchange->context;

	if (exchange == &pass->listing.exchange)
		return pass_end_listing(pass, err);
	if (exchange == &pass->batch.exchange)
		return pass_end_batch(pass, err);
	return pass_end_request(pass, job, err);
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

	if (http_is_interrupted())
		return error_set(
		    err, ERROR_INTERRUPTED, "interrupted by a signal: run again, and it goes on");
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
	if (pass_start_listing(pass, err) < 0 || pass_start_batch(pass, err) < 0 ||
	    pass_start_jobs(pass, err) < 0)
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
	while ((ended = http_wait(pass->rotation->client))) {
		struct job *job = ended->context; /* NULL: none of a Secret */

		if (!job || job->step != JOB_PATCH)
			continue;
		if (kube_secret_result(
			ended, job->change.namespace, job->change.name, &stored, &ignored) == 0 &&
		    pass_count_patch(pass, job, &ignored) == 0)
			kube_secret_free(&stored);
	}
}

static void free_all(struct pass *pass)
{
	while (pass->in_hand)
		pass_let_go(pass, pass->in_hand);
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

int pass_run(struct rotation *rotation, const struct secret_filter *selection, enum pass_mode mode,
    size_t *old, struct error *err)
{
	struct pass pass = {.rotation = rotation, .selection = selection, .mode = mode};

	pass_begin_examination(&pass);
	if (mode != PASS_GATHER)
		rotation->summary->passes++;
	report_begin(rotation->summary, mode, clock_now_ms());
	summary_begin_pass(rotation->summary);
	keyset_reset_counts(&rotation->keys);
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
