#include "lib/launch/watch.h"

#include <openssl/rand.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/launch/command.h"
#include "lib/launch/launch.h"
#include "lib/launch/start.h"

extern char **environ;

/* No exit status. */
#define GO_ON (-1)

struct watcher {
	struct launch_settings settings;
	char *const *command;
	const struct watch_key *key;
	struct init_child *child;
	struct error told; /* the latest complaint; ERROR_NONE: all was well since */
};

/* -- time ------------------------------------------------------------------------------------- */

void watch_key_make(struct watch_key *key)
{
	RAND_bytes(key->bytes, sizeof(key->bytes));
}

static int64_t random_below(int64_t limit)
{
	uint32_t random;

	RAND_bytes((uint8_t *)&random, sizeof(random));
	return (int64_t)((double)limit * random / UINT32_MAX);
}

/* Give or take a tenth, so that what was started together does not ask together. */
static int64_t spread(int64_t interval_ms)
{
	return interval_ms - interval_ms / 10 + random_below(interval_ms / 5);
}

/* False when it is time to end. */
static bool rest(struct watcher *watcher, int64_t duration_ms)
{
	int64_t left, until = clock_now_ms() + duration_ms;
	struct gate_mark none;

	do {
		left = until - clock_now_ms();
		if (gate_wait(&watcher->child->gate, &none, left > 0 ? left : 0) == 0 ||
		    command_caught_signal())
			return false;
	} while (left > 0);
	return true;
}

/* -- looking for changes ---------------------------------------------------------------------- */

/* One warning for what goes on and on: for an outage, whatever it looks like from time to time. */
static void complain(struct watcher *watcher, const char *what, const struct error *err)
{
	bool outage = error_is_outage(err);
	bool again = watcher->told.code != ERROR_NONE &&
		     (outage ? error_is_outage(&watcher->told)
			     : strcmp(watcher->told.message, err->message) == 0);

	if (command_caught_signal())
		return;
	log_write(again ? LOG_DEBUG : LOG_WARNING,
	    "%s: %s: the application goes on with the values that it has", what, err->message);
	watcher->told = *err;
}

static bool has_changed(struct watcher *watcher, uint8_t fingerprint[COLLECT_DIGEST_SIZE])
{
	struct error err = ERROR_INIT;

	if (start_fingerprint(&watcher->settings, fingerprint, &err) < 0) {
		complain(watcher, "looking for changes", &err);
		return false;
	}
	if (memcmp(fingerprint, watcher->child->running->fingerprint, COLLECT_DIGEST_SIZE) != 0)
		return true;
	error_clear(&watcher->told);
	return false;
}

/* A change that has not been followed by another for a while. */
static bool has_settled(struct watcher *watcher)
{
	uint8_t before[COLLECT_DIGEST_SIZE], now[COLLECT_DIGEST_SIZE];

	if (!has_changed(watcher, now))
		return false;
	do {
		log_write(LOG_DEBUG, "the sources have changed: waiting until that has settled");
		memcpy(before, now, sizeof(before));
		if (!rest(watcher, watcher->settings.watch.debounce_ms) ||
		    !has_changed(watcher, now))
			return false;
	} while (memcmp(before, now, sizeof(now)) != 0);
	return true;
}

/* -- acting on them --------------------------------------------------------------------------- */

/* 1: *delivery is ready, with other values; 0: the values are the same; -1 with *err set. */
static int prepare(
    struct watcher *watcher, struct delivery *delivery, struct gate_mark *mark, struct error *err)
{
	const struct launch_settings *settings = &watcher->settings;
	struct variables variables = {NULL, 0, 0};
	int result = deliver_begin(&settings->deliver, watcher->command, err);

	if (result == 0)
		result = start_collect(settings, watcher->key, mark, &variables, err);
	bool changed = result == 0 && memcmp(mark->digest, watcher->child->running->digest,
					  sizeof(mark->digest)) != 0;
	if (changed)
		result = deliver_prepare(
		    delivery, environ, watcher->command, &variables, &settings->deliver, err);
	variables_free(&variables);
	return result < 0 ? -1 : changed;
}

/*
 * Tell init, and end: another candidate goes on from there.  Libraries may have left in memory what
 * they decrypted, and whoever watches for days is not to hold it.
 */
static int hand_over(
    struct watcher *watcher, enum gate_word word, const struct gate_mark *mark, struct error *err)
{
	return gate_say(&watcher->child->gate, word, mark, err) < 0 ? COMMAND_FAILED : 0;
}

/* Bring the running application's files up to date. */
static int renew(struct watcher *watcher, struct delivery *delivery, const struct gate_mark *mark,
    struct error *err)
{
	struct error failure = ERROR_INIT;

	if (deliver_commit(delivery, &failure) < 0) {
		complain(watcher, "not all files could be renewed", &failure);
		return GO_ON;
	}
	return hand_over(watcher, GATE_RENEWED, mark, err);
}

/* Wait until the old application is gone, and become the new one. */
static int take_over(struct watcher *watcher, struct delivery *delivery,
    const struct gate_mark *mark, struct error *err)
{
	struct init_child *child = watcher->child;
	struct gate_mark none;
	int word = GATE_NOTHING;

	if (gate_say(&child->gate, GATE_READY, mark, err) < 0)
		return COMMAND_FAILED;
	while (word == GATE_NOTHING && !command_caught_signal())
		word = gate_wait(&child->gate, &none, -1);
	if (word != GATE_GO)
		return COMMAND_FAILED;
	init_release(child);
	return start_finish(delivery, err);
}

/* A change has settled: GO_ON, or the exit status. */
static int act(struct watcher *watcher, struct error *err)
{
	bool renews = watcher->settings.init.renew_signal != NULL;
	struct delivery delivery = {.file_count = 0};
	struct error failure = ERROR_INIT;
	struct gate_mark mark;
	int status = GO_ON, changed = prepare(watcher, &delivery, &mark, &failure);

	/* The old application is not stopped for one that can't be started. */
	if (changed > 0 && !renews && command_check(delivery.command, &failure) != 0)
		changed = -1;
	if (changed < 0) {
		complain(watcher, "the changed values can't be used", &failure);
	} else if (changed == 0) {
		log_write(LOG_DEBUG, "the ciphertext has changed, the values are the same");
		status = hand_over(watcher, GATE_SAME, &mark, err);
	} else {
		status = renews ? renew(watcher, &delivery, &mark, err)
				: take_over(watcher, &delivery, &mark, err);
	}
	deliver_free(&delivery);
	return status;
}

int watch(const struct launch_settings *settings, char *const *command, const struct watch_key *key,
    struct init_child *child, struct error *err)
{
	const struct watch_settings *timing = &settings->watch;
	struct watcher watcher = {
	    .settings = *settings, .command = command, .key = key, .child = child};
	int status = GO_ON;

	/* The next time is the next try. */
	watcher.settings.collect.vault.retries = watcher.settings.collect.kube.retries = 0;
	while (status == GO_ON && rest(&watcher, spread(timing->interval_ms)))
		if (has_settled(&watcher) && rest(&watcher, random_below(timing->jitter_ms)))
			status = act(&watcher, err);
	return status == GO_ON ? COMMAND_FAILED : status;
}
