/*
 * outage: patience with a server that is away or sealed in the middle of a run.
 *
 * One that has answered before is waited for, as long as the time limit allows; one that never has
 * is likely a wrong address, and ends the run.
 */
#ifndef ROTATE_OUTAGE_H
#define ROTATE_OUTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

/* How long it is left alone before the next try: growing, so that it can come up in peace. */
#define OUTAGE_WAIT_MIN_MS 500
#define OUTAGE_WAIT_MAX_MS 10000

struct outage {
	const char *server; /* "Vault"; a literal */
	bool answered;	    /* at least once in this run */
	size_t answers;	    /* in this run */
	int64_t wait_ms;    /* 0: it is there */
	int64_t until_ms;   /* CLOCK_MONOTONIC: when to try again */
	struct error why;
};

/* It has answered. */
void outage_ends(struct outage *outage) __attribute__((nonnull));
/*
 * It has not, for the reason in *err: 0 when it will be waited for, with *err cleared and the first
 * time logged; -1 with *err as it is when it has never answered, or that is no outage.
 */
int outage_begins(struct outage *outage, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* It is away, and it is too early to try again. */
bool outage_holds(const struct outage *outage) __attribute__((nonnull));

#endif
