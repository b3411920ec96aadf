/*
 * mapping: changes of members of mappings, in the style that the mapping is written in; for the
 * files of this folder.
 */
#ifndef MANIFEST_MAPPING_H
#define MANIFEST_MAPPING_H

#include "lib/manifest/splice.h"

/* A member to add: a scalar, or where `members` is set a mapping of scalars. */
struct mapping_member {
	const char *key;   /* borrowed, as all others are */
	const char *value; /* of `length` bytes */
	size_t length;
	bool base64; /* write the value in base64 */
	bool quoted; /* always write quotes around the value: "true" */
	const struct mapping_member *members;
	size_t count, step; /* members, and the columns that they are indented by */
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

/*
 * Remove the members with these keys, those that belong to another mapping aside, and add others
 * behind the member whose value is `after` (NULL or in braces: the last one).  A null becomes a
 * mapping in braces.  Comments stay; in braces a member among comments cannot be removed.
 */
struct mapping_change {
	const struct manifest_node **removed; /* keys */
	size_t removed_count;
	const struct mapping_member *added;
	size_t added_count;
	const struct manifest_node *after;
};
void mapping_edit(struct splice_list *splices, const struct manifest_node *mapping,
    const struct mapping_change *change) __attribute__((nonnull));

/* Return true if a comment stands between the members of a mapping in braces. */
bool mapping_has_comment(const struct manifest_tree *tree, const struct manifest_node *mapping)
    __attribute__((nonnull));

#endif
