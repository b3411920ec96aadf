/* kube_call: one call to the Kubernetes API on its way to the function that answers it. */
#ifndef SECRET_DEV_KUBE_CALL_H
#define SECRET_DEV_KUBE_CALL_H

#include "cmd/secret-dev/kube_server.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

struct kube_call {
	struct kube_server *server;
	const struct request *request;
	const struct json *body; /* NULL: none */
	const char *user;	 /* "system:serviceaccount:demo:app" */
	const char *account;	 /* of namespace demo; NULL: the admin or nobody */
	bool admin;
	bool dry_run;		      /* all is looked at and answered, and nothing stored */
	char *namespace;	      /* from the path; NULL: all */
	char *name;		      /* from the path; NULL: the collection */
	const struct kube_kind *kind; /* of the route; NULL: what has functions of its own */
	struct answer *answer;
};

/* What a Status says beside its message. */
struct kube_status {
	unsigned int code;
	const char *reason;
	const char *name, *kind; /* details; NULL: left out */
	const struct kube_fault *fault;
};
/* A v1/Status of failure.  Returns 0, so: return kube_refuse(...). */
int kube_refuse(struct kube_call *call, const struct kube_status *status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int kube_not_found(struct kube_call *call, const char *resource, const char *name);
int kube_bad_request(struct kube_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* 422: what is wrong with the object of this kind ("Secret"). */
int kube_refuse_invalid(struct kube_call *call, const char *kind, const char *name,
    const struct kube_fault *fault) __attribute__((nonnull));
/* What can't be read is 400 in the API server's words; anything else is our own failure. */
int kube_refuse_body(struct kube_call *call, struct error *err) __attribute__((nonnull));

/* Of the body. */
json_node kube_metadata_member(const struct kube_call *call, const char *name)
    __attribute__((nonnull));

/* Checks of what the body says: 0, or 1 when it is refused and answered. */
/* Its namespace and name must be the path's, where it states them. */
int kube_check_identity(struct kube_call *call) __attribute__((nonnull));
/* A resourceVersion that it states must be the stored one. */
int kube_check_precondition(struct kube_call *call, const char *resource, const char *name,
    int64_t revision) __attribute__((nonnull));
/* A merge patch, or where `strategic` is as good, one of these. */
int kube_check_patch_type(struct kube_call *call, bool strategic) __attribute__((nonnull));
int kube_check_patch_body(struct kube_call *call) __attribute__((nonnull));

/* True when the caller asks for the metadata of an object, or of a list's items, alone. */
bool kube_wants_metadata(const struct kube_call *call) __attribute__((nonnull));

/* A v1/Status of success: the object is gone. */
int kube_answer_deleted(struct kube_call *call, const char *resource, const char *name,
    const char *uid, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return the place of the first ConfigMap that is not before namespace/name. */
size_t kube_config_maps_from(const struct kube_server *server, const char *namespace,
    const char *name) __attribute__((nonnull));

/* True when the user may; else the 403 is written. */
bool kube_allowed(struct kube_call *call, const char *verb, const char *resource, const char *name);

/* The functions that answer. */
typedef int (*kube_answerer)(struct kube_call *call, struct error *err);

int kube_secret_read(struct kube_call *call, struct error *err);
int kube_secrets_list(struct kube_call *call, struct error *err);
int kube_secret_post(struct kube_call *call, struct error *err);
int kube_secret_put(struct kube_call *call, struct error *err);
int kube_secret_patch(struct kube_call *call, struct error *err);
int kube_secret_delete(struct kube_call *call, struct error *err);
int kube_config_map_read(struct kube_call *call, struct error *err);
int kube_config_maps_list(struct kube_call *call, struct error *err);
int kube_config_map_post(struct kube_call *call, struct error *err);
int kube_config_map_delete(struct kube_call *call, struct error *err);
int kube_resource_read(struct kube_call *call, struct error *err);
int kube_resources_list(struct kube_call *call, struct error *err);
int kube_resource_post(struct kube_call *call, struct error *err);
int kube_resource_patch(struct kube_call *call, struct error *err);
int kube_resource_delete(struct kube_call *call, struct error *err);
int kube_namespace_read(struct kube_call *call, struct error *err);
int kube_namespaces_list(struct kube_call *call, struct error *err);
int kube_namespace_post(struct kube_call *call, struct error *err);
int kube_token_post(struct kube_call *call, struct error *err);
int kube_account_read(struct kube_call *call, struct error *err);

int kube_version_read(struct kube_call *call, struct error *err);
int kube_ready_read(struct kube_call *call, struct error *err);
int kube_api_versions(struct kube_call *call, struct error *err);
int kube_api_groups(struct kube_call *call, struct error *err);
int kube_api_resources(struct kube_call *call, struct error *err);

/* Begin a v1 object whose metadata is empty: the caller writes the rest and ends it. */
void kube_write_head(struct json_writer *writer, const char *kind) __attribute__((nonnull));

#endif
