/*
 * init: the processes of a launch with --init, and how they communicate.
 *
 * The init process (init.c, restart.c) never holds a secret: it forks before there is any.  Its
 * children collect the secrets and become the application (launch.c), or watch for changes as the
 * candidate for the application's place (watch.c).  Each has a channel to init (channel.c) that
 * exec closes.  Internal to lib/launch.
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
	CHANNEL_RENEWED, /* from a candidate: has renewed the running application's files */
	CHANNEL_SAME,	 /* from a candidate: only the ciphertext differs */
	CHANNEL_GO, /* to a new child: begin; to a candidate that is ready: start the application */
};

/* One end; fd -1: closed. */
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

/* Send a message, with digests unless NULL.  -1 when the other end is closed. */
int channel_send(struct channel *channel, enum channel_message message,
    const struct collect_digests *digests, struct error *err)
    __attribute__((nonnull(1, 4), warn_unused_result));

/* Receive a message and its digests, without waiting. */
enum channel_message channel_receive(struct channel *channel, struct collect_digests *digests)
    __attribute__((nonnull, warn_unused_result));

/*
 * Wait for a message and receive it.  CHANNEL_NOTHING after the timeout (below 0: none), or when a
 * signal handler has run.
 */
enum channel_message channel_wait(struct channel *channel, struct collect_digests *digests,
    int64_t timeout_ms) __attribute__((nonnull, warn_unused_result));

void channel_close(struct channel *channel) __attribute__((nonnull));

/* -- init: the parent of the application (init.c, init_child.c, restart.c) -------------------- */

/* The arguments of a child's job. */
struct init_child {
	struct channel channel;		       /* to init */
	const struct collect_digests *running; /* of the running application */
	sigset_t mask;			       /* as it was found */
	void *context;
};

/* The jobs of children.  A job returns only on failure, or to end: its exit status. */
struct init_jobs {
	/* Start the application; if there is a watch job, send CHANNEL_READY just before exec. */
	int (*start)(struct init_child *child, struct error *err);
	/*
	 * Wait for a change, and act on it.  Send CHANNEL_READY when the application is to be
	 * started again, and become it after CHANNEL_GO; or send CHANNEL_RENEWED or CHANNEL_SAME
	 * and end with status 0.  End when the channel is closed.  NULL: do not watch.
	 */
	int (*watch)(struct init_child *child, struct error *err);
	void *context;
};

/*
 * Be the init until the application ends without being restarted.  Returns its exit status, 128+N
 * when signal N ended it; with *err set when it could not be started.
 */
int init_run(const struct launch_settings *settings, const struct init_jobs *jobs,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Restore the signal mask, in a child that is about to become the application. */
void init_release(const struct init_child *child) __attribute__((nonnull));

/* Growing pauses between restarts, which everyone who may write a Secret can cause. */
struct restart_backoff {
	int64_t first_ms; /* the first pause */
	int64_t pause_ms; /* the latest pause; 0: none yet */
	int64_t until_ms; /* its end */
};

/* The longest pause, as a multiple of the first. */
#define RESTART_BACKOFF_MAX 32
/* After so many times its length without another, the pause is the first one again. */
#define RESTART_BACKOFF_QUIET 10

/*
 * Begin a pause now, and return its end.  It is twice as long as the one before, at most
 * RESTART_BACKOFF_MAX times the first; the first again after RESTART_BACKOFF_QUIET times its
 * length.
 */
int64_t restart_backoff_begin(struct restart_backoff *backoff, int64_t now_ms)
    __attribute__((nonnull));

/* A child that is the application, or the candidate for its place. */
struct init_process {
	pid_t pid;		/* also the number of its process group; 0: there is none */
	struct channel channel; /* open until it has become the application */
	bool ready;		/* its digests are known */
	bool asked;		/* to end */
	struct collect_digests digests;
};

struct init {
	const struct launch_settings *settings;
	const struct init_jobs *jobs;
	pid_t pid;
	int stop_signal, renew_signal; /* renew_signal 0: restart instead */

	/* As they were found, for the application. */
	sigset_t mask;
	struct sigaction child_action;
	bool terminal; /* stdin is our terminal, which we may hand over */

	int signals; /* signalfd */
	struct init_process application, candidate;
	bool ended; /* the application, with this status */
	int status;
	bool stopping;		  /* stopping the application to restart it */
	bool rest_asked;	  /* its remaining processes have been signalled, too */
	bool killed;		  /* it did not stop in time */
	bool ending;		  /* it was signalled from outside to end: it is not restarted */
	int64_t ending_until_ms;  /* if it runs after this, the signal did not end it */
	int64_t deadline_ms;	  /* of the current step of stopping */
	int64_t candidate_due_ms; /* no new candidate before this */
	struct restart_backoff backoff; /* after a restart, or a renewal */
	bool has_credential;		/* in the environment, for the children */
};

/* For restart.c.  Fork a child that runs the job. */
int init_spawn(struct init *init, struct init_process *child,
    int (*job)(struct init_child *, struct error *), struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return whether the terminal is ours or the application's, not another process group's. */
bool init_has_terminal(const struct init *init) __attribute__((nonnull));
/* Send a signal to the application; with --init-group, to its process group. */
void init_signal_application(const struct init *init, int number) __attribute__((nonnull));
/* Make the candidate end, which first revokes its token. */
void init_end_candidate(struct init *init) __attribute__((nonnull));

/* For init.c.  Receive and act on messages of the application and the candidate. */
void restart_receive(struct init *init) __attribute__((nonnull));
/* Act on deadlines that have passed. */
void restart_check_deadlines(struct init *init) __attribute__((nonnull));
/* Return the next deadline, or -1. */
int64_t restart_next_deadline(const struct init *init) __attribute__((nonnull));
/*
 * Start the application again, if it has ended to be restarted and none of its processes is left.
 * Return false when it has ended for good; its status is init->status, with *err set if that is a
 * failure of ours.
 */
bool restart_continue(struct init *init, struct error *err) __attribute__((nonnull));
/* Log that the candidate has ended, and set the time of the next one. */
void restart_candidate_ended(struct init *init, int status) __attribute__((nonnull));

/* -- watch: the candidate (watch.c) ----------------------------------------------------------- */

/*
 * Watch the sources as the candidate, and become the application when a value has changed; with
 * --watch-signal, renew the running one's files.  A change that cannot be used is logged once, and
 * the application goes on.  Returns the exit status, with *err set on failure.
 */
int watch_run(const struct deliver_plan *plan, char *const *command,
    const uint8_t key[VARIABLES_DIGEST_SIZE], struct init_child *child, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
