/*
 * mapping: changes of members of mappings, in the style that the mapping is written in; for the
 * files of this folder.
 */
#ifndef MANIFEST_MAPPING_H
#define MANIFEST_MAPPING_H

#include "lib/manifest/splice.h"

struct mapping_change;

/* A member to add: a scalar, or a mapping. */
struct mapping_member {
	const char *key;   /* borrowed, as the value is */
	const char *value; /* of `length` bytes */
	size_t length;
	bool base64;			      /* write the value in base64 */
	bool quoted;			      /* always write quotes around it: "true" */
	const struct mapping_change *members; /* of a mapping: what it adds; borrowed */
	size_t step;			      /* columns that they are indented by */
};

/* Give a scalar other content, in the quotes that it has; `quoted`: in quotes always. */
void mapping_replace(struct splice_list *splices, const struct manifest_node *scalar,
    const char *content, size_t length, bool quoted) __attribute__((nonnull));

/*
 * Replace a word, such as base64, by another: a block scalar stays one, and where its text is
 * broken into lines, so is the new text.
 */
void mapping_replace_word(struct splice_list *splices, const struct manifest_node *scalar,
    const char *content, size_t length) __attribute__((nonnull));

/* Members to remove and to add; each array has room for `most` items. */
struct mapping_change {
	const struct manifest_node **removed; /* keys; those of other mappings do not count */
	struct mapping_member *added;
	size_t removed_count, added_count;
};
/* Allocate the arrays; return false after a failure, also an earlier one of *splices. */
bool mapping_change_init(struct mapping_change *change, size_t most, struct splice_list *splices)
    __attribute__((nonnull, warn_unused_result));
void mapping_change_free(struct mapping_change *change) __attribute__((nonnull));

/*
 * Remove members, then add others at the end.  A null becomes a mapping in braces.  Comments stay;
 * in braces, a member among comments cannot be removed.
 */
void mapping_edit(struct splice_list *splices, const struct manifest_node *mapping,
    const struct mapping_change *change) __attribute__((nonnull));

/* Return true if there is a comment between the members of a mapping in braces. */
bool mapping_has_comment(const struct manifest_tree *tree, const struct manifest_node *mapping)
    __attribute__((nonnull));

#endif
