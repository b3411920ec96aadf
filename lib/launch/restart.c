/* restart: stop the application after a change, and start it again. */
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/launch/init.h"

/* The pause before the next candidate, which may end for the same reason. */
#define CANDIDATE_PAUSE_MS 1000
/* The wait after SIGKILL for remaining processes.  Zombies of other parents can stay forever. */
#define REST_GRACE_MS 1000

int64_t restart_backoff_begin(struct restart_backoff *backoff, int64_t now_ms)
{
	int64_t longest = backoff->first_ms * RESTART_BACKOFF_MAX;

	if (backoff->pause_ms == 0 ||
	    now_ms >= backoff->until_ms + RESTART_BACKOFF_QUIET * backoff->pause_ms)
		backoff->pause_ms = backoff->first_ms;
	else
		backoff->pause_ms *= 2;
	if (backoff->pause_ms > longest)
		backoff->pause_ms = longest;
	backoff->until_ms = now_ms + backoff->pause_ms;
	return backoff->until_ms;
}

/* Begin a pause, after which the next change is looked for. */
static void begin_pause(struct init *init)
{
	int64_t now = clock_now_ms();

	init->candidate_due_ms = restart_backoff_begin(&init->backoff, now);
	if (init->candidate_due_ms - now > init->backoff.first_ms)
		log_write(LOG_INFO, "secrets change often: looking for changes again in %lld ms",
		    (long long)(init->candidate_due_ms - now));
}

/* -- messages --------------------------------------------------------------------------------- */

static void stop_application(struct init *init)
{
	char name[COMMAND_SIGNAL_NAME_SIZE];

	command_signal_name(init->stop_signal, name);
	log_write(
	    LOG_INFO, "a secret has changed: sending %s to the application to restart it", name);
	init->stopping = true;
	init->rest_asked = init->killed = false;
	init->deadline_ms = clock_now_ms() + init->settings->init.stop_timeout_ms;
	init_signal_application(init, init->stop_signal);
}

static void renew_application(struct init *init)
{
	char name[COMMAND_SIGNAL_NAME_SIZE];

	command_signal_name(init->renew_signal, name);
	log_write(LOG_INFO, "a secret has changed: sending %s to the application", name);
	init->application.digests = init->candidate.digests;
	init_signal_application(init, init->renew_signal);
	begin_pause(init);
}

static enum channel_message receive(struct init_process *process)
{
	enum channel_message message = CHANNEL_NOTHING;

	if (process->channel.fd >= 0)
		message = channel_receive(&process->channel, &process->digests);
	if (message == CHANNEL_CLOSED)
		channel_close(&process->channel);
	if (message == CHANNEL_READY)
		process->ready = true;
	return message;
}

void restart_receive(struct init *init)
{
	(void)receive(&init->application);
	switch (receive(&init->candidate)) {
	case CHANNEL_READY:
		if (!init->ended)
			stop_application(init);
		break;
	case CHANNEL_RENEWED:
		renew_application(init);
		break;
	case CHANNEL_SAME:
		init->application.digests = init->candidate.digests;
		break;
	default:
		break;
	}
}

void restart_candidate_ended(struct init *init, int status)
{
	int64_t due_ms = clock_now_ms() + CANDIDATE_PAUSE_MS;

	if (!init->ending && !init->ended && status != 0)
		log_write(LOG_WARNING,
		    "the process that watches for changes ended with status %d, and is started again",
		    status);
	channel_close(&init->candidate.channel);
	init->candidate.pid = 0;
	init->candidate.ready = false;
	if (init->candidate_due_ms < due_ms)
		init->candidate_due_ms = due_ms;
}

/* -- stopping --------------------------------------------------------------------------------- */

/* Without this file (no CONFIG_PROC_CHILDREN), only the process group is known. */
#define CHILDREN "/proc/thread-self/children"

/*
 * Send a signal (0: none) to the application's process group and to our other children, which
 * include all of its orphans.  Skip the candidate, and our own process group: processes that a
 * shell started before it executed this init.  Return whether there was any process to signal.
 */
static bool signal_rest(const struct init *init, int number)
{
	pid_t group = init->application.pid;
	bool any = kill(-group, number) == 0;
	cleanup_fclose FILE *children = fopen(CHILDREN, "re");
	char word[16];

	while (children && fscanf(children, "%15s", word) == 1) {
		pid_t child = (pid_t)strtol(word, NULL, 10);
		if (child != init->candidate.pid && getpgid(child) != group &&
		    getpgid(child) != getpgrp())
			any |= kill(child, number) == 0;
	}
	return any;
}

static void kill_application(struct init *init)
{
	log_write(LOG_WARNING, "the application%s did not stop in %lld ms, and gets SIGKILL",
	    init->ended ? "'s children" : "", (long long)init->settings->init.stop_timeout_ms);
	/* Its remaining processes are killed after it has ended. */
	if (!init->ended && !init->settings->init.group)
		kill(init->application.pid, SIGKILL);
	else
		signal_rest(init, SIGKILL);
	init->killed = true;
	init->deadline_ms = clock_now_ms() + REST_GRACE_MS;
}

/*
 * Return whether no process of the application is left, which could hold a port or a lock that the
 * new application needs.  Remaining processes get the stop signal, and have the rest of the timeout
 * to end.  After SIGKILL, stop waiting at the deadline.
 */
static bool has_gone(struct init *init)
{
	if (!signal_rest(init, 0))
		return true;
	if (!init->rest_asked)
		signal_rest(init, init->killed ? SIGKILL : init->stop_signal);
	init->rest_asked = true;
	return init->killed && clock_now_ms() >= init->deadline_ms;
}

/* -- starting again --------------------------------------------------------------------------- */

/* Replace the application by the candidate or, if that has ended, by a new child. */
static int replace_application(struct init *init, struct error *err)
{
	struct init_process *candidate = &init->candidate;
	pid_t old = init->application.pid;

	init->stopping = false;
	begin_pause(init);
	if (candidate->ready && init_has_terminal(init))
		tcsetpgrp(STDIN_FILENO, candidate->pid);
	if (candidate->ready && channel_send(&candidate->channel, CHANNEL_GO, NULL, err) == 0) {
		init->application = *candidate;
		init->candidate = (struct init_process){.channel = CHANNEL_INIT};
	} else {
		error_clear(err);
		init_end_candidate(init);
		init->candidate.pid = 0;
		if (init_spawn(init, &init->application, init->jobs->start, err) < 0)
			return error_wrap(err, "the application cannot be restarted");
	}
	log_write(
	    LOG_DEBUG, "process %d replaces process %d", (int)init->application.pid, (int)old);
	init->ended = false;
	return 0;
}

bool restart_continue(struct init *init, struct error *err)
{
	if (!init->ended)
		return true;
	if (!init->stopping || init->ending)
		return false;
	if (!has_gone(init) || replace_application(init, err) == 0)
		return true;
	init->status = COMMAND_FAILED;
	return false;
}

/* -- the clock -------------------------------------------------------------------------------- */

static bool wants_candidate(const struct init *init)
{
	const struct init_process *application = &init->application;

	return init->jobs->watch && init->candidate.pid == 0 && application->ready &&
	       application->channel.fd < 0 && !init->ended && !init->stopping && !init->ending;
}

static void spawn_candidate(struct init *init)
{
	struct error err = ERROR_INIT;

	if (init_spawn(init, &init->candidate, init->jobs->watch, &err) == 0)
		return;
	log_write(LOG_WARNING, "cannot watch for changes, retrying: %s", err.message);
	init->candidate_due_ms = clock_now_ms() + CANDIDATE_PAUSE_MS;
}

void restart_check_deadlines(struct init *init)
{
	int64_t now = clock_now_ms();

	if (init->ending && now >= init->ending_until_ms && init->jobs->watch) {
		log_write(
		    LOG_DEBUG, "the application still runs after the signal: watching it again");
		init->ending = false;
	}
	if (init->stopping && !init->killed && !init->ending && now >= init->deadline_ms)
		kill_application(init);
	if (wants_candidate(init) && now >= init->candidate_due_ms)
		spawn_candidate(init);
}

int64_t restart_next_deadline(const struct init *init)
{
	if (init->ending && init->jobs->watch)
		return init->ending_until_ms;
	if (init->stopping)
		return init->deadline_ms;
	return wants_candidate(init) ? init->candidate_due_ms : -1;
}
