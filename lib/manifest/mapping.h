/*
 * manifest_member: edits of members of mappings, in the style that the mapping is written in; for
 * the files of this folder only.
 */
#ifndef MANIFEST_MAPPING_H
#define MANIFEST_MAPPING_H

#include "lib/manifest/node.h"
#include "lib/manifest/splice.h"

/* A member that is to be added. */
struct manifest_new {
	const char *key, *value; /* their contents; borrowed */
	size_t length;		 /* of the value */
	bool quoted;		 /* the value stands in quotes always: "true" */
};

/* Give a scalar other content, in the quotes that it has.  `quoted`: not without. */
int manifest_replace(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *scalar, const char *content, size_t length, bool quoted,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * The same with a word, such as base64, for another: a block scalar stays one, and where its text
 * is broken into lines, so is the new one.
 */
int manifest_replace_word(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *scalar, const char *content, size_t length, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Add members at the end of a mapping, or to one that is null. */
int manifest_add(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *mapping, const struct manifest_new *members, size_t count,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Add a member that is a mapping itself, behind the member `behind` of `parent`; it is written
 * with `step` more columns of indentation.
 */
int manifest_add_mapping(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *parent, const struct manifest_node *behind, const char *name,
    size_t step, const struct manifest_new *members, size_t count, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Take members away, by their keys in the text's order.  Comments stay; among them in braces, no
 * member can go.
 */
int manifest_remove(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *mapping, const struct manifest_node *const *keys, size_t count,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* The byte where the line of `byte` begins, or the next one does. */
size_t manifest_line_start(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
size_t manifest_line_behind(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* The column of a byte, from 0. */
size_t manifest_column(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* Nothing but spaces stands before it on its line. */
bool manifest_begins_line(const struct manifest_tree *tree, size_t byte) __attribute__((nonnull));
/* How the text ends its lines: "\n" or "\r\n". */
const char *manifest_line_break(const struct manifest_tree *tree) __attribute__((nonnull));
/* Insert whole lines, each with its break, at `byte`, where a line begins or the text ends. */
int manifest_insert_lines(const struct manifest_tree *tree, struct manifest_edits *edits,
    size_t byte, const struct secret_buffer *lines, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* A comment stands between the members of a mapping in braces. */
bool manifest_has_comment(const struct manifest_tree *tree, const struct manifest_node *mapping)
    __attribute__((nonnull));

#endif
