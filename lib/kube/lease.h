/* lease: Leases. */
#ifndef KUBE_LEASE_H
#define KUBE_LEASE_H

#include "lib/kube/kube.h"

/*
 * A coordination.k8s.io/v1 Lease.  In a change NULL (and -1) leaves a field as it is.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
 */
struct kube_lease {
	char *namespace, *name;
	char *uid;		  /* as stored; not of a change */
	char *resource_version;	  /* in a change: the precondition, or NULL */
	char *holder;		  /* holderIdentity; NULL or "": nobody */
	int64_t duration_s;	  /* 0: not stated */
	char *acquired, *renewed; /* acquireTime, renewTime, as they stand; see kube_micro_time */
	int64_t transitions;
};
void kube_lease_free(struct kube_lease *lease) __attribute__((nonnull));

int kube_lease_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * One whose answer was lost is tried again, and then is a conflict with itself: a holder with a
 * name of its own tells the two apart.  So with a patch that has a precondition.
 */
int kube_lease_create_request(struct kube *kube, const struct kube_lease *lease,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
/* PATCH (merge patch): labels and what else others keep in it survive. */
int kube_lease_patch_request(struct kube *kube, const struct kube_lease *change,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * The answer of any of the three: the Lease as it is stored.  ERROR_NOT_FOUND, ERROR_CONFLICT (it
 * changed, or was created, meanwhile), ERROR_DENIED with the rule that is wanted.
 */
int kube_lease_result(const struct http_exchange *exchange, const char *namespace, const char *name,
    struct kube_lease *lease, struct error *err) __attribute__((nonnull, warn_unused_result));

/* The same, run; *stored is the Lease as it then is. */
int kube_lease_get(struct http_client *client, struct kube *kube, const char *namespace,
    const char *name, struct kube_lease *stored, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int kube_lease_create(struct http_client *client, struct kube *kube, const struct kube_lease *lease,
    struct kube_lease *stored, struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_lease_patch(struct http_client *client, struct kube *kube, const struct kube_lease *change,
    struct kube_lease *stored, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
