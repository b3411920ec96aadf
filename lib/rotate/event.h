/*
 * event: what came of a run, as an Event that "kubectl describe lease secret-rotate" shows.
 *
 * It is about the Lease, which outlives the pods of a CronJob; without one about our Pod, where the
 * environment names it (POD_NAME, POD_NAMESPACE, POD_UID by the downward API).
 */
#ifndef ROTATE_EVENT_H
#define ROTATE_EVENT_H

#include "lib/rotate/lease.h"

/* What is left for it when a signal or the time limit has ended all else. */
#define EVENT_LAST_MS 2000

/* What happened, in the words of "kubectl get events". */
#define EVENT_DONE "RotationDone"
#define EVENT_FAILED "RotationFailed"

/*
 * Tell it: the lease may be released, or never have been held.  `failed` makes it a warning;
 * `message` is for people and names no Secret.  Without the right to create Events nothing is told,
 * which is a debug line; any other failure is a warning.  It takes EVENT_LAST_MS at most, on a
 * client of its own, also after a signal: so it comes after the end of the Vault session.
 */
void event_tell(const struct lease *lease, struct kube *kube, bool failed, const char *message)
    __attribute__((nonnull));

#endif
