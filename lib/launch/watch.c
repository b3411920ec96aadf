/*
 * watch: the candidate that replaces the application.  It looks for changes of the sources, and
 * becomes the application when a value has changed.
 *
 * Each look reads only ciphertext.  After a change has settled, the ciphertext is decrypted and the
 * values are compared by a keyed digest, because a rotation rewraps every Secret without changing a
 * value.
 */
#include <openssl/rand.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/launch/init.h"

extern char **environ;

/* Returned instead of an exit status: keep watching. */
#define GO_ON (-1)

struct watcher {
	struct launch_settings settings;
	const struct deliver_plan *plan;
	char *const *command;
	const uint8_t *key;
	struct init_child *child;
	struct error logged; /* the latest failure; ERROR_NONE after a success */
};

/* -- time ------------------------------------------------------------------------------------- */

static int64_t random_below(int64_t limit)
{
	uint32_t random;

	RAND_bytes((uint8_t *)&random, sizeof(random));
	return (int64_t)((double)limit * random / UINT32_MAX);
}

/* Vary the interval by a tenth, so that pods that start together do not read at the same time. */
static int64_t vary_interval(int64_t interval_ms)
{
	return interval_ms - interval_ms / 10 + random_below(interval_ms / 5);
}

/* Wait.  Return false if this process must end: the channel is closed, or a signal was caught. */
static bool watcher_wait(struct watcher *watcher, int64_t duration_ms)
{
	int64_t left, until = clock_now_ms() + duration_ms;
	struct collect_digests unused;

	do {
		left = until - clock_now_ms();
		if (channel_wait(&watcher->child->channel, &unused, left > 0 ? left : 0) ==
			CHANNEL_CLOSED ||
		    command_caught_signal())
			return false;
	} while (left > 0);
	return true;
}

/* -- detect a change -------------------------------------------------------------------------- */

/* Warn once about a failure that repeats.  All outages count as the same failure. */
static void log_failure(struct watcher *watcher, const char *action, const struct error *err)
{
	bool outage = error_is_outage(err);
	bool again = watcher->logged.code != ERROR_NONE &&
		     (outage ? error_is_outage(&watcher->logged)
			     : strcmp(watcher->logged.message, err->message) == 0);

	if (command_caught_signal())
		return;
	struct error shown = *err;

	error_wrap(&shown, "the application keeps its present values: %s", action);
	log_error(again ? LOG_DEBUG : LOG_WARNING, &shown);
	watcher->logged = *err;
}

static bool has_changed(struct watcher *watcher, uint8_t fingerprint[COLLECT_DIGEST_SIZE])
{
	struct error err = ERROR_INIT;

	if (collect_fingerprint(&watcher->settings, fingerprint, &err) < 0) {
		log_failure(watcher, "looking for changes", &err);
		return false;
	}
	if (memcmp(fingerprint, watcher->child->running->ciphertext, COLLECT_DIGEST_SIZE) != 0)
		return true;
	error_clear(&watcher->logged);
	return false;
}

/* Return whether the sources have changed, and have not changed again within the debounce time. */
static bool has_settled(struct watcher *watcher)
{
	uint8_t before[COLLECT_DIGEST_SIZE], now[COLLECT_DIGEST_SIZE];

	if (!has_changed(watcher, now))
		return false;
	do {
		log_write(LOG_DEBUG, "the sources have changed: waiting until they settle");
		memcpy(before, now, sizeof(before));
		if (!watcher_wait(watcher, watcher->settings.watch.debounce_ms) ||
		    !has_changed(watcher, now))
			return false;
	} while (memcmp(before, now, sizeof(now)) != 0);
	return true;
}

/* -- act on it -------------------------------------------------------------------------------- */

/* Return 1 with *delivery ready if a value has changed, 0 if none has, -1 with *err set. */
static int prepare_change(struct watcher *watcher, struct launch_delivery *delivery,
    struct collect_digests *digests, struct error *err)
{
	struct variables variables = {NULL, 0, 0};
	int result = deliver_plan_reserve(watcher->plan, watcher->command, err);

	if (result == 0)
		result = collect_with_digests(
		    &watcher->settings, watcher->key, digests, &variables, err);
	bool changed = result == 0 && memcmp(digests->plaintext, watcher->child->running->plaintext,
					  sizeof(digests->plaintext)) != 0;
	if (changed)
		result = deliver_prepare(
		    delivery, watcher->plan, environ, watcher->command, &variables, err);
	variables_free(&variables);
	return result < 0 ? -1 : changed;
}

/*
 * Report to init and end; a new candidate continues.  Libraries may have left plaintext in memory,
 * which a process that watches for days must not keep.
 */
static int report(struct watcher *watcher, enum channel_message message,
    const struct collect_digests *digests, struct error *err)
{
	return channel_send(&watcher->child->channel, message, digests, err) < 0 ? COMMAND_FAILED
										 : 0;
}

static int renew_files(struct watcher *watcher, struct launch_delivery *delivery,
    const struct collect_digests *digests, struct error *err)
{
	struct error failure = ERROR_INIT;

	if (deliver_commit(delivery, &failure) < 0) {
		log_failure(watcher, "not all files could be renewed", &failure);
		return GO_ON;
	}
	return report(watcher, CHANNEL_RENEWED, digests, err);
}

/* Wait until the old application has ended, then become the new application. */
static int take_over(struct watcher *watcher, struct launch_delivery *delivery,
    const struct collect_digests *digests, struct error *err)
{
	struct init_child *child = watcher->child;
	struct collect_digests unused;
	enum channel_message message = CHANNEL_NOTHING;

	if (channel_send(&child->channel, CHANNEL_READY, digests, err) < 0)
		return COMMAND_FAILED;
	while (message == CHANNEL_NOTHING && !command_caught_signal())
		message = channel_wait(&child->channel, &unused, -1);
	if (message != CHANNEL_GO)
		return COMMAND_FAILED;
	init_release(child);
	return deliver_exec(delivery, err);
}

/* Act on a change that has settled.  Return GO_ON, or the exit status. */
static int act_on_change(struct watcher *watcher, struct error *err)
{
	bool renews = watcher->settings.watch.signal != NULL;
	struct launch_delivery delivery = {.file_count = 0};
	struct error failure = ERROR_INIT;
	struct collect_digests digests;
	int status = GO_ON, changed = prepare_change(watcher, &delivery, &digests, &failure);

	/* Do not stop the old application for a command that cannot be started. */
	if (changed > 0 && !renews && command_check(delivery.command, &failure) != 0)
		changed = -1;
	if (changed < 0) {
		log_failure(watcher, "the changed values cannot be used", &failure);
	} else if (changed == 0) {
		log_write(LOG_DEBUG, "the ciphertext has changed, the values are the same");
		status = report(watcher, CHANNEL_SAME, &digests, err);
	} else {
		status = renews ? renew_files(watcher, &delivery, &digests, err)
				: take_over(watcher, &delivery, &digests, err);
	}
	deliver_free(&delivery);
	return status;
}

int watch_run(const struct deliver_plan *plan, char *const *command,
    const uint8_t key[VARIABLES_DIGEST_SIZE], struct init_child *child, struct error *err)
{
	struct watcher watcher = {.settings = *plan->settings,
	    .plan = plan,
	    .command = command,
	    .key = key,
	    .child = child};
	int status = GO_ON;

	/* Do not retry requests, because the next look is the retry. */
	watcher.settings.vault.retries = watcher.settings.kube.retries = 0;
	while (status == GO_ON &&
	       watcher_wait(&watcher, vary_interval(watcher.settings.watch.interval_ms)))
		if (has_settled(&watcher) &&
		    watcher_wait(&watcher, random_below(watcher.settings.watch.max_delay_ms)))
			status = act_on_change(&watcher, err);
	return status == GO_ON ? COMMAND_FAILED : status;
}
