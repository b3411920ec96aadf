/*
 * manifest: the Secrets in a document of a manifest file, and changes to them in its text.
 *
 * A change replaces only the bytes that must differ.  Comments, order, quotes, indentation, line
 * breaks and everything outside the Secret stay.  Secrets that cannot be changed this way (anchors,
 * aliases, merge keys and tags inside them, duplicate keys) and values that YAML readers interpret
 * differently (data: {1e3: yes}) are rejected with file, line and column.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include "lib/kube/secret.h"
#include "lib/manifest/tree.h"

/* Limit of values in one Secret, far above practical use. */
#define MANIFEST_VALUES_MAX 10000

/* The place of object.data[i] in the text, in data or stringData. */
struct manifest_value {
	uint32_t key, value; /* nodes */
	bool text;	     /* in stringData */
};

struct manifest_secret {
	/*
	 * namespace and name are NULL if the manifest does not contain them; resource_version is
	 * always NULL.  data contains the decoded values of both data and stringData.
	 */
	struct kube_secret object;
	struct manifest_value *values; /* array of object.data_count items */
	uint32_t node;
	bool generate_name; /* metadata.generateName is present */
	bool template;	    /* a template, which must be rendered first */
	/* The first node that prevents changes, and its kind for messages; NULL: none. */
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
 * Read a document that begins on `line` of `file` (borrowed), and find its v1 Secrets, also in
 * Lists.  *text is taken over and is then empty.  A Secret in an OpenShift Template is rejected.
 * Free *manifest also after an error.
 */
int manifest_read(struct manifest *manifest, struct secret_buffer *text, size_t line,
    const char *file, struct error *err) __attribute__((nonnull, warn_unused_result));
void manifest_free(struct manifest *manifest) __attribute__((nonnull));

/*
 * Read a manifest like manifest_read.  Unless `force`, reject a document that another tool
 * encrypted, recognised by its kind or metadata, or by its text if it cannot be read as a manifest.
 */
int manifest_read_own(struct manifest *manifest, struct secret_buffer *text, size_t line,
    const char *file, bool force, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Read the members that only the Kubernetes API needs: object.finalizers, object.owners, and
 * metadata.resourceVersion as *version (newly allocated, or NULL).  Reject members that a Secret
 * does not have in Kubernetes, because the API server would drop them silently.  Ignore members
 * that the API server sets.
 */
int manifest_read_metadata(const struct manifest *manifest, struct manifest_secret *secret,
    char **version, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Reject a Secret that is a template, because its placeholders would be sealed instead of values.
 */
int manifest_check_rendered(const struct manifest_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return true if a document that cannot be read may be a Secret: it contains "kind: Secret" or
 * "kind: SecretList", also as JSON, and is not encrypted with another tool.
 */
bool manifest_may_be_secret(const char *text, size_t length) __attribute__((nonnull));
/*
 * Return true if it also is not a template, such as Helm's or OpenShift's, which need not be YAML
 * before it is rendered.
 */
bool manifest_is_unread_secret(const char *text, size_t length) __attribute__((nonnull));

/* Return the name of a Secret in a manifest, or "(metadata.generateName)". */
const char *manifest_shown_name(const struct kube_secret *object) __attribute__((nonnull));

/*
 * Return true if the value is unknown before a template is rendered.  In a Secret that is not a
 * template, braces are part of the value, such as in Alertmanager's configuration.
 */
bool manifest_is_unknown(const struct manifest_secret *secret, const struct kube_entry *entry)
    __attribute__((nonnull));

/* Prefix the message with "FILE: line 3: " for the first line of the Secret.  Return -1. */
int manifest_wrap(const struct manifest *manifest, const struct manifest_secret *secret,
    struct error *err) __attribute__((nonnull));

/* A change of one Secret of the manifest. */
struct manifest_change {
	const struct manifest_secret *secret;
	/*
	 * Contains only the values, labels and annotations to set, add or remove.  A renamed value
	 * keeps its place and comments.  New values are added at the end.
	 */
	const struct kube_secret *set;
	/*
	 * Move the members of stringData to data, with their comments.  Otherwise the values of
	 * stringData stay there, and must be text.
	 */
	bool move_text;
};

/*
 * Append the changed text.  There is at most one change for each Secret, in the order of the
 * Secrets.  The result is read again and compared with the changes.  ERROR_INVALID: a Secret cannot
 * be changed.
 */
int manifest_change(const struct manifest *manifest, const struct manifest_change *changes,
    size_t count, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull(1, 4, 5), warn_unused_result));

/* The plaintexts of a Secret of the manifest. */
struct manifest_plaintext {
	const struct manifest_secret *secret;
	/* One for each of secret->values; borrowed. */
	const struct secret_buffer *const *values;
	size_t count;
};

/*
 * Append the document with plaintexts instead of the Secrets' values.  It means the same to
 * Kubernetes: if all values are text, data becomes stringData; otherwise data keeps base64.  All
 * other text stays.  The result is read again and compared with the plaintexts.
 */
int manifest_reveal(const struct manifest *manifest, const struct manifest_plaintext *plaintexts,
    size_t count, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull(1, 4, 5), warn_unused_result));

/*
 * Append the Secret as a manifest for `kubectl apply`, in block style with one line for each value.
 */
int manifest_write(const struct kube_secret *secret, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
