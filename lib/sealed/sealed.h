/*
 * sealed: the format of a sealed Secret, which is defined only here.
 *
 * A data value is sealed if its bytes start with "vault:vN:".  In the document layout, a data value
 * seals a whole JSON object, whose members become variables.  In the per-key layout, each data key
 * is the name of a variable.
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

/* Return true if the bytes start with "vault:v", digits and ":", as Transit ciphertext does. */
bool sealed_is_ciphertext(const char *bytes, size_t length);
bool sealed_entry_is_ciphertext(const struct kube_entry *entry) __attribute__((nonnull));
/* Return true if a value of the Secret is ciphertext. */
bool sealed_secret_has_ciphertext(const struct kube_secret *secret) __attribute__((nonnull));

/*
 * Set *version to N of "vault:vN:<base64>".  ERROR_INVALID unless the whole text is well formed,
 * with N from 1 and at least one byte of exact base64.
 */
int sealed_version(const char *bytes, size_t length, int64_t *version, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return the first ciphertext in a text, plain or in base64, and set *version to its key version.
 * Return NULL if there is none.  The text may be a ConfigMap's data, a pod's environment, Helm
 * values or a .env file.  Examples in documents, such as "vault:v1:...", do not count.
 */
const char *sealed_find_mention(const char *text, size_t length, int64_t *version)
    __attribute__((nonnull, warn_unused_result));

/* The scope that a value is bound to.  All scopes except SEALED_UNBOUND need a derived key. */
enum sealed_scope { SEALED_UNBOUND, SEALED_STRICT, SEALED_NAMESPACE_WIDE, SEALED_CLUSTER_WIDE };
/*
 * Set *scope to the scope named `text`: strict, namespace-wide or cluster-wide.  ERROR_INVALID: not
 * a scope.
 */
int sealed_scope_parse(const char *text, enum sealed_scope *scope, struct error *err)
    __attribute__((nonnull, warn_unused_result));
const char *sealed_scope_name(enum sealed_scope scope);

/*
 * Return the context of a value in base64, newly allocated, or NULL with an error.  `scope` must
 * not be SEALED_UNBOUND.
 */
char *sealed_context(enum sealed_scope scope, const char *namespace, const char *name,
    const char *data_key, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Return true if the Secret has values and the label, which states that all of them are sealed.
 * Return false for an empty Secret, which a Job may fill later.
 */
bool sealed_secret_is_labelled(const struct kube_secret *secret);
/* Read the scope and the layout from a Secret's annotations. */
int sealed_secret_scope(const struct kube_secret *secret, enum sealed_scope *scope,
    struct error *err) __attribute__((nonnull, warn_unused_result));
bool sealed_secret_is_document(const struct kube_secret *secret, const char *data_key);
/* Return true if a data key has the default name of a document.  For use without annotations. */
bool sealed_names_document(const char *data_key) __attribute__((nonnull));

/*
 * Check that every data value (or only `data_key`, if not NULL) is ciphertext.  ERROR_INVALID names
 * the first value that is not; the Secret is "half sealed" if other values are, otherwise "not
 * sealed".  ERROR_NOT_FOUND if `data_key` does not exist.
 */
int sealed_secret_check(const struct kube_secret *secret, const char *data_key, struct error *err)
    __attribute__((nonnull(1, 3), warn_unused_result));

/*
 * Return the Transit key, [MOUNT/]NAME, from the Secret's annotation or `option` (may be NULL),
 * borrowed from either.  NULL with ERROR_USAGE if they differ or both are missing.
 */
const char *sealed_secret_key(const struct kube_secret *secret, const char *option,
    struct error *err) __attribute__((nonnull(1, 3), warn_unused_result));

/* Set the label and annotations that secret-rotate looks for.  `key` is "mount/name". */
int sealed_secret_mark(struct kube_secret *secret, const char *key, enum sealed_scope scope,
    bool document, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Call `each` for every member of a plaintext document.  Strings are unquoted, numbers and booleans
 * as in JSON, objects and arrays in compact form; null is skipped.  The value is borrowed for the
 * call and may be taken over with secret_buffer_move.  ERROR_INVALID with `title` in the message if
 * the plaintext is not an object or has duplicate members.
 */
int sealed_document_each(const struct secret_buffer *plaintext, const char *title,
    int (*each)(void *context, const char *name, struct secret_buffer *value, struct error *err),
    void *context, struct error *err) __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

/* Check that the plaintext is an object without duplicate members. */
int sealed_document_check(const struct secret_buffer *plaintext, const char *title,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
