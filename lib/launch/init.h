/*
 * init: stay as a minimal init: run the application as a child, forward signals, reap orphans, exit
 * as the application did; and start it anew when a candidate for its place is ready.
 *
 * The init itself never holds a secret: it forks before there is any, and its children do the rest.
 * The application has a process group of its own and, when it was ours, the terminal.
 */
#ifndef LAUNCH_INIT_H
#define LAUNCH_INIT_H

#include <signal.h>

#include "lib/launch/gate.h"

struct init_settings {
	bool enabled;		  /* --init */
	bool group;		  /* --init-group: signals go to the application's process group */
	const char *stop_signal;  /* before it is started anew */
	int64_t stop_timeout_ms;  /* then SIGKILL */
	const char *renew_signal; /* --watch-signal: told so, not started anew; NULL: anew */
	int64_t pause_ms;	  /* after a change, before the next is looked for; see backoff.h */
};

#define INIT_DEFAULTS                                                                              \
	{                                                                                          \
		.stop_signal = "TERM", .stop_timeout_ms = 10000                                    \
	}

/* What a child has to work with. */
struct init_child {
	struct gate gate;		 /* to init */
	const struct gate_mark *running; /* what the running application was started from */
	sigset_t mask;			 /* as it was found */
	void *context;
};

/* What children do.  A job returns only when it has failed, or is to end: its exit status. */
struct init_jobs {
	/* Start the application; with a candidate in mind, say GATE_READY just before exec. */
	int (*start)(struct init_child *child, struct error *err);
	/*
	 * Be the candidate: say GATE_READY when the application is to be started anew, wait for
	 * GATE_GO, and become it; or say GATE_RENEWED when it has been brought up to date, or
	 * GATE_SAME, and end with status 0. End when the gate is closed.  NULL: there is none.
	 */
	int (*watch)(struct init_child *child, struct error *err);
	void *context;
};

/*
 * Be the init until the application ends by itself.  Signals are caught already
 * (command_catch_signals).  Returns the application's exit status, 128+N when signal N ended it;
 * with *err set when nothing could be started.
 */
int init_run(const struct init_settings *settings, const struct init_jobs *jobs, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* In a child, before it becomes the application: the signal mask as it was found. */
void init_release(const struct init_child *child) __attribute__((nonnull));

#endif
