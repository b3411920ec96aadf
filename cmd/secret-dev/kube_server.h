/*
 * kube_server: the part of the Kubernetes API that the programs use: Secrets, ConfigMaps,
 * namespaces, service accounts with TokenRequest, Pods and workloads.  Responses have the statuses
 * and texts of Kubernetes 1.36.
 *
 * Unlike a real server, a page of a list contains the objects at the time of its request, not at
 * the time of the first page.
 */
#ifndef SECRET_DEV_KUBE_SERVER_H
#define SECRET_DEV_KUBE_SERVER_H

#include "cmd/secret-dev/json_format.h"
#include "cmd/secret-dev/kube_token.h"
#include "cmd/secret-dev/random.h"
#include "cmd/secret-dev/route.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

/* The API server's own limit on a request. */
#define KUBE_BODY_MAX ((size_t)3 * 1024 * 1024)

/* -- kinds (kube_kind.c) ---------------------------------------------------------------------- */

enum kube_verb {
	KUBE_GET = 1,
	KUBE_LIST = 2,
	KUBE_CREATE = 4,
	KUBE_UPDATE = 8,
	KUBE_PATCH = 16,
	KUBE_DELETE = 32,
};
/* Return "get", "list" and so on. */
const char *kube_verb_name(enum kube_verb verb);

/* The reason why the API server would reject an object, as in the causes of a Status. */
struct kube_fault {
	const char *reason; /* "FieldValueInvalid"; NULL: no fault */
	char field[300];
	char message[600];
};
/* Record a fault of a field, unless a fault is already recorded. */
void kube_fault_set(struct kube_fault *fault, const char *reason, const char *field,
    const char *format, ...) __attribute__((format(printf, 4, 5), nonnull));

struct kube_kind {
	const char *group; /* "apps"; "" is the core group; the version is v1 */
	const char *resource, *kind, *short_name; /* "deployments", "Deployment", "deploy" */
	bool cluster;				  /* without namespaces */
	bool strategic;	    /* accepts strategic merge patches, with the result of merge patches */
	unsigned int verbs; /* enum kube_verb */
	/*
	 * Write the members to store from a JSON object of this kind without its metadata.  NULL:
	 * store all members.  ERROR_INVALID, with the API server's message.
	 */
	int (*store)(const struct json *sent, struct json_writer *writer, struct error *err);
	/* Find invalid members.  `old` is NULL for a new object.  NULL: all members are valid. */
	void (*check)(const struct json *metadata, const struct json *fields,
	    const struct json *old, struct kube_fault *fault);
};

enum kube_kind_number { KUBE_SECRET, KUBE_CONFIG_MAP, KUBE_NAMESPACE, KUBE_ACCOUNT };
#define KUBE_KINDS 10
#define KUBE_NAMESPACE_FIELDS "{\"status\":{\"phase\":\"Active\"}}"
extern const struct kube_kind kube_kinds[KUBE_KINDS];

/* Return the kind, or NULL if it is unknown. */
const struct kube_kind *kube_kind_find(const char *group, const char *resource)
    __attribute__((nonnull));

/* Check that `map` is absent or an object of strings, in base64 if set.  ERROR_INVALID. */
int kube_check_map(const struct json *document, json_node map, bool base64, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* A word with the group, if there is one: "deployments.apps", "Deployment.apps". */
struct kube_qualified {
	char text[128];
};
struct kube_qualified kube_qualify(const struct kube_kind *kind, const char *word)
    __attribute__((nonnull));

/* Return the "apiVersion" of a kind. */
struct kube_qualified kube_api_version(const struct kube_kind *kind) __attribute__((nonnull));

/* Return whether RBAC allows this to the service account of namespace demo (kube_access.c). */
bool kube_access(const char *account, enum kube_verb verb, const char *resource,
    const char *namespace, const char *name) __attribute__((nonnull(1, 3)));

/* -- objects (kube_object.c) ------------------------------------------------------------------ */

struct kube_object {
	char *namespace; /* "" for kinds without namespaces */
	char *name;
	char uid[UUID_SIZE];
	int64_t created_s;
	int64_t revision; /* its resourceVersion; 0: not stored */
	/*
	 * JSON objects with sorted members: labels, annotations, finalizers and ownerReferences;
	 * and all members except kind, apiVersion and metadata.
	 */
	struct secret_buffer metadata, fields;
};

struct kube_object *kube_object_new(const char *namespace, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_object_free(struct kube_object *object);

/*
 * Apply a JSON object as a merge patch (RFC 7396).  ERROR_INVALID, with the API server's message.
 */
int kube_object_merge(struct kube_object *object, const struct kube_kind *kind,
    const struct json *body, struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Set *fault to a reason why the API server would reject the object.  `old` is NULL if it is new.
 */
int kube_object_check(const struct kube_object *object, const struct kube_kind *kind,
    const struct kube_object *old, struct kube_fault *fault, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
bool kube_object_equal(const struct kube_object *a, const struct kube_object *b)
    __attribute__((nonnull));

/* A value of a document; JSON_ABSENT: no value. */
struct kube_value {
	const struct json *document;
	json_node node;
};
/* Write `base` with a merge patch applied (kube_merge.c).  `base` must be the result of a merge. */
int kube_merge(struct kube_value base, struct kube_value patch, struct json_writer *writer,
    struct error *err) __attribute__((nonnull(3, 4), warn_unused_result));

/* A whole object, an item of a list (without kind and apiVersion), or only the metadata. */
enum kube_form { KUBE_WHOLE, KUBE_ITEM, KUBE_METADATA };
void kube_object_write(const struct kube_object *object, const struct kube_kind *kind,
    enum kube_form form, struct json_writer *writer) __attribute__((nonnull));

/* A time such as "2026-01-02T03:04:05Z". */
struct kube_time {
	char text[24];
};
struct kube_time kube_time(int64_t seconds);

/* The objects of a kind, sorted by namespace and name. */
struct kube_store {
	struct kube_object **objects;
	size_t count, room;
};
/* Return the index of the first object that is not before namespace/name. */
size_t kube_store_index(const struct kube_store *store, const char *namespace, const char *name)
    __attribute__((nonnull));
struct kube_object *kube_store_find(const struct kube_store *store, const char *namespace,
    const char *name) __attribute__((nonnull));
/* Insert an object, or replace the object with its name.  Takes ownership on success. */
int kube_store_put(struct kube_store *store, struct kube_object *object, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_store_remove(struct kube_store *store, struct kube_object *object)
    __attribute__((nonnull));
void kube_store_free(struct kube_store *store) __attribute__((nonnull));

/* -- the server ------------------------------------------------------------------------------- */

struct kube_server {
	struct secret_buffer token_key; /* signs the JWTs of service accounts */
	struct secret_buffer admin_token;
	struct kube_store stores[KUBE_KINDS];
	int64_t revision;  /* of the latest change */
	int64_t compacted; /* lists that began before this revision have expired */
};

int kube_server_init(struct kube_server *server, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_server_free(struct kube_server *server) __attribute__((nonnull));

/* The server_handler of the API. */
int kube_serve(void *server, const struct server_request *request, struct server_answer *answer,
    struct error *err) __attribute__((nonnull, warn_unused_result));

int kube_namespace_add(struct kube_server *server, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int kube_account_add(struct kube_server *server, const char *namespace, const char *name,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return the identity of a service account.  Its uid is NULL if the account is unknown. */
struct kube_identity kube_account_identity(const struct kube_server *server, const char *namespace,
    const char *name) __attribute__((nonnull));

/* -- calls ------------------------------------------------------------------------------------ */

struct kube_call {
	struct kube_server *server;
	const struct server_request *request;
	struct server_answer *answer;
	const struct json *body; /* NULL: none */
	struct route_values values;
	const struct kube_kind *kind; /* from the path; NULL: none */
	enum kube_verb verb;
	const char *namespace;	  /* from the path; NULL: all, or for a kind without namespaces */
	const char *name;	  /* from the path; NULL: the collection */
	struct kube_store *store; /* of the kind */
	char user[600];		  /* "system:serviceaccount:demo:app" */
	const char *account;	  /* part of `user`; NULL: the admin or no account */
	bool admin;
	bool dry_run; /* check and answer, but do not store */
};

/* Reasons of failures.  The functions below answer with a Status of failure, and return 0. */
enum kube_reason {
	KUBE_BAD_REQUEST,
	KUBE_UNAUTHORIZED,
	KUBE_FORBIDDEN,
	KUBE_NOT_FOUND,
	KUBE_METHOD_NOT_ALLOWED,
	KUBE_ALREADY_EXISTS,
	KUBE_CONFLICT,
	KUBE_EXPIRED,
	KUBE_TOO_LARGE,
	KUBE_UNSUPPORTED_MEDIA_TYPE,
	KUBE_INVALID
};
/* The object that a Status describes. */
struct kube_details {
	const char *name;		/* NULL: omitted */
	const char *kind;		/* or the resource */
	const struct kube_fault *fault; /* NULL: omitted */
};
int kube_refuse(struct kube_call *call, enum kube_reason reason, const struct kube_details *details,
    const char *format, ...) __attribute__((format(printf, 4, 5), nonnull(1, 4)));
int kube_refuse_missing(struct kube_call *call, const struct kube_kind *kind, const char *name)
    __attribute__((nonnull));
int kube_refuse_invalid(struct kube_call *call, const char *qualified_kind, const char *name,
    const struct kube_fault *fault) __attribute__((nonnull));
int kube_refuse_forbidden(struct kube_call *call, const char *resource) __attribute__((nonnull));
/* Answer a request with a path that does not exist. */
int kube_refuse_path(struct kube_call *call, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return whether the client prefers an answer with only the metadata. */
bool kube_wants_metadata(const struct kube_call *call) __attribute__((nonnull));

int kube_object_read(struct kube_call *call, struct error *err);
int kube_object_list(struct kube_call *call, struct error *err);
int kube_object_create(struct kube_call *call, struct error *err);
int kube_object_replace(struct kube_call *call, struct error *err);
int kube_object_patch(struct kube_call *call, struct error *err);
int kube_object_delete(struct kube_call *call, struct error *err);
int kube_token_create(struct kube_call *call, struct error *err);

#endif
