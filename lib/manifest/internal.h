/* internal: functions shared in this folder; see also splice.h and mapping.h. */
#ifndef MANIFEST_INTERNAL_H
#define MANIFEST_INTERNAL_H

#include "lib/manifest/manifest.h"

/* tree.c: build a tree.  Nodes are added to the container that was opened last. */
struct manifest_builder {
	struct manifest_tree *tree;
	uint32_t open[MANIFEST_DEPTH_MAX];   /* containers */
	uint32_t latest[MANIFEST_DEPTH_MAX]; /* the latest child of each; 0: none yet */
	size_t depth;
	struct error *err;
};

/* Return a new node, or NULL with an error.  It is borrowed until another node is added. */
struct manifest_node *manifest_build_node(struct manifest_builder *builder, enum manifest_kind kind,
    enum manifest_style style, size_t start, size_t end) __attribute__((nonnull));
/* Begin a container. */
int manifest_build_open(struct manifest_builder *builder, enum manifest_kind kind,
    enum manifest_style style, size_t start, bool marked)
    __attribute__((nonnull, warn_unused_result));
/*
 * End the container opened last.  `end` applies only to a container in brackets; another container
 * ends with its last child.
 */
void manifest_build_close(struct manifest_builder *builder, size_t end) __attribute__((nonnull));

/* tree_json.c: read a document if it is JSON.  Return 1, 0 if it is YAML, or -1 on error. */
int manifest_build_json(struct manifest_builder *builder)
    __attribute__((nonnull, warn_unused_result));

/* secret.c: read the Secret at `node` into *secret, which is zeroed except for `node`. */
int manifest_read_secret(const struct manifest_tree *tree, struct manifest_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * manifest.c: read the new text of the manifest `before`, to compare them.  Return 1, 0 if it is
 * not a manifest, or -1 if memory is missing.  Free *after in any case.
 */
int manifest_read_again(struct manifest *after, const struct manifest *before, const char *text,
    size_t length, struct error *err) __attribute__((nonnull, warn_unused_result));

/* manifest.c: return true if `after` differs from `before` by exactly these changes. */
bool manifest_is_changed(const struct manifest *after, const struct manifest *before,
    const struct manifest_change *changes, size_t count) __attribute__((nonnull));

/* origin.c: return true if the text contains an action of Helm, such as {{ .Values.x }}. */
bool manifest_is_helm(const char *text, size_t length) __attribute__((nonnull));
/*
 * Return true if the name, namespace, type or a label of the Secret contains "{{", or if a value is
 * a placeholder {{ ... }} of Helm, Jinja or another template language.  A value that only contains
 * placeholders, such as Alertmanager's configuration, does not count.
 */
bool manifest_has_placeholders(const struct kube_secret *object) __attribute__((nonnull));
/* Return the name of the tool that encrypted the document, by its kind or metadata, or NULL. */
const char *manifest_foreign_tool(const struct manifest_tree *tree) __attribute__((nonnull));

#endif
