/*
 * edit_text: a sealed Secret's values as text that a person edits.
 *
 * In the per-key layout that is YAML, a line a value:
 *   PASSWORD: "hunter2"
 *   tls.key: |
 *     -----BEGIN PRIVATE KEY-----
 *   "KEYTAB (base64)": "BQIAAA=="
 * What is no text stands in base64 under a name that no data key can have.  Read back, a number or
 * a boolean is the text as it was written; null, a list or a mapping is refused.
 * In the document layout it is the document itself, JSON, one member a line when it was one line.
 */
#ifndef SEAL_EDIT_TEXT_H
#define SEAL_EDIT_TEXT_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/sealed/variables.h"

/* Larger than any Secret in any of these forms. */
#define EDIT_TEXT_MAX ((size_t)16 * 1024 * 1024)

/* With a comment for who edits it, where there is a title. */
int edit_text_write_values(const struct variables *values, const char *title,
    struct secret_buffer *text, struct error *err)
    __attribute__((nonnull(1, 3, 4), warn_unused_result));
/* ERROR_INVALID gives line and column, or the name; never a value. */
int edit_text_read_values(const struct secret_buffer *text, struct variables *values,
    struct error *err) __attribute__((nonnull, warn_unused_result));

int edit_text_write_document(const struct secret_buffer *document, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
