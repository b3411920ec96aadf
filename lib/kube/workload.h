/* workload: Deployments, StatefulSets and DaemonSets. */
#ifndef KUBE_WORKLOAD_H
#define KUBE_WORKLOAD_H

#include "lib/kube/list.h"

/* What runs pods and can be restarted as "kubectl rollout restart" does it; all of apps/v1. */
enum kube_workload_kind {
	KUBE_DEPLOYMENT,
	KUBE_STATEFUL_SET,
	KUBE_DAEMON_SET,
	KUBE_WORKLOAD_KINDS /* their number */
};
/* "Deployment" */
const char *kube_workload_kind_name(enum kube_workload_kind kind) __attribute__((const));

/* Its metadata. */
struct kube_workload {
	char *namespace, *name;
	struct kube_pair *annotations;
	size_t annotation_count;
};
struct kube_workload_page {
	struct kube_workload *workloads;
	size_t count;
	char *next;   /* the continue token, or NULL on the last page */
	size_t bytes; /* of the answer */
};
void kube_workload_page_free(struct kube_workload_page *page) __attribute__((nonnull));
const char *kube_workload_annotation(const struct kube_workload *workload, const char *name)
    __attribute__((nonnull));
/* As kube_secret_list; of each workload only the metadata is asked for. */
int kube_workload_list(struct http_client *client, struct kube *kube, enum kube_workload_kind kind,
    const struct kube_list *list, struct kube_workload_page *page, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * PATCH the template's annotation kubectl.kubernetes.io/restartedAt to `time`, as kube_time gives
 * it: the pods are replaced as the workload's strategy has it.  Twice the same changes nothing
 * more.
 */
int kube_workload_restart(struct http_client *client, struct kube *kube,
    enum kube_workload_kind kind, const char *namespace, const char *name, const char *time,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
