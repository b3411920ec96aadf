#include "lib/launch/init.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/credential_environment.h"
#include "lib/base/log.h"
#include "lib/launch/backoff.h"
#include "lib/launch/command.h"
#include "lib/launch/descendants.h"
#include "lib/launch/signal_name.h"

/* For a candidate that is to end to give its token back. */
#define CANDIDATE_GRACE_MS 2000
/* Before another takes the place of a candidate that ended unasked: it may do so again at once. */
#define CANDIDATE_PAUSE_MS 1000
/* For what is left behind after SIGKILL: zombies of others can stay for ever. */
#define LEFT_GRACE_MS 1000

/* A child that is the application, or a candidate for its place. */
struct child {
	pid_t pid;	  /* its process group's number, too; 0: there is none */
	struct gate gate; /* open until it has become the application */
	bool ready;	  /* its mark is known */
	bool asked;	  /* to end */
	struct gate_mark mark;
};

struct init {
	const struct init_settings *settings;
	const struct init_jobs *jobs;
	pid_t pid;
	int stop_signal, renew_signal; /* renew_signal 0: none */

	/* As they were found, for the application. */
	sigset_t mask;
	struct sigaction child_action;
	bool terminal; /* stdin is our terminal, and ours to hand over */

	int signals; /* signalfd */
	struct child application, candidate;
	bool ended; /* the application; its status is here */
	int status;
	bool stopping;		  /* to be started anew */
	bool left_asked;	  /* what it left behind was asked to stop, too */
	bool killed;		  /* it did not stop in time */
	bool ending;		  /* it was told to end by somebody else: it is not started anew */
	int64_t ending_until_ms;  /* if it has not by then, it was not asked to, or does not care */
	int64_t deadline_ms;	  /* while stopping: what comes next */
	int64_t candidate_due_ms; /* not before this */
	struct backoff backoff;	  /* after a restart or a signal for a change */
	bool has_credential;	  /* in the environment, for the children */
};

/* After these the application may be on its way out, however long that takes. */
static bool asks_to_end(const struct init *init, int number)
{
	return number == SIGTERM || number == SIGINT || number == init->stop_signal;
}

/* -- block signals, become the reaper --------------------------------------------------------- */

static int parse_signals(struct init *init, struct error *err)
{
	const struct init_settings *settings = init->settings;

	if (signal_name_parse(settings->stop_signal, &init->stop_signal, err) < 0)
		return -1;
	init->renew_signal = 0;
	return settings->renew_signal
		   ? signal_name_parse(settings->renew_signal, &init->renew_signal, err)
		   : 0;
}

/*
 * All signals are read from a descriptor, but for those that our own faults raise.  A blocked
 * signal is kept even where it is ignored, and a blocked SIGTTOU lets us write to the terminal and
 * hand it over.
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
	/* Where SIGCHLD was ignored, the kernel would keep the exit status from us. */
	sigaction(SIGCHLD, &action, &init->child_action);
	init->signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	return init->signals < 0 ? error_system(err, "signalfd") : 0;
}

static int set_up(struct init *init, struct error *err)
{
	if (parse_signals(init, err) < 0 || take_signals(init, err) < 0)
		return -1;
	init->terminal = tcgetpgrp(STDIN_FILENO) == getpgrp();
	if (init->pid != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return error_system(err, "becoming the reaper of orphans");
	return 0;
}

/* -- spawn ------------------------------------------------------------------------------------ */

/* Whether nobody else has taken the terminal meanwhile, such as a shell that put us behind. */
static bool has_terminal(const struct init *init)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return init->terminal && foreground >= 0 &&
	       (foreground == getpgrp() || foreground == init->application.pid);
}

static void settle_in(const struct init *init, bool foreground)
{
	sigset_t mask = init->mask;

	setpgid(0, 0);
	if (foreground)
		tcsetpgrp(STDIN_FILENO, getpid());
	/* It writes its messages although it is no application yet. */
	sigaddset(&mask, SIGTTOU);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigaction(SIGCHLD, &init->child_action, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (getppid() != init->pid)
		raise(SIGTERM);
}

static void __attribute__((noreturn)) run_child(struct init *init, struct gate gate,
    int (*job)(struct init_child *, struct error *), bool foreground)
{
	struct error err = ERROR_INIT;
	struct init_child child = {.gate = gate,
	    .running = &init->application.mark,
	    .mask = init->mask,
	    .context = init->jobs->context};

	close(init->signals);
	gate_close(&init->application.gate);
	gate_close(&init->candidate.gate);
	settle_in(init, foreground);
	int status = job(&child, &err);
	if (err.code != ERROR_NONE)
		log_write(LOG_ERROR, "%s", err.message);
	exit(status);
}

/*
 * The init forks before there is a secret, so it may be looked into: its descriptors are what
 * /proc/1/fd/1 leads to.  A child must not be, from its first moment on, and inherits this.
 */
static void set_dumpable(const struct init *init, bool dumpable)
{
	prctl(PR_SET_DUMPABLE, dumpable && !init->has_credential);
}

static int spawn(struct init *init, struct child *child,
    int (*job)(struct init_child *, struct error *), struct error *err)
{
	bool foreground = child == &init->application && has_terminal(init);
	struct gate far;

	if (gate_open(&child->gate, &far, err) < 0)
		return -1;
	set_dumpable(init, false);
	pid_t pid = fork();
	if (pid == 0)
		run_child(init, far, job, foreground);
	int number = errno;
	set_dumpable(init, true);
	gate_close(&far);
	if (pid < 0) {
		gate_close(&child->gate);
		errno = number;
		return error_system(err, "fork");
	}
	/* In both processes: who comes first finds the group there. */
	setpgid(pid, pid);
	child->pid = pid;
	child->ready = child->asked = false;
	return 0;
}

void init_release(const struct init_child *child)
{
	prctl(PR_SET_PDEATHSIG, 0);
	sigprocmask(SIG_SETMASK, &child->mask, NULL);
}

/* -- forward ---------------------------------------------------------------------------------- */

static void send_signal(const struct init *init, int number)
{
	pid_t pid = init->application.pid;

	if (!init->ended && kill(init->settings->group ? -pid : pid, number) < 0 && errno != ESRCH)
		log_write(LOG_WARNING, "signal %d can't be passed to the application: %s", number,
		    strerror(errno));
}

/*
 * It hears of it in whatever it does: by the signal in a request, by the gate when it waits.  Once
 * only: a second signal would end the request by which it gives its token back.
 */
static void ask_candidate_to_end(struct init *init)
{
	struct child *candidate = &init->candidate;

	gate_close(&candidate->gate);
	if (candidate->pid && !candidate->asked)
		kill(candidate->pid, SIGTERM);
	candidate->asked = true;
}

static void forward(struct init *init)
{
	struct signalfd_siginfo signal;

	while (read(init->signals, &signal, sizeof(signal)) == sizeof(signal)) {
		int number = (int)signal.ssi_signo;
		/* What we get for a message that nobody reads is no signal for the application. */
		bool own = number == SIGPIPE && (pid_t)signal.ssi_pid == init->pid;
		if (number == SIGCHLD || own)
			continue;
		if (!init->ending && asks_to_end(init, number)) {
			init->ending = true;
			init->ending_until_ms = clock_now_ms() + init->settings->stop_timeout_ms;
			ask_candidate_to_end(init);
		}
		send_signal(init, number);
	}
}

/* -- reap ------------------------------------------------------------------------------------- */

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void reap_candidate(struct init *init, int status)
{
	if (!init->ending && !init->ended && status != 0)
		log_write(LOG_WARNING,
		    "the process that watches for changes ended with status %d: another is started",
		    exit_status(status));
	gate_close(&init->candidate.gate);
	init->candidate.pid = 0;
	init->candidate.ready = false;
	int64_t due_ms = clock_now_ms() + CANDIDATE_PAUSE_MS;
	if (init->candidate_due_ms < due_ms)
		init->candidate_due_ms = due_ms;
}

/*
 * Stop, unless no process could continue this one.  PID 1 and a session's leader have no shell
 * above them; for any other process group without one the kernel discards SIGTSTP.
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
 * A shell that started us must hear of it when a person stops the application (Ctrl-Z): we stop as
 * well, and when we go on, so does the application.
 */
static void stop_along(const struct init *init, int number)
{
	if (!init->terminal)
		return;
	stop_here(init);
	if (has_terminal(init))
		tcsetpgrp(STDIN_FILENO, init->application.pid);
	else if (number != SIGTSTP)
		return; /* it would stop again: it wants the terminal, which is another's */
	kill(-init->application.pid, SIGCONT);
}

/* The two that we know, and every orphan. */
static void reap(struct init *init)
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
			reap_candidate(init, status);
		}
	}
}

/* -- start anew ------------------------------------------------------------------------------- */

/* Look for the next change after a pause. */
static void back_off(struct init *init)
{
	int64_t now = clock_now_ms();

	init->candidate_due_ms = backoff_begin(&init->backoff, now);
	if (init->candidate_due_ms - now > init->backoff.first_ms)
		log_write(LOG_INFO, "secrets change often: looking for changes again in %lld ms",
		    (long long)(init->candidate_due_ms - now));
}

static void stop_application(struct init *init)
{
	char name[SIGNAL_NAME_SIZE];

	signal_name_write(init->stop_signal, name);
	log_write(LOG_INFO, "a secret has changed: %s to the application, to start it anew", name);
	init->stopping = true;
	init->left_asked = init->killed = false;
	init->deadline_ms = clock_now_ms() + init->settings->stop_timeout_ms;
	send_signal(init, init->stop_signal);
}

static void renew_application(struct init *init)
{
	char name[SIGNAL_NAME_SIZE];

	signal_name_write(init->renew_signal, name);
	log_write(LOG_INFO, "a secret has changed: %s to the application", name);
	init->application.mark = init->candidate.mark;
	send_signal(init, init->renew_signal);
	back_off(init);
}

static void hear_application(struct init *init)
{
	struct child *application = &init->application;

	if (application->gate.fd < 0)
		return;
	switch (gate_hear(&application->gate, &application->mark)) {
	case 0:
		gate_close(&application->gate);
		break;
	case GATE_READY:
		application->ready = true;
		break;
	}
}

static void hear_candidate(struct init *init)
{
	struct child *candidate = &init->candidate;

	if (candidate->gate.fd < 0)
		return;
	switch (gate_hear(&candidate->gate, &candidate->mark)) {
	case 0:
		gate_close(&candidate->gate);
		break;
	case GATE_READY:
		candidate->ready = true;
		if (!init->ended)
			stop_application(init);
		break;
	case GATE_RENEWED:
		renew_application(init);
		break;
	case GATE_SAME:
		init->application.mark = candidate->mark;
		break;
	}
}

/* Once the time to stop is over. */
static void kill_application(struct init *init)
{
	log_write(LOG_WARNING, "the application%s did not stop in %lld ms: %s killed",
	    init->ended ? "'s children" : "", (long long)init->settings->stop_timeout_ms,
	    init->ended ? "they are" : "it is");
	/* When it has gone, what it left behind is next. */
	if (!init->ended && !init->settings->group)
		kill(init->application.pid, SIGKILL);
	else
		descendants_signal(init->application.pid, init->candidate.pid, SIGKILL);
	init->killed = true;
	init->deadline_ms = clock_now_ms() + LEFT_GRACE_MS;
}

/*
 * Whether nothing is left of the application: a port or a lock of a child that it left behind would
 * be missing to the new one.  Such children have what is left of its time to stop.
 */
static bool has_gone(struct init *init)
{
	pid_t group = init->application.pid, spared = init->candidate.pid;

	if (!descendants_signal(group, spared, 0))
		return true;
	if (!init->left_asked)
		descendants_signal(group, spared, init->killed ? SIGKILL : init->stop_signal);
	init->left_asked = true;
	return init->killed && clock_now_ms() >= init->deadline_ms;
}

/* The candidate takes the application's place; when it is gone, a start from the beginning does. */
static int succeed(struct init *init, struct error *err)
{
	struct child *candidate = &init->candidate;
	pid_t old = init->application.pid;

	init->stopping = false;
	back_off(init);
	if (candidate->ready && has_terminal(init))
		tcsetpgrp(STDIN_FILENO, candidate->pid);
	if (candidate->ready && gate_say(&candidate->gate, GATE_GO, NULL, err) == 0) {
		init->application = *candidate;
		init->candidate = (struct child){.gate = GATE_CLOSED};
	} else {
		error_clear(err);
		ask_candidate_to_end(init);
		init->candidate.pid = 0;
		if (spawn(init, &init->application, init->jobs->start, err) < 0)
			return error_wrap(err, "the application can't be started anew");
	}
	log_write(
	    LOG_DEBUG, "process %d takes the place of %d", (int)init->application.pid, (int)old);
	init->ended = false;
	return 0;
}

static bool wants_candidate(const struct init *init)
{
	const struct child *application = &init->application;

	return init->jobs->watch && init->candidate.pid == 0 && application->ready &&
	       application->gate.fd < 0 && !init->ended && !init->stopping && !init->ending;
}

static void spawn_candidate(struct init *init)
{
	struct error err = ERROR_INIT;

	if (spawn(init, &init->candidate, init->jobs->watch, &err) == 0)
		return;
	log_write(LOG_WARNING, "nobody watches for changes: %s: tried again", err.message);
	init->candidate_due_ms = clock_now_ms() + CANDIDATE_PAUSE_MS;
}

static void look_at_clock(struct init *init)
{
	int64_t now = clock_now_ms();

	if (init->ending && now >= init->ending_until_ms && init->jobs->watch) {
		log_write(
		    LOG_DEBUG, "the application goes on after the signal, and so does watching");
		init->ending = false;
	}
	if (init->stopping && !init->killed && !init->ending && now >= init->deadline_ms)
		kill_application(init);
	if (wants_candidate(init) && now >= init->candidate_due_ms)
		spawn_candidate(init);
}

/* -- the whole life --------------------------------------------------------------------------- */

/* Until a signal or a word comes, or it is `until_ms`; below 0: whenever. */
static void wait_for_event(const struct init *init, int64_t until_ms)
{
	struct pollfd events[] = {{.fd = init->signals, .events = POLLIN},
	    {.fd = init->application.gate.fd, .events = POLLIN},
	    {.fd = init->candidate.gate.fd, .events = POLLIN}};
	int64_t left = until_ms - clock_now_ms();

	if (until_ms < 0)
		left = -1;
	else if (left < 0)
		left = 0;
	poll(events, sizeof(events) / sizeof(events[0]), left > INT_MAX ? INT_MAX : (int)left);
}

static int64_t next_deadline(const struct init *init)
{
	if (init->ending && init->jobs->watch)
		return init->ending_until_ms;
	if (init->stopping)
		return init->deadline_ms;
	return wants_candidate(init) ? init->candidate_due_ms : -1;
}

/* False when the application has ended for good; its status, or -1 with *err set. */
static bool lives(struct init *init, struct error *err)
{
	if (!init->ended)
		return true;
	if (!init->stopping || init->ending)
		return false;
	if (!has_gone(init))
		return true;
	if (succeed(init, err) == 0)
		return true;
	init->status = COMMAND_FAILED;
	return false;
}

static void dismiss_candidate(struct init *init)
{
	int64_t until = clock_now_ms() + CANDIDATE_GRACE_MS;

	ask_candidate_to_end(init);
	while (init->candidate.pid && clock_now_ms() < until) {
		wait_for_event(init, until);
		forward(init);
		reap(init);
	}
	if (init->candidate.pid)
		kill(init->candidate.pid, SIGKILL);
}

int init_run(const struct init_settings *settings, const struct init_jobs *jobs, struct error *err)
{
	struct init init = {.settings = settings,
	    .jobs = jobs,
	    .pid = getpid(),
	    .backoff = {.first_ms = settings->pause_ms},
	    .has_credential = credential_environment_holds_any(),
	    .application = {.gate = GATE_CLOSED},
	    .candidate = {.gate = GATE_CLOSED}};

	if (set_up(&init, err) < 0)
		return COMMAND_FAILED;
	int caught = command_caught_signal();
	if (caught) {
		error_set(err, ERROR_INTERRUPTED, "ended by signal %d before anything was started",
		    caught);
		return 128 + caught;
	}
	if (spawn(&init, &init.application, jobs->start, err) < 0)
		return COMMAND_FAILED;
	while (lives(&init, err)) {
		wait_for_event(&init, next_deadline(&init));
		forward(&init);
		reap(&init);
		hear_application(&init);
		hear_candidate(&init);
		look_at_clock(&init);
	}
	dismiss_candidate(&init);
	if (has_terminal(&init))
		tcsetpgrp(STDIN_FILENO, getpgrp());
	close(init.signals);
	return init.status;
}
