/*
 * tree: the nodes of one YAML or JSON document, each with its place in the text.
 *
 * JSON is read by lib/base/json_reader (libyaml rejects surrogate pairs), YAML by libyaml.  A tree
 * borrows its text.  Nodes are in the order of the text: the descendants of a node follow it, up to
 * its `past`.
 */
#ifndef MANIFEST_TREE_H
#define MANIFEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Deeper than any manifest: CRDs with large schemas have about 40 levels. */
#define MANIFEST_DEPTH_MAX 200
/* A List of 10,000 Secrets has 400,000 nodes, of 32 bytes each. */
#define MANIFEST_NODES_MAX 1000000

enum manifest_kind { MANIFEST_SCALAR, MANIFEST_MAPPING, MANIFEST_SEQUENCE, MANIFEST_ALIAS };
enum manifest_style {
	MANIFEST_PLAIN, /* in JSON: a number, true, false or null */
	MANIFEST_SINGLE_QUOTED,
	MANIFEST_DOUBLE_QUOTED,
	MANIFEST_BLOCK, /* a literal or folded scalar; a mapping or sequence without brackets */
	MANIFEST_FLOW	/* a mapping or sequence in brackets */
};

/*
 * A node.  The children of a mapping are key, value, key, value.  The bytes of a scalar include its
 * quotes; a block scalar begins with its '|' or '>' and ends with its last line, without the line
 * break.
 */
struct manifest_node {
	uint32_t start, end;   /* bytes of the text */
	uint32_t value, bytes; /* content of a scalar: its offset in `contents`, and its length */
	uint32_t first, next;  /* first child and next sibling; 0: none (node 0 is the root) */
	uint32_t past;	       /* index after the last descendant */
	uint8_t kind, style;
	bool marked; /* has an anchor or a tag */
	bool tagged;
};

struct manifest_tree {
	const char *text; /* borrowed */
	size_t length;
	size_t line;	  /* of the first byte, for messages */
	const char *file; /* its name, for messages; borrowed */
	bool json;

	struct manifest_node *nodes; /* the first is the root */
	uint32_t count, capacity;    /* count 0: an empty document */
	struct secret_buffer contents;
};

/*
 * Read `text`, which is one document, followed by a NUL.  Messages contain line and column, never
 * the text.  Free *tree also after an error; it then has no nodes.
 */
int manifest_tree_read(struct manifest_tree *tree, const char *text, size_t length, size_t line,
    const char *file, struct error *err) __attribute__((nonnull, warn_unused_result));
void manifest_tree_free(struct manifest_tree *tree) __attribute__((nonnull));

/* Set *err to "FILE: line 3, column 5: MESSAGE" for a byte of the text.  Return -1. */
int manifest_tree_refuse(const struct manifest_tree *tree, size_t byte, struct error *err,
    const char *format, ...) __attribute__((format(printf, 4, 5), nonnull));

/* Return the line number of `byte` in the file. */
size_t manifest_line(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* Return the offset of the line of `byte`, and of the next line (or the end of the text). */
size_t manifest_line_start(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
size_t manifest_line_after(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* Return the column of a byte, in characters from 0. */
size_t manifest_column(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* Return true if only spaces precede the byte on its line. */
bool manifest_begins_line(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* Return the line break of the first line, "\n" or "\r\n"; "\n" if there is none. */
const char *manifest_line_break(const struct manifest_tree *tree) __attribute__((nonnull));

/* Return the first child or the next sibling, or NULL. */
static inline struct manifest_node *manifest_first(
    const struct manifest_tree *tree, const struct manifest_node *node)
{
	return node->first ? &tree->nodes[node->first] : NULL;
}
static inline struct manifest_node *manifest_next(
    const struct manifest_tree *tree, const struct manifest_node *node)
{
	return node->next ? &tree->nodes[node->next] : NULL;
}

/* Loop over the keys of a mapping; the value of a key is manifest_next(tree, key). */
/* NOLINTBEGIN(bugprone-macro-parentheses): `key` is declared here */
#define manifest_each_key(tree, mapping, key)                                                      \
	for (struct manifest_node *key = manifest_first(tree, mapping); key;                       \
	     key = manifest_next(tree, manifest_next(tree, key)))
/* NOLINTEND(bugprone-macro-parentheses) */

/* Return the value of the mapping's first key of this name, or NULL.  `mapping` may be NULL. */
struct manifest_node *manifest_member(const struct manifest_tree *tree,
    const struct manifest_node *mapping, const char *name) __attribute__((nonnull(1, 3)));

/* Return a scalar's content: `bytes` bytes, which may include NUL. */
const char *manifest_node_content(
    const struct manifest_tree *tree, const struct manifest_node *node) __attribute__((nonnull));
/* Return true for a scalar with exactly this content. */
bool manifest_node_is(const struct manifest_tree *tree, const struct manifest_node *node,
    const char *content) __attribute__((nonnull));
/* Return true for a scalar that is empty, ~ or null, without quotes. */
bool manifest_node_is_null(const struct manifest_tree *tree, const struct manifest_node *node)
    __attribute__((nonnull));
/* Return true for a scalar that every YAML reader reads as a string: quoted, or unambiguous. */
bool manifest_node_is_string(const struct manifest_tree *tree, const struct manifest_node *node)
    __attribute__((nonnull));
/*
 * Set *text to the content of a scalar, newly allocated, or to NULL if the node is not a scalar or
 * contains a NUL byte.
 */
int manifest_node_copy(const struct manifest_tree *tree, const struct manifest_node *node,
    char **text, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
