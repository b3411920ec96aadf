/* init_child: start, signal and end the children of init: the application and the candidate. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/base/log.h"
#include "lib/launch/init.h"

bool init_has_terminal(const struct init *init)
{
	pid_t foreground = tcgetpgrp(STDIN_FILENO);

	return init->terminal && foreground >= 0 &&
	       (foreground == getpgrp() || foreground == init->application.pid);
}

/* Set up the child: its process group, the terminal, and the original signal actions. */
static void child_set_up(const struct init *init, bool foreground)
{
	sigset_t mask = init->mask;

	setpgid(0, 0);
	if (foreground)
		tcsetpgrp(STDIN_FILENO, getpid());
	/* Block SIGTTOU, because the child writes messages before it executes the application. */
	sigaddset(&mask, SIGTTOU);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigaction(SIGCHLD, &init->child_action, NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (getppid() != init->pid)
		raise(SIGTERM);
}

/* Wait until init is dumpable again, because the application may open /proc/1/fd/1 immediately. */
static void child_wait(struct channel *channel)
{
	struct collect_digests unused;

	while (channel_wait(channel, &unused, -1) == CHANNEL_NOTHING)
		;
}

static void __attribute__((noreturn)) child_run(struct init *init, struct channel channel,
    int (*job)(struct init_child *, struct error *), bool foreground)
{
	struct error err = ERROR_INIT;
	struct init_child child = {.channel = channel,
	    .running = &init->application.digests,
	    .mask = init->mask,
	    .context = init->jobs->context};

	close(init->signals);
	channel_close(&init->application.channel);
	channel_close(&init->candidate.channel);
	child_set_up(init, foreground);
	child_wait(&child.channel);
	int status = job(&child, &err);
	if (err.code != ERROR_NONE)
		log_error(LOG_ERROR, &err);
	exit(status);
}

/*
 * Set whether this process is dumpable.  The init holds no secret and stays dumpable, so that
 * /proc/1/fd/1 can be opened.  A child must never be dumpable, so it inherits the setting at fork.
 */
static void set_dumpable(const struct init *init, bool dumpable)
{
	prctl(PR_SET_DUMPABLE, dumpable && !init->has_credential);
}

int init_spawn(struct init *init, struct init_process *child,
    int (*job)(struct init_child *, struct error *), struct error *err)
{
	bool foreground = child == &init->application && init_has_terminal(init);
	struct channel far;

	if (channel_open(&child->channel, &far, err) < 0)
		return -1;
	set_dumpable(init, false);
	pid_t pid = fork();
	if (pid == 0)
		child_run(init, far, job, foreground);
	int number = errno;
	set_dumpable(init, true);
	channel_close(&far);
	if (pid < 0) {
		channel_close(&child->channel);
		errno = number;
		return error_system(err, "fork");
	}
	/* Both processes call setpgid, so that neither continues before it is done. */
	setpgid(pid, pid);
	child->pid = pid;
	child->ready = child->asked = false;
	/*
	 * After a failure, the closed channel ends the child's wait.  If the child has already
	 * ended, waitpid reports it.
	 */
	if (channel_send(&child->channel, CHANNEL_GO, NULL, err) < 0) {
		channel_close(&child->channel);
		error_clear(err);
	}
	return 0;
}

void init_release(const struct init_child *child)
{
	prctl(PR_SET_PDEATHSIG, 0);
	sigprocmask(SIG_SETMASK, &child->mask, NULL);
}

void init_signal_application(const struct init *init, int number)
{
	pid_t pid = init->application.pid;

	if (!init->ended && kill(init->settings->init.group ? -pid : pid, number) < 0 &&
	    errno != ESRCH)
		log_write(LOG_WARNING, "signal %d: cannot be forwarded to the application: %s",
		    number, strerror(errno));
}

/*
 * The signal interrupts a request, and the closed channel ends a wait.  Signal the candidate only
 * once: a second signal would interrupt the request that revokes its token.
 */
void init_end_candidate(struct init *init)
{
	struct init_process *candidate = &init->candidate;

	channel_close(&candidate->channel);
	if (candidate->pid && !candidate->asked)
		kill(candidate->pid, SIGTERM);
	candidate->asked = true;
}
