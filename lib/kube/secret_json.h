/* secret_json: the Secret as the API server writes it, for the files of this folder only. */
#ifndef KUBE_SECRET_JSON_H
#define KUBE_SECRET_JSON_H

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/kube/secret.h"

/*
 * Read a v1/Secret; items of a list carry no kind, so it is for the caller to look at.  *secret
 * must be zeroed; on error it holds nothing.  One that is `stored` has a resourceVersion.
 */
int kube_secret_read(const struct json *document, json_node node, bool stored,
    struct kube_secret *secret, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Set *namespace and *name from metadata, newly allocated; NULL where there is none. */
int kube_names_read(const struct json *document, json_node metadata, char **namespace, char **name,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Labels or annotations, into *pairs (allocated; NULL where there are none). */
int kube_pairs_read(const struct json *document, json_node object, struct kube_pair **pairs,
    size_t *count, struct error *err) __attribute__((nonnull, warn_unused_result));
void kube_pairs_free(struct kube_pair *pairs, size_t count);
/* NULL when there is none of that name.  Borrowed. */
struct kube_pair *kube_pairs_find(struct kube_pair *pairs, size_t count, const char *name);

/* Reject data that is neither a JSON object, nor null, nor absent: it would pass for none. */
int kube_data_check(const struct json *document, json_node object, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* The bytes of a data value that is written as base64; null is none. */
int kube_data_read(const struct json *document, json_node node, struct kube_entry *entry,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* The members of data and of metadata (labels, annotations, finalizers, owners), where they are
 * set. */
void kube_secret_write_data(struct json_writer *writer, const struct kube_secret *secret)
    __attribute__((nonnull));
void kube_secret_write_marks(struct json_writer *writer, const struct kube_secret *secret)
    __attribute__((nonnull));

#endif
