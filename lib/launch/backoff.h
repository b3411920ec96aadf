/*
 * backoff: growing pauses after what others may bring about as often as they like: whoever may
 * write a Secret has the application restarted by it.
 */
#ifndef LAUNCH_BACKOFF_H
#define LAUNCH_BACKOFF_H

#include <stdint.h>

/* The longest pause, in first pauses. */
#define BACKOFF_MAX 32
/* How long it must have been quiet, in pauses: more than looking, settling and stopping take. */
#define BACKOFF_QUIET 10

struct backoff {
	int64_t first_ms; /* the first pause */
	int64_t pause_ms; /* the latest pause; 0: none yet */
	int64_t until_ms; /* its end */
};

/*
 * Return when the pause ends that begins now.  It is twice the one before, at most BACKOFF_MAX
 * times the first; after BACKOFF_QUIET times its length without another, the first again.
 */
int64_t backoff_begin(struct backoff *backoff, int64_t now_ms) __attribute__((nonnull));

#endif
