/* internal: functions that the files of this folder share; see also splice.h and mapping.h. */
#ifndef MANIFEST_INTERNAL_H
#define MANIFEST_INTERNAL_H

#include "lib/manifest/manifest.h"

/* tree.c: nodes are added to the container that was opened last. */
struct manifest_builder {
	struct manifest_tree *tree;
	uint32_t open[MANIFEST_DEPTH_MAX];   /* containers */
	uint32_t latest[MANIFEST_DEPTH_MAX]; /* the latest child of each; 0: none yet */
	size_t depth;
	struct error *err;
};

/* Return a new node, or NULL with an error.  It is borrowed until the next one is added. */
struct manifest_node *manifest_build_node(struct manifest_builder *builder, enum manifest_kind kind,
    enum manifest_style style, size_t start, size_t end) __attribute__((nonnull));
/* Begin a container. */
int manifest_build_open(struct manifest_builder *builder, enum manifest_kind kind,
    enum manifest_style style, size_t start, bool marked)
    __attribute__((nonnull, warn_unused_result));
/* End the container opened last; one without brackets ends where its last child does. */
void manifest_build_close(struct manifest_builder *builder, size_t end) __attribute__((nonnull));

/* tree_json.c: read a document that is JSON.  Return 1, or 0 for YAML, or -1 for an error. */
int manifest_build_json(struct manifest_builder *builder)
    __attribute__((nonnull, warn_unused_result));

/* secret.c: read the Secret at `node` into *secret, which is zeroed but for its node. */
int manifest_read_secret(const struct manifest_tree *tree, struct manifest_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* manifest.c: return true if `after` is `before` with the changes, and nothing else is changed. */
bool manifest_is_changed(const struct manifest *after, const struct manifest *before,
    const struct manifest_change *changes, size_t count) __attribute__((nonnull));

/* origin.c: return true if the text has an action of Helm's: {{ .Values.x }}. */
bool manifest_is_helm(const char *text, size_t length) __attribute__((nonnull));
/*
 * Return true if the Secret's names, labels or values are placeholders, {{ ... }} as Helm, Jinja
 * and others have them.  A value that only contains some, such as Alertmanager's configuration, is
 * not one.
 */
bool manifest_has_placeholders(const struct kube_secret *object) __attribute__((nonnull));
/* Return the name of the tool that has encrypted the document, by its kind or metadata; or NULL. */
const char *manifest_foreign_tool(const struct manifest_tree *tree) __attribute__((nonnull));

#endif
