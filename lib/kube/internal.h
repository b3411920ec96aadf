/* internal: functions shared by the files of this folder.  Not included by any other folder. */
#ifndef KUBE_INTERNAL_H
#define KUBE_INTERNAL_H

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/http/credential.h"
#include "lib/kube/config_map.h"
#include "lib/kube/kube.h"
#include "lib/kube/list.h"
#include "lib/kube/secret.h"

/* -- api.c: requests and responses of all kinds ----------------------------------------------- */

/*
 * Prepare a request to API/namespaces/NAMESPACE/RESOURCE[/NAME], with the bearer token if there is
 * one.  A NULL `namespace` means all namespaces, a NULL `name` the collection.
 */
int kube_request(struct kube *kube, const char *method, const struct kube_object_kind *kind,
    const char *namespace, const char *name, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull(1, 2, 3, 6, 7), warn_unused_result));

/*
 * Return 0 on 2xx.  Otherwise return -1 with an error that quotes the v1/Status in the response; on
 * 403 it names the permission that a Role in `namespace` (NULL: a ClusterRole) must grant.
 */
int kube_check(const struct http_exchange *exchange, const struct kube_object_kind *kind,
    const char *namespace, struct error *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));

/*
 * Parse a response of this kind ("Secret"), or its metadata if only metadata was requested.  Return
 * NULL for a response of any other kind.
 */
struct json *kube_parse(const struct http_exchange *exchange, const char *kind, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Reject a response that contains another object than the requested one.  *err names the object. */
int kube_check_same_object(const struct http_exchange *exchange, const char *namespace,
    const char *name, const char *found_namespace, const char *found_name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Add the Authorization header, with the token in the token file (read each time, because the
 * kubelet replaces it) or the fixed token.  Without a token add nothing; a client certificate may
 * authenticate.
 */
int kube_token_add(const struct kube *kube, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Append the JWT in a TokenRequest's response. */
int kube_token_result(const struct http_exchange *exchange, const char *namespace,
    struct secret_buffer *token, struct error *err) __attribute__((nonnull, warn_unused_result));

/* -- metadata.c: names, labels, annotations --------------------------------------------------- */

/* Set *namespace and *name from metadata, newly allocated; NULL if absent. */
int kube_names_read(const struct json *document, json_node metadata, char **namespace, char **name,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Read labels or annotations into *pairs, newly allocated; NULL if there are none. */
int kube_pairs_read(const struct json *document, json_node object, struct kube_pair **pairs,
    size_t *count, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Write the pairs as member `name` if there are any.  NULL values become null. */
void kube_pairs_write(
    struct json_writer *writer, const char *name, const struct kube_pair *pairs, size_t count);
void kube_pairs_free(struct kube_pair *pairs, size_t count);
/* Return the pair with this name, borrowed, or NULL. */
struct kube_pair *kube_pairs_find(struct kube_pair *pairs, size_t count, const char *name);
/* Set the value of a pair, which is added if absent.  Both strings are copied. */
int kube_pairs_set(struct kube_pair **pairs, size_t *count, const char *name, const char *value,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* -- secret_json.c: Secrets and data as the API server writes them ---------------------------- */

/*
 * Read a v1/Secret.  The caller checks its kind, which items of a list do not have.  *secret must
 * be zeroed, and is empty on error.  A `stored` Secret must have a resourceVersion.
 */
int kube_secret_read(const struct json *document, json_node node, bool stored,
    struct kube_secret *secret, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append the members of `object` to *entries (reallocated).  Values are base64, or plain text if
 * `text`.  On error, the entries read so far remain.
 */
int kube_data_read(const struct json *document, json_node object, bool text,
    struct kube_entry **entries, size_t *count, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_data_free(struct kube_entry *entries, size_t count);

/* Write data, or labels, annotations, finalizers and owners, as far as they are set. */
void kube_secret_write_data(struct json_writer *writer, const struct kube_secret *secret)
    __attribute__((nonnull));
void kube_secret_write_metadata(struct json_writer *writer, const struct kube_secret *secret)
    __attribute__((nonnull));

/* -- plugin_process.c ------------------------------------------------------------------------- */

/*
 * Run argv (searched in PATH) with this environment and append its stdout, up to the buffer's
 * limit.  It inherits stderr, and stdin if `interactive`; otherwise stdin is empty.
 * ERROR_NOT_FOUND if the program does not exist.  Kill the program if it prints more, still runs
 * after 5 minutes or at the deadline (CLOCK_MONOTONIC, 0: none), or if a signal arrives.
 */
int kube_plugin_process(char *const *argv, char *const *environment, bool interactive,
    int64_t deadline_ms, struct secret_buffer *output, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
