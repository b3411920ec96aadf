/* event: Events. */
#ifndef KUBE_EVENT_H
#define KUBE_EVENT_H

#include "lib/kube/kube.h"

/*
 * A v1 Event to be created: what happened to which object, for people who look at that.  All
 * borrowed.  Source:
 * https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
struct kube_event {
	const char *namespace, *name; /* of the Event; the object's namespace is the same */
	const char *object_api_version, *object_kind, *object_name;
	const char *object_uid; /* NULL: unknown; then "kubectl describe" does not show it */
	const char *component, *instance; /* the program, and which of its processes */
	bool warning;			  /* else it is normal */
	const char *reason;		  /* one word in CamelCase */
	const char *message;		  /* at most KUBE_EVENT_MESSAGE_MAX bytes are sent */
};
#define KUBE_EVENT_MESSAGE_MAX 1024
/* ERROR_DENIED with the rule that is wanted. */
int kube_event_create(struct http_client *client, struct kube *kube, const struct kube_event *event,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
