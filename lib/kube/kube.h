/*
 * kube: typed calls to the Kubernetes API: configuration, Secrets, ConfigMaps, Leases, Events,
 * workloads, TokenRequest.
 *
 * As in vault.h, kube_X_request fills an exchange and kube_X_result reads it.
 * Source of shapes: https://kubernetes.io/docs/reference/kubernetes-api/
 */
#ifndef KUBE_KUBE_H
#define KUBE_KUBE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/json.h"
#include "lib/base/secret_buffer.h"
#include "lib/base/strings.h"
#include "lib/http/http.h"

/* Where the kubelet mounts a pod's own token, CA and namespace. */
#define KUBE_SERVICE_ACCOUNT_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

/* What options and environment say; all borrowed, NULL or "" when not set. */
struct kube_settings {
	const char *kubeconfig; /* a path, or several with ':' (the first that exists) */
	const char *context;	/* of the kubeconfig */
	const char *namespace;	/* wins over kubeconfig's and the pod's */
	const char *service_account_directory; /* default: KUBE_SERVICE_ACCOUNT_DIRECTORY */
	int64_t timeout_ms;		       /* of one request; 0: the default */
	int64_t deadline_ms;		       /* CLOCK_MONOTONIC, 0: none; ends an exec plugin */
	int64_t retries;		       /* see http_endpoint_set_retries */
};

struct kube {
	struct http_endpoint endpoint;
	char *namespace;	    /* the default one; never NULL after kube_init */
	char *token_file;	    /* read again for each request; or NULL */
	struct secret_buffer token; /* a fixed bearer token; token_file wins */
	int64_t deadline_ms;	    /* of an exec plugin, as in the settings */
	bool dry_run;		    /* create and patch are judged by the server, not carried out */
};

/*
 * Configure from, in this order: the kubeconfig named by settings; in-cluster
 * (KUBERNETES_SERVICE_HOST and the service account's directory); $HOME/.kube/config.
 * kubeconfig: clusters (server, certificate-authority[-data], tls-server-name,
 * insecure-skip-tls-verify, proxy-url), users (client-certificate/key[-data], token, tokenFile,
 * exec credential plugins, which run once, here), contexts.  Relative paths are relative to the
 * kubeconfig.  What else a user may hold (a password, an auth-provider, impersonation) is refused:
 * to ignore it would be to act as somebody else.
 */
int kube_init(struct kube *kube, const struct kube_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_free(struct kube *kube) __attribute__((nonnull));

/*
 * Read the pod's own namespace from the service account's directory (NULL: the usual one) into
 * *namespace, newly allocated; NULL only where the file does not exist.
 */
int kube_pod_namespace(const char *service_account_directory, char **namespace, struct error *err)
    __attribute__((nonnull(2, 3), warn_unused_result));

/* A string map: labels, annotations. */
struct kube_pair {
	char *name;
	char *value; /* NULL in a change: it goes */
};
struct kube_entry {
	char *key;
	struct secret_buffer value; /* decoded bytes */
	bool removed;		    /* in a change: the key goes */
	char *new_name;		    /* in a change: the key that takes its place, or NULL */
};
struct kube_secret {
	char *namespace, *name, *type;
	char *resource_version; /* NULL after a dry run of create */
	int64_t created_s;	/* unix time; 0: unknown */
	bool immutable;
	struct kube_entry *data;
	size_t data_count;
	struct kube_pair *labels;
	size_t label_count;
	struct kube_pair *annotations;
	size_t annotation_count;
	/* JSON arrays as metadata has them; NULL: none, in a change: as they are. */
	char *finalizers, *owners;
};

/*
 * The three arguments for "%s%s%s" that name an object with namespace and name: NAMESPACE/NAME, or
 * the name alone where a manifest leaves the namespace open (NULL or "").
 */
#define KUBE_NAMED(object)                                                                         \
	is_set((object)->namespace) ? (object)->namespace : "",                                    \
	    is_set((object)->namespace) ? "/" : "", (object)->name

void kube_secret_free(struct kube_secret *secret) __attribute__((nonnull));
const char *kube_secret_label(const struct kube_secret *secret, const char *name);
const char *kube_secret_annotation(const struct kube_secret *secret, const char *name);
struct kube_entry *kube_secret_entry(const struct kube_secret *secret, const char *key);
/* Add or replace: names are copied; *value, the decoded bytes, is taken over (empty after). */
int kube_secret_add(struct kube_secret *secret, const char *key, struct secret_buffer *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* In a change: take the data key away. */
int kube_secret_remove(struct kube_secret *secret, const char *key, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* In a change: take the data key away; the entry `new_name` takes its place. */
int kube_secret_rename(struct kube_secret *secret, const char *key, const char *new_name,
    struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_add_label(struct kube_secret *secret, const char *name, const char *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_add_annotation(struct kube_secret *secret, const char *name, const char *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* In a change: take the annotation away. */
int kube_secret_remove_annotation(struct kube_secret *secret, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return the JSON array `stored` with the items of `wanted` added, as "kubectl apply" merges them:
 * an item takes the place of the one with the same `key` (NULL: items are strings).  Either array
 * may be NULL.  Newly allocated; NULL with *err set on failure.
 */
char *kube_metadata_list_merge(const char *stored, const char *wanted, const char *key,
    struct error *err) __attribute__((nonnull(4), warn_unused_result));

/*
 * True when `stored` has each value, label and annotation of the change, and none that it removes.
 * Ciphertext is new each time, so that this also shows who stored it.
 */
bool kube_secret_has(const struct kube_secret *stored, const struct kube_secret *change)
    __attribute__((nonnull));

/*
 * Return "KIND NAME" of the controller that owns the Secret, or of its first owner; newly
 * allocated.  NULL where it has no owner, and with *err set on failure.
 */
char *kube_secret_owner(const struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Name rules of the API server: DNS-1123 subdomain (names) or label (namespaces); [-._a-zA-Z0-9]+
 * up to 253 and not "." or beginning with ".." (data keys).  false for NULL.
 */
bool kube_valid_name(const char *name);
bool kube_valid_namespace(const char *name);
bool kube_valid_data_key(const char *key);
#define KUBE_SECRET_BYTES_MAX ((size_t)1048576) /* of all data values together */

/* GET one Secret. */
int kube_secret_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
/* ERROR_NOT_FOUND, ERROR_DENIED ... name the Secret.  Also reads the answers of create and patch.
 */
int kube_secret_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int kube_secret_get(struct http_client *client, struct kube *kube, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * POST; ERROR_TOO_LARGE when it holds more than KUBE_SECRET_BYTES_MAX.  Its answer is read by
 * kube_secret_result: ERROR_CONFLICT when the name is taken.
 */
int kube_secret_create_request(struct kube *kube, const struct kube_secret *secret,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * PATCH (merge patch) of what *change holds: data, labels, annotations, finalizers, owners and
 * immutable, where it is true; resource_version is the precondition (ERROR_CONFLICT when stale).
 * What is not named survives.
 */
int kube_secret_patch_request(struct kube *kube, const struct kube_secret *change,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Either of them, run, with the stored Secret as the result.  After a try without a clear answer
 * the Secret is read back before a failure or a conflict counts.
 */
int kube_secret_create(struct http_client *client, struct kube *kube,
    const struct kube_secret *secret, struct kube_secret *stored, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int kube_secret_patch(struct http_client *client, struct kube *kube,
    const struct kube_secret *change, struct kube_secret *stored, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * A prepared patch (or get, create) asks for the stored object's metadata alone, so that 1 MiB of
 * data does not come back: the result then has neither data nor type.
 */
void kube_ask_for_metadata(struct http_exchange *exchange) __attribute__((nonnull));

/* The Secret as a v1/Secret in JSON, as POST wants it and as a manifest. */
int kube_secret_write_json(const struct kube_secret *secret, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* A ConfigMap; its data is text, its binaryData bytes, and here both are bytes. */
struct kube_config_map {
	char *namespace, *name;
	struct kube_entry *data;
	size_t data_count;
};
void kube_config_map_free(struct kube_config_map *map) __attribute__((nonnull));
/* GET one ConfigMap; errors name it. */
int kube_config_map_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_config_map_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_config_map *map, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* What page of which list; all borrowed. */
struct kube_list {
	const char *namespace; /* NULL: all */
	const char *selector;  /* of labels; NULL: none */
	int limit;	       /* objects a page */
	const char *next;      /* the continue token of the page before; NULL: the first page */
	size_t bytes_max;      /* of the answer; 0: HTTP_RESPONSE_LARGE */
};

struct kube_secret_page {
	struct kube_secret *secrets;
	size_t count;
	char *next;   /* the continue token, or NULL on the last page */
	size_t bytes; /* of the answer */
};
void kube_secret_page_free(struct kube_secret_page *page) __attribute__((nonnull));
/* ERROR_GONE: `next` has expired, begin anew.  ERROR_TOO_LARGE: ask for fewer. */
int kube_secret_list_request(struct kube *kube, const struct kube_list *list,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_list_result(const struct http_exchange *exchange, const struct kube_list *list,
    struct kube_secret_page *page, struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_list(struct http_client *client, struct kube *kube, const struct kube_list *list,
    struct kube_secret_page *page, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Reads a list page by page in bounded memory.  A page has no limit in bytes (500 Secrets of 1 MiB
 * are 700 MB), so the first one is small, later ones follow the sizes seen, and one that was too
 * large is requested again with fewer objects.
 */
#define KUBE_PAGE_LIMIT_FIRST 100
#define KUBE_PAGE_LIMIT_MAX 1000		      /* objects */
#define KUBE_PAGE_BYTES ((size_t)1024 * 1024)	      /* the size aimed at */
#define KUBE_PAGE_BYTES_MAX ((size_t)4 * 1024 * 1024) /* one Secret fits in any case */
/* One object of any kind: etcd stores 1.5 MiB, of which JSON's escapes can make six times as much.
 */
#define KUBE_OBJECT_BYTES_MAX ((size_t)12 * 1024 * 1024)
/* Expired lists in a row: the API server compacts faster than we read. */
#define KUBE_PAGE_RESTARTS_MAX 5

struct kube_pager {
	char *next; /* the continue token; NULL: the first page, or no further page */
	int limit;
	int restarts;
};
void kube_pager_init(struct kube_pager *pager) __attribute__((nonnull));
void kube_pager_free(struct kube_pager *pager) __attribute__((nonnull));
/* Return the list to request for the next page; it borrows the arguments and the pager's token. */
struct kube_list kube_pager_list(const struct kube_pager *pager, const char *namespace,
    const char *selector) __attribute__((nonnull(1)));
/* Note a page of `count` objects and `bytes`, and take over its continue token (*next: NULL after).
 */
void kube_pager_advance(struct kube_pager *pager, char **next, size_t count, size_t bytes)
    __attribute__((nonnull));
enum kube_pager_retry {
	KUBE_PAGER_FAILED = -1, /* *err stays */
	KUBE_PAGER_SMALLER,	/* request the same page again, with fewer objects */
	KUBE_PAGER_RESTARTED,	/* the list has expired: request its first page */
};
/* Decide what follows a failed page.  *err is cleared unless it is KUBE_PAGER_FAILED. */
enum kube_pager_retry kube_pager_retry(struct kube_pager *pager, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* A kind of object that is only read, as JSON: its API path, plural and names. */
struct kube_object_kind {
	const char *api, *resource; /* "/apis/apps/v1", "deployments" */
	const char *list_kind;	    /* "DeploymentList" */
	const char *name, *plural;  /* "Deployment", "Deployments", for messages */
};
struct kube_object_page {
	struct json *document;
	json_node items;
	size_t count;
	char *next;   /* the continue token, or NULL on the last page */
	size_t bytes; /* of the answer */
	struct http_exchange exchange;
};
/* List objects of the kind.  The page is zeroed on error, else to be freed. */
int kube_object_list(struct http_client *client, struct kube *kube,
    const struct kube_object_kind *kind, const struct kube_list *list,
    struct kube_object_page *page, struct error *err) __attribute__((nonnull, warn_unused_result));
void kube_object_page_free(struct kube_object_page *page) __attribute__((nonnull));

/* Now, as objects state it: "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000006Z". */
#define KUBE_TIME_SIZE sizeof("2006-01-02T15:04:05Z")
#define KUBE_MICRO_TIME_SIZE sizeof("2006-01-02T15:04:05.000000Z")
void kube_time(char text[KUBE_TIME_SIZE]) __attribute__((nonnull));
void kube_micro_time(char text[KUBE_MICRO_TIME_SIZE]) __attribute__((nonnull));

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

/*
 * POST serviceaccounts/NAME/token (TokenRequest): append the JWT to `token`.
 * `audience` NULL: the API server's own.
 */
int kube_token_request(struct http_client *client, struct kube *kube, const char *namespace,
    const char *service_account, const char *audience, int64_t lifetime_s,
    struct secret_buffer *token, struct error *err)
    __attribute__((nonnull(1, 2, 3, 4, 7, 8), warn_unused_result));

#endif
