/*
 * init: a minimal init process.  It runs the application as a child, forwards signals, reaps
 * orphans, and exits with the application's status.  The application gets its own process group
 * and, if we had it, the terminal.
 */
#include "lib/launch/init.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/credential_environment.h"
#include "lib/base/log.h"

/* Time for a candidate to revoke its token before it is killed. */
#define CANDIDATE_GRACE_MS 2000

/* -- block signals, become the reaper --------------------------------------------------------- */

static int parse_signals(struct init *init, struct error *err)
{
	const struct launch_settings *settings = init->settings;

	if (command_parse_signal(settings->init.stop_signal, &init->stop_signal, err) < 0)
		return -1;
	init->renew_signal = 0;
	return settings->watch.signal
		   ? command_parse_signal(settings->watch.signal, &init->renew_signal, err)
		   : 0;
}

/*
 * Read all signals from a descriptor, except those of our own faults.  A blocked signal is kept
 * even if its action is to ignore it.  With SIGTTOU blocked, we can write to the terminal and pass
 * it to the application.
 */
static int take_signals(struct init *init, struct error *err)
{
	static const int faults[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	sigprocmask(SIG_SETMASK, &all, &init->mask);
	/* If SIGCHLD is ignored, the kernel discards the exit status. */
	sigaction(SIGCHLD, &action, &init->child_action);
	init->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return init->signals < 0 ? error_system(err, "signalfd") : 0;
}

static int init_set_up(struct init *init, struct error *err)
{
	if (parse_signals(init, err) < 0 || take_signals(init, err) < 0)
		return -1;
	init->terminal = tcgetpgrp(STDIN_FILENO) == getpgrp();
	if (init->pid != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_system(err, "becoming the reaper of orphans");
	return 0;
}

/* -- forward ---------------------------------------------------------------------------------- */

/* Return whether the signal asks the application to end. */
static bool asks_to_end(const struct init *init, int number)
{
	return number == SIGTERM || number == SIGINT || number == init->stop_signal;
}

static void forward_signals(struct init *init)
{
	struct signalfd_siginfo signal;

	while (read(init->signals, &signal, sizeof(signal)) == sizeof(signal)) {
		int number = (int)signal.ssi_signo;
		/* Do not forward a SIGPIPE that our own log message caused. */
		bool own = number == SIGPIPE && (pid_t)signal.ssi_pid == init->pid;
		if (number == SIGCHLD || own)
			continue;
		if (!init->ending && asks_to_end(init, number)) {
			init->ending = true;
			init->ending_until_ms =
			    clock_now_ms() + init->settings->init.stop_timeout_ms;
			init_end_candidate(init);
		}
		init_signal_application(init, number);
	}
}

/* -- reap ------------------------------------------------------------------------------------- */

/*
 * Stop this process, unless no process could continue it.  PID 1 and the leader of a session have
 * no shell as parent.  In an orphaned process group the kernel discards SIGTSTP.
 */
static void stop_here(const struct init *init)
{
	sigset_t stop;

	if (init->pid == 1 || getsid(0) == init->pid)
		return;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL);
	sigprocmask(SIG_BLOCK, &stop, NULL);
}

/*
 * Stop together with the application (Ctrl-Z), so that the shell that started us notices.  Continue
 * the application when we are continued.
 */
static void stop_along(const struct init *init, int number)
{
	if (!init->terminal)
		return;
	stop_here(init);
	if (init_has_terminal(init))
		tcsetpgrp(STDIN_FILENO, init->application.pid);
	else if (number != SIGTSTP)
		return; /* the application waits for the terminal, and would stop again */
	kill(-init->application.pid, SIGCONT);
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reap the application, the candidate, and every orphan. */
static void reap_children(struct init *init)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (WIFSTOPPED(status)) {
			if (pid == init->application.pid)
				stop_along(init, WSTOPSIG(status));
		} else if (pid == init->application.pid && !init->ended) {
			init->ended = true;
			init->status = exit_status(status);
		} else if (pid == init->candidate.pid) {
			restart_candidate_ended(init, exit_status(status));
		}
	}
}

/* -- the main loop ---------------------------------------------------------------------------- */

/* Wait for a signal, a message or the time `until_ms`; below 0: without a time limit. */
static void wait_for_event(const struct init *init, int64_t until_ms)
{
	struct pollfd events[] = {{.fd = init->signals, .events = POLLIN},
	    {.fd = init->application.channel.fd, .events = POLLIN},
	    {.fd = init->candidate.channel.fd, .events = POLLIN}};
	int64_t left = until_ms - clock_now_ms();

	if (until_ms < 0)
		left = -1;
	else if (left < 0)
		left = 0;
	poll(events, sizeof(events) / sizeof(events[0]), left > INT_MAX ? INT_MAX : (int)left);
}

static void dismiss_candidate(struct init *init)
{
	int64_t until = clock_now_ms() + CANDIDATE_GRACE_MS;

	init_end_candidate(init);
	while (init->candidate.pid && clock_now_ms() < until) {
		wait_for_event(init, until);
		forward_signals(init);
		reap_children(init);
	}
	if (init->candidate.pid)
		kill(init->candidate.pid, SIGKILL);
}

int init_run(
    const struct launch_settings *settings, const struct init_jobs *jobs, struct error *err)
{
	struct init init = {.settings = settings,
	    .jobs = jobs,
	    .pid = getpid(),
	    .backoff = {.first_ms = settings->watch.interval_ms},
	    .has_credential = credential_environment_holds_any(),
	    .application = {.channel = CHANNEL_INIT},
	    .candidate = {.channel = CHANNEL_INIT}};

	if (init_set_up(&init, err) < 0)
		return COMMAND_FAILED;
	int caught = command_caught_signal();
	if (caught) {
		error_set(err, ERROR_INTERRUPTED,
		    "signal %d: ended before the application was started", caught);
		return 128 + caught;
	}
	if (init_spawn(&init, &init.application, jobs->start, err) < 0)
		return COMMAND_FAILED;
	while (restart_continue(&init, err)) {
		wait_for_event(&init, restart_next_deadline(&init));
		forward_signals(&init);
		reap_children(&init);
		restart_receive(&init);
		restart_check_deadlines(&init);
	}
	dismiss_candidate(&init);
	if (init_has_terminal(&init))
		tcsetpgrp(STDIN_FILENO, getpgrp());
	close(init.signals);
	return init.status;
}
