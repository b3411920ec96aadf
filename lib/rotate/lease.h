/*
 * lease: one rotation at a time, by a Lease of the Kubernetes API that names who is at it.
 *
 * Two rotations at once do no harm, since each PATCH has its precondition: the Lease spares the
 * work that they would do twice.  It is kept as client-go's leader election keeps its own: whether
 * a holder still lives is seen from the Lease changing, on our clock alone; no two clocks are
 * compared.
 */
#ifndef ROTATE_LEASE_H
#define ROTATE_LEASE_H

#include "lib/kube/lease.h"

/* How long others watch before they take the Lease over from one who does not renew it. */
#define LEASE_DURATION_S 15
/* Two renewals may fail without anybody thinking us dead. */
#define LEASE_RENEW_MS 5000
/* After a renewal that failed for now, and between two looks at somebody else's Lease. */
#define LEASE_RETRY_MS 1000
/* What is left for giving it back when a signal or the time limit has ended all else. */
#define LEASE_LAST_MS 2000
/* No other holder states more: whoever does would shut us out for as long. */
#define LEASE_WATCH_MAX_S 3600

/* Zeroed, it is held by nobody. */
struct lease {
	struct kube *kube;	  /* borrowed */
	char *identity;		  /* HOST_PID_RANDOM: ours alone */
	struct kube_lease stored; /* as it was last seen */
	bool held;
	bool away;	      /* renewing has failed since it last went well */
	bool reread;	      /* somebody changed it: who holds it is looked at next */
	int64_t due_ms;	      /* CLOCK_MONOTONIC: when to renew */
	int64_t requested_ms; /* when the renewal under way was begun */
};

/*
 * Get the Lease NAMESPACE/NAME: create it, take it where nobody holds it, or watch a holder for as
 * long as the Lease's own duration and take it over when it does not change.
 *
 * ERROR_CONFLICT: another rotation runs; the message names its holder.  ERROR_DENIED: the message
 * names the rule that is wanted.  Both say --no-lease.
 */
int lease_acquire(struct lease *lease, struct http_client *client, struct kube *kube,
    const char *namespace, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* When to begin a renewal (CLOCK_MONOTONIC); INT64_MAX when it is not held. */
int64_t lease_due_ms(const struct lease *lease) __attribute__((nonnull));
/* Prepare the exchange that is due; one at a time. */
int lease_renew_request(struct lease *lease, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * 0: it is ours, or nobody knows at the moment and it is tried again: see lease_due_ms.  -1: it is
 * lost, to whom the error tells; or the right to renew it is.
 */
int lease_renew_result(struct lease *lease, const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Give it back, so that the next one need not wait; a failure is a warning.  It takes LEASE_LAST_MS
 * at most, on a client of its own, also after a signal or at the time limit: so it comes last.
 */
void lease_release(struct lease *lease) __attribute__((nonnull));
void lease_free(struct lease *lease) __attribute__((nonnull));

#endif
