/*
 * kube_resource: stored Leases, Events, Pods and workloads: kinds of which the server knows the
 * metadata, and keeps the rest as the JSON that it was sent.
 */
#ifndef SECRET_DEV_KUBE_RESOURCE_H
#define SECRET_DEV_KUBE_RESOURCE_H

#include "cmd/secret-dev/kube_fields.h"
#include "cmd/secret-dev/random.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

enum kube_kind_number {
	KUBE_LEASE,
	KUBE_EVENT,
	KUBE_DEPLOYMENT,
	KUBE_STATEFUL_SET,
	KUBE_DAEMON_SET,
	KUBE_JOB,
	KUBE_CRON_JOB,
	KUBE_POD,
	KUBE_KINDS /* their number */
};

struct stored_resource;

struct kube_kind {
	enum kube_kind_number number;
	const char *group;		  /* "" is the core group */
	const char *resource, *qualified; /* "leases", "leases.coordination.k8s.io" */
	const char *kind, *qualified_kind, *list_kind;
	const char *api_version;
	/* What the API server would not store; `fields` are all but kind, apiVersion, metadata. */
	void (*check)(const struct stored_resource *resource, const struct json *fields,
	    struct kube_fault *fault);
};
extern const struct kube_kind kube_lease_kind, kube_event_kind;
/* Of what makes a workload valid nothing is known here, and nothing runs its pods. */
extern const struct kube_kind kube_deployment_kind, kube_stateful_set_kind, kube_daemon_set_kind,
    kube_job_kind, kube_cron_job_kind, kube_pod_kind;

struct stored_resource {
	const struct kube_kind *kind;
	char *namespace, *name;
	char uid[UUID_SIZE];
	int64_t created_s, revision;
	struct kube_map labels, annotations;
	struct secret_buffer fields; /* a JSON object */
};

/* One kind's, in the order of their namespaces and names. */
struct stored_resources {
	struct stored_resource **items;
	size_t count;
};

/* One without fields. */
struct stored_resource *stored_resource_new(const struct kube_kind *kind, const char *namespace,
    const char *name, struct error *err) __attribute__((nonnull, warn_unused_result));
struct stored_resource *stored_resource_copy(const struct stored_resource *resource,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void stored_resource_free(struct stored_resource *resource);

/* Lay the JSON over it (RFC 7396).  ERROR_INVALID: it is none of its kind, in the API server's
 * words.
 */
int stored_resource_merge(struct stored_resource *resource, const struct json *body,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Whether the API server would store it. */
int stored_resource_check(const struct stored_resource *resource, struct kube_fault *fault,
    struct error *err) __attribute__((nonnull, warn_unused_result));

bool stored_resource_equal(const struct stored_resource *a, const struct stored_resource *b)
    __attribute__((nonnull));

struct kube_metadata stored_resource_metadata(const struct stored_resource *resource)
    __attribute__((nonnull));
int stored_resource_write(const struct stored_resource *resource, enum stored_form form,
    struct json_writer *writer, struct error *err) __attribute__((nonnull, warn_unused_result));

/* The place of the first that is not before namespace/name. */
size_t stored_resources_from(const struct stored_resources *resources, const char *namespace,
    const char *name) __attribute__((nonnull));
/* Its place, or how many there are. */
size_t stored_resources_find(const struct stored_resources *resources, const char *namespace,
    const char *name) __attribute__((nonnull));
/* Takes the resource over. */
int stored_resources_insert(struct stored_resources *resources, struct stored_resource *resource,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void stored_resources_remove(struct stored_resources *resources, size_t place)
    __attribute__((nonnull));
void stored_resources_free(struct stored_resources *resources) __attribute__((nonnull));

#endif
