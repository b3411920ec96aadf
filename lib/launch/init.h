/*
 * init: the processes of a launch with --init, and how they communicate.
 *
 * The init process (init.c, restart.c) never holds a secret, because it forks before any is read.
 * Its children collect the secrets and become the application (launch.c), or watch for changes as
 * the candidate that replaces the application (watch.c).  Each child has a channel to init
 * (channel.c), which exec closes.  Internal to lib/launch.
 */
#ifndef LAUNCH_INIT_H
#define LAUNCH_INIT_H

#include <signal.h>

#include "lib/launch/deliver.h"
#include "lib/launch/source.h"

/* -- channel: messages between init and a child (channel.c) ----------------------------------- */

enum channel_message {
	CHANNEL_CLOSED,	 /* the other end is closed */
	CHANNEL_NOTHING, /* no message yet */
	CHANNEL_READY,	 /* from a child: about to start the application */
	CHANNEL_RENEWED, /* from a candidate: the running application's files are renewed */
	CHANNEL_SAME,	 /* from a candidate: only the ciphertext has changed */
	CHANNEL_GO, /* to a new child: begin; to a candidate that is ready: start the application */
};

/* One end of a channel; fd -1: closed. */
struct channel {
	int fd;
};

#define CHANNEL_INIT                                                                               \
	{                                                                                          \
		-1                                                                                 \
	}

/* Open both ends, close-on-exec. */
int channel_open(struct channel *near, struct channel *far, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Send a message, with `digests` unless NULL.  ERROR_SYSTEM if the other end is closed. */
int channel_send(struct channel *channel, enum channel_message message,
    const struct collect_digests *digests, struct error *err)
    __attribute__((nonnull(1, 4), warn_unused_result));

/* Receive a message and its digests, without waiting. */
enum channel_message channel_receive(struct channel *channel, struct collect_digests *digests)
    __attribute__((nonnull, warn_unused_result));

/*
 * Wait for a message and receive it.  Return CHANNEL_NOTHING after the timeout, or after a signal
 * handler has run.  A negative timeout_ms means without a timeout.
 */
enum channel_message channel_wait(struct channel *channel, struct collect_digests *digests,
    int64_t timeout_ms) __attribute__((nonnull, warn_unused_result));

void channel_close(struct channel *channel) __attribute__((nonnull));

/* -- init: the parent of the application (init.c, init_child.c, restart.c) -------------------- */

/* The arguments of a child's job. */
struct init_child {
	struct channel channel;		       /* to init */
	const struct collect_digests *running; /* of the running application */
	sigset_t mask;			       /* the original signal mask */
	void *context;
};

/* The jobs of children.  A job that fails or ends returns its exit status. */
struct init_jobs {
	/* Start the application; if there is a watch job, send CHANNEL_READY just before exec. */
	int (*start)(struct init_child *child, struct error *err);
	/*
	 * Wait for a change, and act on it.  To replace the application, send CHANNEL_READY, and
	 * become the new one after CHANNEL_GO.  Otherwise send CHANNEL_RENEWED or CHANNEL_SAME, and
	 * end with status 0.  End when the channel is closed.  NULL: do not watch.
	 */
	int (*watch)(struct init_child *child, struct error *err);
	void *context;
};

/*
 * Run as init until the application has ended and is not restarted.  Return its exit status, or
 * 128+N if signal N ended it.  *err is set if it could not be started.
 */
int init_run(const struct launch_settings *settings, const struct init_jobs *jobs,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Restore the signal mask and clear the parent-death signal, in a child that is about to become the
 * application.
 */
void init_release(const struct init_child *child) __attribute__((nonnull));

/* Increasing pauses between restarts, because anyone who may write a Secret can cause a restart. */
struct restart_backoff {
	int64_t first_ms; /* the first pause */
	int64_t pause_ms; /* the latest pause; 0: none yet */
	int64_t until_ms; /* CLOCK_MONOTONIC: when it ends */
};

/* The longest pause, as a multiple of the first. */
#define RESTART_BACKOFF_MAX 32
/* If this many times the last pause has passed since its end, the next is `first_ms` again. */
#define RESTART_BACKOFF_QUIET 10

/*
 * Begin a pause now, and return when it ends.  It is twice as long as the previous pause, at most
 * RESTART_BACKOFF_MAX times `first_ms`.  It is `first_ms` again if the previous pause ended at
 * least RESTART_BACKOFF_QUIET times its length ago.
 */
int64_t restart_backoff_begin(struct restart_backoff *backoff, int64_t now_ms)
    __attribute__((nonnull));

/* A child: the application, or the candidate that replaces it. */
struct init_process {
	pid_t pid;		/* also the number of its process group; 0: no child */
	struct channel channel; /* closed once the child has executed the application */
	bool ready;		/* its digests have been received */
	bool asked;		/* it has been asked to end */
	struct collect_digests digests;
};

struct init {
	const struct launch_settings *settings;
	const struct init_jobs *jobs;
	pid_t pid;
	int stop_signal, renew_signal; /* renew_signal 0: restart instead */

	/* The original mask and action, for the application. */
	sigset_t mask;
	struct sigaction child_action;
	bool terminal; /* stdin is our terminal, which the application may get */

	int signals; /* signalfd */
	struct init_process application, candidate;
	bool ended; /* the application has ended, with this status */
	int status;
	bool stopping;		  /* stopping the application to restart it */
	bool rest_asked;	  /* its remaining processes have been signalled, too */
	bool killed;		  /* it did not stop in time */
	bool ending;		  /* a signal from outside asked it to end: it is not restarted */
	int64_t ending_until_ms;  /* if it still runs then, it is watched again */
	int64_t deadline_ms;	  /* of the current step of stopping */
	int64_t candidate_due_ms; /* no new candidate is started before this */
	struct restart_backoff backoff; /* after a restart, or a renewal */
	bool has_credential; /* the environment contains a credential, for the children */
};

/* Fork a child that runs `job`. */
int init_spawn(struct init *init, struct init_process *child,
    int (*job)(struct init_child *, struct error *), struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return whether the foreground process group of our terminal is ours or the application's. */
bool init_has_terminal(const struct init *init) __attribute__((nonnull));
/* Send a signal to the application; with --init-group, to its process group. */
void init_signal_application(const struct init *init, int number) __attribute__((nonnull));
/* Ask the candidate to end, after revoking its token. */
void init_end_candidate(struct init *init) __attribute__((nonnull));

/* Receive messages from the application and the candidate, and act on them. */
void restart_receive(struct init *init) __attribute__((nonnull));
/* Act on deadlines that have passed. */
void restart_check_deadlines(struct init *init) __attribute__((nonnull));
/* Return the next deadline in milliseconds (CLOCK_MONOTONIC), or -1 if there is none. */
int64_t restart_next_deadline(const struct init *init) __attribute__((nonnull));
/*
 * Start the application again, if it was stopped for that and none of its processes is left.
 * Return false if it has ended and is not restarted: init->status is the exit status, with *err set
 * if restarting failed.
 */
bool restart_continue(struct init *init, struct error *err) __attribute__((nonnull));
/* Handle the end of the candidate, and schedule the next candidate. */
void restart_candidate_ended(struct init *init, int status) __attribute__((nonnull));

/* -- watch: the candidate (watch.c) ----------------------------------------------------------- */

/*
 * Watch the sources as the candidate.  When a value has changed, become the new application or,
 * with --watch-signal, renew the files of the running application.  A change that cannot be used is
 * logged once, and the application keeps running.  Return the exit status, with *err set on
 * failure.
 */
int watch_run(const struct deliver_plan *plan, char *const *command,
    const uint8_t key[VARIABLES_DIGEST_SIZE], struct init_child *child, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
