#include "lib/base/signals.h"

#include <errno.h>
#include <stddef.h>

static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
#define ENDING (sizeof(ending) / sizeof(ending[0]))

static struct sigaction initial[ENDING], initial_pipe;
static volatile sig_atomic_t caught;
static void (*action)(void);

static void on_ending(int number)
{
	int interrupted_errno = errno;

	if (!caught)
		caught = number;
	if (action)
		action();
	errno = interrupted_errno;
}

void signals_catch(void (*on_signal)(void))
{
	struct sigaction catching = {.sa_handler = on_ending};
	struct sigaction ignoring = {.sa_handler = SIG_IGN};

	action = on_signal;
	for (size_t i = 0; i < ENDING; i++) {
		sigaction(ending[i], NULL, &initial[i]);
		/* Keep a signal ignored, for example under nohup(1). */
		if (initial[i].sa_handler != SIG_IGN)
			sigaction(ending[i], &catching, NULL);
	}
	sigaction(SIGPIPE, &ignoring, &initial_pipe);
}

int signals_caught(void)
{
	return caught;
}

void signals_block(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ENDING; i++)
		sigaddset(&set, ending[i]);
	sigprocmask(SIG_BLOCK, &set, before);
}

void signals_release(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

void signals_restore(void)
{
	sigset_t none;

	for (size_t i = 0; i < ENDING; i++)
		sigaction(ending[i], &initial[i], NULL);
	sigaction(SIGPIPE, &initial_pipe, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int signals_check(struct error *err)
{
	if (!caught)
		return 0;
	return error_set(err, ERROR_INTERRUPTED, "interrupted by signal %d", caught);
}
