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
	/* JSON arrays as metadata has them; NULL: none, in a change: as they are. */
	char *finalizers, *owners;
};

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

#endif
