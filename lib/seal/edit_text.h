/*
 * edit_text: the values of a sealed Secret as text that a person edits.
 *
 * In the per-key layout the text is YAML with one value a line:
 *   PASSWORD: "hunter2"
 *   tls.key: |
 *     -----BEGIN PRIVATE KEY-----
 *   "KEYTAB (base64)": "BQIAAA=="
 * Values that are not text are base64, under a name that is not a valid data key.  A number or a
 * boolean is read as the text that was written; null, a list and a mapping are errors.
 * In the document layout the text is the document, JSON; a document of one line is shown with one
 * member a line.
 */
#ifndef SEAL_EDIT_TEXT_H
#define SEAL_EDIT_TEXT_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/sealed/variables.h"

/* Larger than the values of any Secret in either form. */
#define EDIT_TEXT_MAX ((size_t)16 * 1024 * 1024)

/* Append the values as YAML, after a comment for the person who edits them if there is a title. */
int edit_text_write_values(const struct variables *values, const char *title,
    struct secret_buffer *text, struct error *err)
    __attribute__((nonnull(1, 3, 4), warn_unused_result));
/* Read the values.  ERROR_INVALID gives line and column, or the name; never a value. */
int edit_text_read_values(const struct secret_buffer *text, struct variables *values,
    struct error *err) __attribute__((nonnull, warn_unused_result));

int edit_text_write_document(const struct secret_buffer *document, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read the members of a document: values as compact JSON, and the names as sensitive. */
int edit_text_read_document(const struct secret_buffer *text, struct variables *members,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append `mine` and `theirs`, two changed versions of `base`, merged: what one of them changed is
 * as changed, and what both changed differently is shown in both versions between conflict markers,
 * as in git.  `document`: the values are members of a document.
 */
int edit_text_write_merged(const struct variables *base, const struct variables *mine,
    const struct variables *theirs, bool document, struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
