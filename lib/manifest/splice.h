/* manifest_edits: replacements of bytes in a text, for the files of this folder only. */
#ifndef MANIFEST_SPLICE_H
#define MANIFEST_SPLICE_H

#include <stddef.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

struct manifest_edit {
	size_t start, end;   /* bytes of the text that go */
	size_t order;	     /* at one place insertions come first, as they were added */
	size_t text, length; /* what comes, in `texts` */
};

struct manifest_edits {
	struct manifest_edit *items;
	size_t count, capacity;
	struct secret_buffer texts;
};

int manifest_edits_add(struct manifest_edits *edits, size_t start, size_t end, const char *text,
    size_t length, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append the bytes from `start` to `end` as the edits within leave them.  ERROR_INVALID when two
 * edits are about the same bytes.  Edits that reach over an end must not be there.
 */
int manifest_edits_apply(struct manifest_edits *edits, const char *text, size_t start, size_t end,
    struct secret_buffer *out, struct error *err) __attribute__((nonnull, warn_unused_result));

void manifest_edits_free(struct manifest_edits *edits) __attribute__((nonnull));

#endif
