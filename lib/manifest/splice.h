/*
 * splice: replace bytes in the text of a manifest.  Used only in this folder.
 *
 * The first failure is kept in *err, and later calls do nothing.  Callers check `failed` once, at
 * the end.
 */
#ifndef MANIFEST_SPLICE_H
#define MANIFEST_SPLICE_H

#include "lib/manifest/tree.h"

struct splice {
	size_t start, end;   /* bytes of the text to replace */
	size_t order;	     /* keeps insertions at one place in the order of their calls */
	size_t text, length; /* the replacement, in `texts` */
};

struct splice_list {
	const struct manifest_tree *tree; /* borrowed */
	struct splice *items;
	size_t count, capacity;
	struct secret_buffer texts;
	bool open; /* text can still be added to the last item */
	struct error *err;
	bool failed;
};

/*
 * Begin to replace the bytes from `start` to `end` by the text that is put next.  Without text,
 * they are removed.
 */
void splice_begin(struct splice_list *splices, size_t start, size_t end) __attribute__((nonnull));

/* Put text into the replacement begun last. */
void splice_put(struct splice_list *splices, const char *text, size_t length)
    __attribute__((nonnull));
void splice_put_string(struct splice_list *splices, const char *text) __attribute__((nonnull));

/*
 * Put a scalar with the quotes of `style`, or in double quotes if a YAML reader could read the
 * content as another type.
 */
void splice_put_scalar(struct splice_list *splices, const char *content, size_t length,
    enum manifest_style style) __attribute__((nonnull));

/* Put the indentation of a line in columns, and its line break. */
void splice_begin_line(struct splice_list *splices, size_t column) __attribute__((nonnull));
void splice_end_line(struct splice_list *splices) __attribute__((nonnull));

/* Fail with ERROR_INVALID: this byte of the text prevents the change. */
void splice_refuse(struct splice_list *splices, size_t byte, const char *message)
    __attribute__((nonnull));

/*
 * Append the bytes from `start` to `end` with the replacements within them, which are removed from
 * the list.  Fail if two of them overlap.  If the text does not end in a line break, added lines do
 * not either.
 */
void splice_apply(struct splice_list *splices, size_t start, size_t end, struct secret_buffer *out)
    __attribute__((nonnull));

void splice_free(struct splice_list *splices) __attribute__((nonnull));

#endif
