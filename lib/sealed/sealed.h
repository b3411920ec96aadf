/*
 * sealed: the format of a sealed Secret, which only this file knows.
 *
 * A data value is sealed when its bytes start with "vault:v".  In the document layout one data
 * value seals a whole JSON object, whose members become variables; in the per-key layout each
 * data key is a variable's name.
 */
#ifndef SEALED_SEALED_H
#define SEALED_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/kube/secret.h"

#define SEALED_LABEL "secretmanager/sealed"
#define SEALED_LABEL_VALUE "true"
#define SEALED_SELECTOR SEALED_LABEL "=" SEALED_LABEL_VALUE
#define SEALED_ANNOTATION_KEY "secretmanager/transit-key"
#define SEALED_ANNOTATION_SCOPE "secretmanager/scope"
#define SEALED_DOCUMENT_KEY "secrets.json"		/* the original project's data key */
#define SEALED_ANNOTATION_LAYOUT "secretmanager/layout" /* "document" or "per-key" */

/* Return true if the bytes start like Transit ciphertext. */
bool sealed_is_ciphertext(const char *bytes, size_t length);
bool sealed_entry_is_ciphertext(const struct kube_entry *entry) __attribute__((nonnull));

/*
 * Set *version to N of "vault:vN:<base64>".  ERROR_INVALID unless the whole text is well formed:
 * N from 1, and at least one byte of exact base64.
 */
int sealed_version(const char *bytes, size_t length, int64_t *version, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return the first ciphertext in any text, plain or in base64, such as a ConfigMap's data, a pod's
 * environment, Helm values or a .env file, and set *version to its key version; or NULL.
 * Documentation such as "vault:v1:..." does not count.
 */
const char *sealed_find_mention(const char *text, size_t length, int64_t *version)
    __attribute__((nonnull, warn_unused_result));

/* The scope that a value is bound to, with a derived key. */
enum sealed_scope { SEALED_UNBOUND, SEALED_STRICT, SEALED_NAMESPACE_WIDE, SEALED_CLUSTER_WIDE };
int sealed_scope_parse(const char *text, enum sealed_scope *scope, struct error *err)
    __attribute__((nonnull, warn_unused_result));
const char *sealed_scope_name(enum sealed_scope scope);

/* Return the base64 context of a value, newly allocated, or NULL with an error.  Not for
 * SEALED_UNBOUND. */
char *sealed_context(enum sealed_scope scope, const char *namespace, const char *name,
    const char *data_key, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Return true if the Secret has values and our label, which claims that all of them are sealed.  A
 * Secret without values, which a seal Job is to fill, claims nothing; its annotations do not count.
 */
bool sealed_secret_is_labelled(const struct kube_secret *secret);
/* Read the scope and the layout from a Secret's annotations. */
int sealed_secret_scope(const struct kube_secret *secret, enum sealed_scope *scope,
    struct error *err) __attribute__((nonnull, warn_unused_result));
bool sealed_secret_is_document(const struct kube_secret *secret, const char *data_key);
/* Return true if a data key has a document's default name, where no annotation can be read. */
bool sealed_names_document(const char *data_key) __attribute__((nonnull));

/*
 * Check that every data value (or only `data_key`, when not NULL) is ciphertext.  ERROR_INVALID
 * names the first that is not: the Secret is "not sealed", or "half sealed" if other values are.
 */
int sealed_secret_check(const struct kube_secret *secret, const char *data_key, struct error *err)
    __attribute__((nonnull(1, 3), warn_unused_result));

/*
 * Return the Transit key, [MOUNT/]NAME, that the Secret's annotation or `option` (NULL: none)
 * names; borrowed from either.  NULL with ERROR_USAGE if they differ, or neither names a key.
 */
const char *sealed_secret_key(const struct kube_secret *secret, const char *option,
    struct error *err) __attribute__((nonnull(1, 3), warn_unused_result));

/* Set the label and annotations that secret-rotate looks for.  `key` is "mount/name". */
int sealed_secret_mark(struct kube_secret *secret, const char *key, enum sealed_scope scope,
    bool document, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Call `each` for every member of a plaintext document: strings unquoted, numbers and booleans as
 * JSON writes them, objects and arrays in compact form; null is skipped.  The value is borrowed for
 * the call and may be taken over with secret_buffer_move.  Not an object, or duplicate members:
 * ERROR_INVALID with `title` in the message.
 */
int sealed_document_each(const struct secret_buffer *plaintext, const char *title,
    int (*each)(void *context, const char *name, struct secret_buffer *value, struct error *err),
    void *context, struct error *err) __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

/* Check that the plaintext is an object without duplicate members. */
int sealed_document_check(const struct secret_buffer *plaintext, const char *title,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
