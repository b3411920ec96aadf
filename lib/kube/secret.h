/* secret: Secrets, and the requests that read and write them. */
#ifndef KUBE_SECRET_H
#define KUBE_SECRET_H

#include "lib/kube/kube.h"

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
	/*
	 * JSON arrays as in metadata.  NULL if there are none; in a change, NULL leaves them
	 * unchanged.
	 */
	char *finalizers, *owners;
};

void kube_secret_free(struct kube_secret *secret) __attribute__((nonnull));
const char *kube_secret_label(const struct kube_secret *secret, const char *name);
const char *kube_secret_annotation(const struct kube_secret *secret, const char *name);
struct kube_entry *kube_secret_entry(const struct kube_secret *secret, const char *key);
/* Add or replace a value.  The key is copied; *value (decoded bytes) is moved, and then empty. */
int kube_secret_add(struct kube_secret *secret, const char *key, struct secret_buffer *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Remove the data key, in a change. */
int kube_secret_remove(struct kube_secret *secret, const char *key, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Remove the data key, in a change, because the entry `new_name` replaces it. */
int kube_secret_rename(struct kube_secret *secret, const char *key, const char *new_name,
    struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_add_label(struct kube_secret *secret, const char *name, const char *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_add_annotation(struct kube_secret *secret, const char *name, const char *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Remove the annotation, in a change. */
int kube_secret_remove_annotation(struct kube_secret *secret, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return the JSON array `stored` with the items of `wanted` added as "kubectl apply" does: an item
 * replaces the item with the same value of `key` (NULL: items are strings).  Either array may be
 * NULL.  Newly allocated, or NULL with *err set.
 */
char *kube_metadata_list_merge(const char *stored, const char *wanted, const char *key,
    struct error *err) __attribute__((nonnull(4), warn_unused_result));

/*
 * Return true if `stored` has each value, label and annotation that the change sets, and none that
 * it removes.  Ciphertext differs each time, so this also shows whether this change or another one
 * was stored.
 */
bool kube_secret_has(const struct kube_secret *stored, const struct kube_secret *change)
    __attribute__((nonnull));

/*
 * Return "KIND NAME" of the controller that owns the Secret, or of its first owner, newly
 * allocated.  Return NULL if it has no owner, or with *err set on failure.
 */
char *kube_secret_owner(const struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* The annotation in which `kubectl apply` keeps a copy of the object, plaintext included. */
#define KUBE_LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

/* Maximum size of all data values together, in bytes. */
#define KUBE_SECRET_BYTES_MAX ((size_t)1048576)

/* Read a Secret (GET). */
int kube_secret_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read the response to a get, create or patch.  Errors name the Secret. */
int kube_secret_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int kube_secret_get(struct http_client *client, struct kube *kube, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * PATCH (merge patch) a Secret with the data, labels, annotations, finalizers and owners of
 * *change, and with immutable if it is true.  resource_version is the precondition (ERROR_CONFLICT
 * if it is stale).  Members that are not in *change stay unchanged.
 */
int kube_secret_patch_request(struct kube *kube, const struct kube_secret *change,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Run a create or patch, and set *stored to the resulting Secret.  If a response was lost, read the
 * Secret before reporting a failure or conflict.
 */
int kube_secret_create(struct http_client *client, struct kube *kube,
    const struct kube_secret *secret, struct kube_secret *stored, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int kube_secret_patch(struct http_client *client, struct kube *kube,
    const struct kube_secret *change, struct kube_secret *stored, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Change a prepared get, create or patch to return only the object's metadata, to avoid up to 1 MiB
 * of data.  The resulting Secret then has neither data nor type.
 */
void kube_ask_for_metadata(struct http_exchange *exchange) __attribute__((nonnull));

/* Write the Secret as a v1/Secret in JSON, for POST and as a manifest. */
int kube_secret_write_json(const struct kube_secret *secret, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
