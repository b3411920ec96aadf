/*
 * splice: replacements of bytes in a manifest's text, for the files of this folder.
 *
 * The first failure is kept in *err, and later calls do nothing: check `failed` once, at the end.
 */
#ifndef MANIFEST_SPLICE_H
#define MANIFEST_SPLICE_H

#include "lib/manifest/tree.h"

struct splice {
	size_t start, end;   /* bytes of the text to replace */
	size_t order;	     /* insertions at one place stay in the order they were added in */
	size_t text, length; /* the replacement, in `texts` */
};

struct splice_list {
	const struct manifest_tree *tree; /* borrowed */
	struct splice *items;
	size_t count, capacity;
	struct secret_buffer texts;
	bool open; /* the last item can still get text */
	struct error *err;
	bool failed;
};

/* Replace the bytes from `start` to `end` by the text that is put next; none removes them. */
void splice_begin(struct splice_list *splices, size_t start, size_t end) __attribute__((nonnull));

/* Put text into the replacement begun last. */
void splice_put(struct splice_list *splices, const char *text, size_t length)
    __attribute__((nonnull));
void splice_put_string(struct splice_list *splices, const char *text) __attribute__((nonnull));

/*
 * Put a scalar: without quotes where `style` allows it and no reader of YAML takes the content for
 * another type, else in quotes.
 */
void splice_put_scalar(struct splice_list *splices, const char *content, size_t length,
    enum manifest_style style) __attribute__((nonnull));

/* Put the indentation of a line, and its break. */
void splice_begin_line(struct splice_list *splices, size_t column) __attribute__((nonnull));
void splice_end_line(struct splice_list *splices) __attribute__((nonnull));

/* Fail: the Secret cannot be changed because of this byte of the text. */
void splice_refuse(struct splice_list *splices, size_t byte, const char *message)
    __attribute__((nonnull));

/*
 * Append the bytes from `start` to `end` as the replacements within them leave them; these are
 * removed from the list.  Fails when two of them overlap.  Lines that are added to a text without
 * a break at its end leave it without one.
 */
void splice_apply(struct splice_list *splices, size_t start, size_t end, struct secret_buffer *out)
    __attribute__((nonnull));

void splice_free(struct splice_list *splices) __attribute__((nonnull));

#endif
