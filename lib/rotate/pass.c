/* Run one pass over the Secrets. */
#include "lib/rotate/pass.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"

/* The maximum time that the loop sleeps before it updates the progress and retries a server. */
#define TURN_MS 200

/* -- progress --------------------------------------------------------------------------------- */

/* Static, because only one pass runs at a time, in one thread. */
static struct {
	const char *title;
	size_t total; /* 0: unknown */
	int64_t begun_ms;
	int64_t logged_ms; /* by any pass of the run; 0: never */
} progress;

static const char *title_of(enum pass_mode mode)
{
	switch (mode) {
	case PASS_FIND_KEYS:
		return "Finding Secrets";
	case PASS_REWRAP:
		return "Rewrapping Secrets";
	case PASS_COUNT:
		return "Looking at all Secrets";
	default:
		return "Looking at Secrets";
	}
}

void pass_progress_begin(const struct rotate_summary *summary, enum pass_mode mode, int64_t now_ms)
{
	progress.title = title_of(mode);
	progress.total = summary->listed;
	progress.begun_ms = now_ms;
	if (progress.logged_ms == 0)
		progress.logged_ms = now_ms;
	progress_begin(progress.title);
}

static void log_progress(const struct rotate_summary *summary, size_t done, int64_t now_ms)
{
	int64_t elapsed_ms = now_ms - progress.begun_ms;
	bool known = progress.total > 0 && done <= progress.total;
	const struct log_number numbers[] = {
	    {"done", (int64_t)done},
	    {"perSecond", elapsed_ms > 0 ? (int64_t)done * 1000 / elapsed_ms : 0},
	    {"rewrapped", (int64_t)summary->rewrapped},
	    {"conflicts", (int64_t)summary->conflicts},
	    {"failed", (int64_t)summary->failed},
	    {"total", (int64_t)progress.total},
	};
	size_t count = sizeof(numbers) / sizeof(numbers[0]);
	char line[160];

	progress_format(line, sizeof(line), progress.title, done, progress.total, elapsed_ms);
	log_write_numbers(LOG_INFO, line, numbers, known ? count : count - 1);
	progress.logged_ms = now_ms;
}

void pass_progress_update(const struct rotate_summary *summary, int64_t now_ms)
{
	size_t done = summary_done(summary);

	if (progress_has_terminal())
		progress_update(done, progress.total);
	else if (now_ms - progress.logged_ms >= PASS_PROGRESS_MS)
		log_progress(summary, done, now_ms);
}

void pass_progress_end(void)
{
	progress_end();
}

/* -- the loop --------------------------------------------------------------------------------- */

static bool pass_is_done(const struct pass *pass)
{
	return pass->pages.done && !pass->pages.running && !pass->restarting && pass->tasks == 0;
}

static int end_exchange(struct pass *pass, struct http_exchange *exchange, struct error *err)
{
	if (exchange == &pass->pages.exchange)
		return pass_end_page(pass, err);
	if (exchange == &pass->batch.exchange)
		return pass_end_batch(pass, err);
	return pass_end_request(pass, exchange->context, err);
}

static int turn_loop(struct pass *pass, struct error *err)
{
	struct http_client *client = pass->run->client;

	pass_progress_update(pass->run->summary, clock_now_ms());
	if (pass_start_page(pass, err) < 0 || pass_start_batch(pass, err) < 0 ||
	    pass_start_requests(pass, err) < 0)
		return -1;
	if (pass_is_done(pass))
		return 0;
	struct http_exchange *ended = http_wait_until(client, clock_now_ms() + TURN_MS);
	return ended ? end_exchange(pass, ended, err) : 0;
}

/* Set *err to the reason why the client stopped before the pass was done.  Return -1. */
static int explain_end(const struct pass *pass, struct error *err)
{
	const struct rotate_run *run = pass->run;
	const struct pass_server *away = run->vault_server.wait_ms  ? &run->vault_server
					 : run->kube_server.wait_ms ? &run->kube_server
								    : NULL;

	if (http_is_interrupted())
		return error_set(
		    err, ERROR_INTERRUPTED, "interrupted by a signal; run again to go on");
	if (away) {
		*err = away->error;
		return error_hint(err, "run again to go on; --timeout is over");
	}
	return error_set(
	    err, ERROR_NETWORK, "--timeout: over before the work was done; run again to go on");
}

static int run_loop(struct pass *pass, struct error *err)
{
	while (!pass_is_done(pass)) {
		int result = turn_loop(pass, err);

		if (!pass_is_done(pass) && http_client_is_over(pass->run->client))
			return explain_end(pass, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* Wait for the PATCHes in flight, and count them if they were stored. */
static void drain_requests(struct pass *pass)
{
	struct http_exchange *ended;
	struct error ignored = ERROR_INIT;
	struct kube_secret stored;

	http_cancel(pass->run->client, &pass->pages.exchange);
	http_cancel(pass->run->client, &pass->batch.exchange);
	while ((ended = http_wait(pass->run->client))) {
		struct pass_task *task = ended->context;

		if (!task || task->reading)
			continue;
		if (kube_secret_result(
			ended, task->change.namespace, task->change.name, &stored, &ignored) < 0)
			continue;
		kube_secret_free(&stored);
		if (pass_count_patch(pass, task, &ignored) < 0)
			log_error(LOG_WARNING, &ignored);
	}
}

int pass_run(struct rotate_run *run, const struct secret_filter *filter, enum pass_mode mode,
    size_t *old, struct error *err)
{
	struct pass pass = {.run = run, .filter = filter, .mode = mode};

	pass_init_classifier(&pass);
	if (mode != PASS_FIND_KEYS)
		run->summary->passes++;
	pass_progress_begin(run->summary, mode, clock_now_ms());
	summary_begin_pass(run->summary);
	keyset_reset_counts(&run->keys);
	run->oldest_keyless = 0;
	pass_init_pages(&pass.pages);
	int result = run_loop(&pass, err);
	run->summary->counted = run->keys.counted = result == 0;
	if (result < 0)
		drain_requests(&pass);
	pass_progress_end();
	*old = pass.old;
	while (pass.in_progress)
		pass_drop_task(&pass, pass.in_progress);
	pass_batch_clear(&pass.batch);
	pass_free_pages(&pass.pages);
	return result;
}
