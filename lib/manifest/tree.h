/*
 * manifest_tree: the nodes of one YAML or JSON document, each with its place in the text.
 *
 * JSON text is read as such (libyaml takes no surrogate pairs), all else by libyaml.  A tree
 * borrows its text.  Nodes stand in the text's order, so that what belongs to a node follows it.
 */
#ifndef MANIFEST_TREE_H
#define MANIFEST_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Deeper than any manifest: CRDs with large schemas come to 40 or so. */
#define MANIFEST_DEPTH_MAX 200
/* A List of 10,000 Secrets has 400,000; they take 40 bytes each. */
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
 * A mapping's children are key, value, key, value.  The place of a scalar holds its quotes; that of
 * a block scalar goes from its '|' or '>' to the end of its last line, without the line break.
 */
struct manifest_node {
	uint32_t start, end;   /* bytes of the text */
	uint32_t value, bytes; /* of a scalar: where its content begins in `contents`, its length */
	uint32_t first, next;  /* first child and next sibling; 0: none (the root is neither) */
	uint32_t behind;       /* the node behind the last one in this one */
	uint8_t kind, style;
	bool marked; /* by an anchor or a tag */
	bool tagged;
};

struct manifest_tree {
	const char *text; /* borrowed */
	size_t length;
	size_t line;	  /* of the text's beginning, for messages */
	const char *what; /* the file; borrowed */
	bool json;

	struct manifest_node *nodes; /* the first is the root */
	uint32_t count, capacity;    /* 0: the document holds nothing */
	struct secret_buffer contents;
};

/*
 * Read the only document of `text`.  Messages give line and column, never the text.  *tree is to be
 * freed whatever comes out; after an error it is empty.
 */
int manifest_tree_read(struct manifest_tree *tree, const char *text, size_t length, size_t line,
    const char *what, struct error *err) __attribute__((nonnull, warn_unused_result));
void manifest_tree_free(struct manifest_tree *tree) __attribute__((nonnull));

/* "FILE: line 3, column 5: " and what is said of this byte of the text.  Returns -1. */
int manifest_tree_refuse(const struct manifest_tree *tree, size_t byte, struct error *err,
    const char *format, ...) __attribute__((format(printf, 4, 5), nonnull));

/* Return the first byte of the line that `byte` is on, and of the next one (or the text's end). */
size_t manifest_line_start(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
size_t manifest_line_after(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* Return the column of a byte, in characters from 0. */
size_t manifest_column(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* Return true if only spaces precede the byte on its line. */
bool manifest_begins_line(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* Return the break that the text ends its first line with: "\n" or "\r\n". */
const char *manifest_line_break(const struct manifest_tree *tree) __attribute__((nonnull));

/* The scalar's content is just this. */
bool manifest_node_is(const struct manifest_tree *tree, const struct manifest_node *node,
    const char *content) __attribute__((nonnull));
/* Set *text to the content, newly allocated; NULL where it is not a C string.  -1: out of memory.
 */
int manifest_node_copy(const struct manifest_tree *tree, const struct manifest_node *node,
    char **text, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Every reader of YAML takes the scalar for a string: it has quotes, or no other meaning. */
bool manifest_node_is_string(const struct manifest_tree *tree, const struct manifest_node *node)
    __attribute__((nonnull));

/* NULL behind the last. */
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

#endif
