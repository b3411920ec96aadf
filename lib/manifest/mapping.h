/*
 * mapping: add, remove and replace members of a mapping in the style of its text.  Used only in
 * this folder.
 */
#ifndef MANIFEST_MAPPING_H
#define MANIFEST_MAPPING_H

#include "lib/manifest/splice.h"

struct mapping_change;

/* A member to add: a scalar, or a mapping. */
struct mapping_member {
	const char *key;   /* borrowed, like `value` */
	const char *value; /* of `length` bytes */
	size_t length;
	bool base64;			      /* write the value in base64 */
	bool quoted;			      /* always write the value in quotes: "true" */
	const struct mapping_change *members; /* the value is a mapping that adds these; borrowed */
	size_t step;			      /* indentation of these members, in columns */
};

/* Replace the content of a scalar in the same style of quotes; `quoted`: always in quotes. */
void mapping_replace(struct splice_list *splices, const struct manifest_node *scalar,
    const char *content, size_t length, bool quoted) __attribute__((nonnull));

/*
 * Replace a word, such as base64 text.  A block scalar stays a block scalar.  If a literal block
 * has several lines, the new text is broken into lines of the same width.
 */
void mapping_replace_word(struct splice_list *splices, const struct manifest_node *scalar,
    const char *content, size_t length) __attribute__((nonnull));

/* Members to remove and to add; each array has room for `most` items. */
struct mapping_change {
	const struct manifest_node **removed; /* keys; keys of other mappings are ignored */
	struct mapping_member *added;
	size_t removed_count, added_count;
};
/* Allocate the arrays.  Return false on failure, or if *splices has failed before. */
bool mapping_change_init(struct mapping_change *change, size_t most, struct splice_list *splices)
    __attribute__((nonnull, warn_unused_result));
void mapping_change_free(struct mapping_change *change) __attribute__((nonnull));

/*
 * Remove members, then add new members at the end.  A null becomes a mapping in braces.  Comments
 * stay.  A member of a mapping in braces that contains comments cannot be removed.
 */
void mapping_edit(struct splice_list *splices, const struct manifest_node *mapping,
    const struct mapping_change *change) __attribute__((nonnull));

/* Return true if there is a comment between the members of a mapping in braces. */
bool mapping_has_comment(const struct manifest_tree *tree, const struct manifest_node *mapping)
    __attribute__((nonnull));

#endif
