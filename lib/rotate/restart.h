/*
 * restart: have the pods replaced of those workloads that ask for it, so that they start with what
 * the Secrets now hold.
 */
#ifndef ROTATE_RESTART_H
#define ROTATE_RESTART_H

#include "lib/base/strings.h"
#include "lib/kube/kube.h"

/* A Deployment, StatefulSet or DaemonSet that has it as "true" is restarted after a rotation. */
#define RESTART_ANNOTATION "secretmanager/restart-after-rotation"

struct restarts {
	size_t restarted; /* workloads; with `dry_run` those that would be */
	size_t failed; /* workloads, and kinds that can't be listed; each with a line in the log */
};

/*
 * Restart them in these namespaces (none: in all).  What fails is logged and counted, and stops no
 * other.  -1: no answer of the API server, or a signal: the run can't go on.
 */
int restart_annotated(struct http_client *client, struct kube *kube,
    const struct strings *namespaces, bool dry_run, struct restarts *restarts, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
