/*
 * manifest: the Secrets in a document of a manifest file, and changes to them in its text.
 *
 * A change replaces only the bytes that must differ: comments, order, quotes, indentation, line
 * breaks and everything outside the Secret stay.  Refused with file, line and column are Secrets
 * that cannot be changed this way (anchors, aliases, merge keys and tags inside them, duplicate
 * keys) and values that readers of YAML disagree on (data: {1e3: yes}).
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include "lib/kube/secret.h"
#include "lib/manifest/tree.h"

/* Values of one Secret: more than fit with each other's ciphertext. */
#define MANIFEST_VALUES_MAX 10000

/* A value of data or stringData, in the order of the text, which is that of object.data. */
struct manifest_value {
	uint32_t key, value; /* nodes */
	bool text;	     /* in stringData */
};

struct manifest_secret {
	/*
	 * namespace and name are NULL if the manifest does not name them, resource_version is
	 * always NULL.  data has the values of both data and stringData, decoded.
	 */
	struct kube_secret object;
	struct manifest_value *values; /* object.data_count of them */
	uint32_t node;
	bool generate_name; /* metadata.generateName instead of a name */
	bool template;	    /* it must be rendered before it is a Secret */
	/* A node that prevents changes, and its kind; NULL: none. */
	uint32_t obstacle;
	const char *obstacle_kind;
};

struct manifest {
	struct secret_buffer text;
	struct manifest_tree tree;
	struct manifest_secret *secrets;
	size_t count;
};

/*
 * Take over *text (empty after), one document of a stream that begins on `line` of `file`
 * (borrowed), and find its v1 Secrets, also in Lists.  A Secret in an OpenShift Template is
 * refused.  Free *manifest also after an error.
 */
int manifest_read(struct manifest *manifest, struct secret_buffer *text, size_t line,
    const char *file, struct error *err) __attribute__((nonnull, warn_unused_result));
void manifest_free(struct manifest *manifest) __attribute__((nonnull));

/*
 * Read a manifest as manifest_read does, and unless `force` refuse one that another tool has
 * encrypted: by its kind, its metadata, or as text that is not a manifest any more.
 */
int manifest_read_own(struct manifest *manifest, struct secret_buffer *text, size_t line,
    const char *file, bool force, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Read the members that only the Kubernetes API needs: object.finalizers, object.owners, and
 * metadata.resourceVersion as *version (newly allocated, or NULL).  Refuse members that Kubernetes
 * does not have in a Secret, which it would drop silently.  Ignore members that the API server
 * sets.
 */
int manifest_read_metadata(const struct manifest *manifest, struct manifest_secret *secret,
    char **version, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Refuse a Secret whose values are a template's, which would be sealed instead of their result. */
int manifest_check_rendered(const struct manifest_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Prefix the message with "FILE: line 3: ", the line of the Secret.  Return -1. */
int manifest_wrap(const struct manifest *manifest, const struct manifest_secret *secret,
    struct error *err) __attribute__((nonnull));

/* A change of one Secret of the manifest. */
struct manifest_change {
	const struct manifest_secret *secret;
	/*
	 * Only the members to change: values, labels and annotations to set, add or remove.  A
	 * value that gets another name keeps its place and its comments; others are added at the
	 * end.
	 */
	const struct kube_secret *set;
	/*
	 * Move the members of stringData to data, with their comments.  Otherwise the values of
	 * stringData stay there, and must be text.
	 */
	bool move_text;
};

/*
 * Append the text with the changes, at most one for each Secret and in their order.  The result has
 * been read again and compared with the changes.  ERROR_INVALID: a Secret cannot be changed.
 */
int manifest_change(const struct manifest *manifest, const struct manifest_change *changes,
    size_t count, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull(1, 4, 5), warn_unused_result));

/* Append a manifest of the Secret as `kubectl apply` reads it: block YAML, one line a value. */
int manifest_write(const struct kube_secret *secret, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
