/*
 * manifest: the Secrets in a document of a manifest file, and changes to them in its text.
 *
 * A change replaces just the bytes that must differ: comments, order, quotes, indentation, line
 * breaks and all that is no Secret stay as they are.  What can't be changed so (anchors, aliases,
 * merge keys and tags inside the Secret, keys that come twice) is refused with file, line and
 * column; so is what readers of YAML disagree about (data: {1e3: yes}).
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include "lib/kube/secret.h"
#include "lib/manifest/tree.h"

/* Keys of one Secret: more than fit beside each other's ciphertext. */
#define MANIFEST_VALUES_MAX 10000

/* A value of data or stringData, in the text's order, as object.data has them. */
struct manifest_value {
	uint32_t key, value; /* nodes */
	bool text;	     /* it stands in stringData */
};

struct manifest_secret {
	/*
	 * What it says.  namespace and name are NULL where it says none, resource_version is NULL
	 * always.  data is that of both data and stringData, decoded.
	 */
	struct kube_secret object;
	struct manifest_value *values; /* object.data_count of them */
	uint32_t node;
	bool generate_name; /* metadata.generateName instead of a name */
	bool template;	    /* it must be rendered before it is a Secret */
	/* The node that keeps it from being changed, and what it is; NULL: none. */
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
 * (borrowed), and find its v1 Secrets, those in Lists too.  One in an OpenShift Template is
 * refused. *manifest is to be freed whatever comes out.
 */
int manifest_read(struct manifest *manifest, struct secret_buffer *text, size_t line,
    const char *file, struct error *err) __attribute__((nonnull, warn_unused_result));
void manifest_free(struct manifest *manifest) __attribute__((nonnull));

/*
 * Read what else of the Secret goes to the Kubernetes API: object.finalizers and object.owners, and
 * *version (newly allocated; NULL: none), its metadata.resourceVersion.  Refuse members that
 * Kubernetes does not have in a Secret, which it would drop without a word; members that the API
 * server sets are passed over.
 */
int manifest_read_metadata(const struct manifest *manifest, struct manifest_secret *secret,
    char **version, struct error *err) __attribute__((nonnull, warn_unused_result));

/* "FILE: line 3: Secret demo/app: " before what *err says.  Returns -1. */
int manifest_wrap(const struct manifest *manifest, const struct manifest_secret *secret,
    struct error *err) __attribute__((nonnull));

/* Reject a Secret whose plaintext is a template's: it would be sealed instead of what it renders
 * to. */
int manifest_check_rendered(const struct manifest_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Change one Secret of the manifest. */
struct manifest_change {
	const struct manifest_secret *secret;
	/*
	 * Only what changes: data values that take the place of others or, in block style, are
	 * new; labels and annotations.  What it does not name stays.
	 */
	const struct kube_secret *set;
	/*
	 * stringData becomes data, its comments with it.  Else a value that stands in it stays
	 * there, and must be text.
	 */
	bool move_text;
};

/*
 * Append the text as the changes leave it, at most one a Secret.  The result has been read again
 * and found to say what was asked for.  ERROR_INVALID where the Secret can't be changed.
 */
int manifest_change(const struct manifest *manifest, const struct manifest_change *changes,
    size_t count, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull(1, 4, 5), warn_unused_result));

#endif
