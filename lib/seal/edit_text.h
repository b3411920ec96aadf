/*
 * edit_text: convert the values of a sealed Secret to text for an editor, and back.
 *
 * In the per-key layout, the text is YAML with a line or a block for each value:
 *   PASSWORD: "hunter2"
 *   tls.key: |
 *     -----BEGIN PRIVATE KEY-----
 *   "KEYTAB (base64)": "BQIAAA=="
 * Values that are not text are written in base64, under a name that is not a valid data key.
 * Numbers and booleans are read as the text that was written.  Nulls, lists and mappings are
 * errors.
 *
 * In the document layout, the text is the JSON document.  A document of one line is shown with one
 * line for each member.
 */
#ifndef SEAL_EDIT_TEXT_H
#define SEAL_EDIT_TEXT_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/sealed/variables.h"

/* Larger than the values of any Secret in either form. */
#define EDIT_TEXT_MAX ((size_t)16 * 1024 * 1024)

/* Append the values as YAML.  With a title, begin with a comment for the person who edits them. */
int edit_text_write_values(const struct variables *values, const char *title,
    struct secret_buffer *text, struct error *err)
    __attribute__((nonnull(1, 3, 4), warn_unused_result));
/* Read the values.  ERROR_INVALID gives line and column or the name, never a value. */
int edit_text_read_values(const struct secret_buffer *text, struct variables *values,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Append a document as text.  ERROR_INVALID if it is not a JSON object. */
int edit_text_write_document(const struct secret_buffer *document, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Read the members of a document, with values as compact JSON.  Names may be secret. */
int edit_text_read_document(const struct secret_buffer *text, struct variables *members,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append the merge of `mine` and `theirs`, two changed versions of `base`.  A value that only one
 * of them changed is taken from it.  A value that both changed differently is written twice,
 * between conflict markers as in git.  With `document`, the values are members of a document.
 */
int edit_text_write_merged(const struct variables *base, const struct variables *mine,
    const struct variables *theirs, bool document, struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
