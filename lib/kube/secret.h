/* secret: Secrets, and the calls that read and write one. */
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
	/* JSON arrays as in metadata; NULL: none, in a change: leave them. */
	char *finalizers, *owners;
};

void kube_secret_free(struct kube_secret *secret) __attribute__((nonnull));
const char *kube_secret_label(const struct kube_secret *secret, const char *name);
const char *kube_secret_annotation(const struct kube_secret *secret, const char *name);
struct kube_entry *kube_secret_entry(const struct kube_secret *secret, const char *key);
/* Add or replace a value: the key is copied, *value (decoded bytes) is moved and empty after. */
int kube_secret_add(struct kube_secret *secret, const char *key, struct secret_buffer *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* In a change: remove the data key. */
int kube_secret_remove(struct kube_secret *secret, const char *key, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* In a change: remove the data key, which the entry `new_name` replaces. */
int kube_secret_rename(struct kube_secret *secret, const char *key, const char *new_name,
    struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_add_label(struct kube_secret *secret, const char *name, const char *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_add_annotation(struct kube_secret *secret, const char *name, const char *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* In a change: remove the annotation. */
int kube_secret_remove_annotation(struct kube_secret *secret, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return the JSON array `stored` with the items of `wanted` added, as "kubectl apply" merges them:
 * an item replaces the item with the same `key` (NULL: items are strings).  Either array
 * may be NULL.  Newly allocated; NULL with *err set on failure.
 */
char *kube_metadata_list_merge(const char *stored, const char *wanted, const char *key,
    struct error *err) __attribute__((nonnull(4), warn_unused_result));

/*
 * Return whether `stored` has each value, label and annotation of the change, and none that it
 * removes.  Ciphertext differs each time, so that this also shows whose change was stored.
 */
bool kube_secret_has(const struct kube_secret *stored, const struct kube_secret *change)
    __attribute__((nonnull));

/*
 * Return "KIND NAME" of the controller that owns the Secret, or of its first owner; newly
 * allocated.  NULL if it has no owner, and with *err set on failure.
 */
char *kube_secret_owner(const struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Bytes of all data values together. */
#define KUBE_SECRET_BYTES_MAX ((size_t)1048576)

/* GET one Secret. */
int kube_secret_get_request(struct kube *kube, const char *namespace, const char *name,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read the response to get, create or patch; errors name the Secret. */
int kube_secret_result(const struct http_exchange *exchange, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int kube_secret_get(struct http_client *client, struct kube *kube, const char *namespace,
    const char *name, struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * PATCH (merge patch) a Secret with the data, labels, annotations, finalizers and owners of
 * *change, and with immutable if true; resource_version is the precondition (ERROR_CONFLICT if
 * stale). Members that are not in *change stay.
 */
int kube_secret_patch_request(struct kube *kube, const struct kube_secret *change,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Run a create or patch; *stored is the resulting Secret.  If a response was lost, the Secret is
 * read before a failure or a conflict counts.
 */
int kube_secret_create(struct http_client *client, struct kube *kube,
    const struct kube_secret *secret, struct kube_secret *stored, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int kube_secret_patch(struct http_client *client, struct kube *kube,
    const struct kube_secret *change, struct kube_secret *stored, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Make a prepared get, create or patch request only the stored object's metadata, so that 1 MiB of
 * data is not returned.  The result then has neither data nor type.
 */
void kube_ask_for_metadata(struct http_exchange *exchange) __attribute__((nonnull));

/* Write the Secret as a v1/Secret in JSON, for POST and as a manifest. */
int kube_secret_write_json(const struct kube_secret *secret, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
