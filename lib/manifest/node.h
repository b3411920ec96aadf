/* manifest_node: looking around in a tree, for the files of this folder only. */
#ifndef MANIFEST_NODE_H
#define MANIFEST_NODE_H

#include "lib/manifest/manifest.h"

/* Each key of a mapping; its value is the next node. */
/* NOLINTBEGIN(bugprone-macro-parentheses): `key` is declared here */
#define manifest_each_key(tree, mapping, key)                                                      \
	for (struct manifest_node *key = manifest_first(tree, mapping); key;                       \
	     key = manifest_next(tree, manifest_next(tree, key)))
/* NOLINTEND(bugprone-macro-parentheses) */

/* The value of a mapping's first key of this name; NULL where there is none. */
struct manifest_node *manifest_member(const struct manifest_tree *tree,
    const struct manifest_node *mapping, const char *name) __attribute__((nonnull(1, 3)));

/* Nothing, ~ or null. */
bool manifest_node_is_null(const struct manifest_tree *tree, const struct manifest_node *node)
    __attribute__((nonnull));

#endif
