/* credential: tokens and other secrets that become part of a header line. */
#ifndef HTTP_CREDENTIAL_H
#define HTTP_CREDENTIAL_H

#include "lib/base/secret_buffer.h"

/* Remove white space at the end, such as the newline at the end of a file. */
void http_credential_trim(struct secret_buffer *text) __attribute__((nonnull));

/*
 * Reject (ERROR_INVALID) a text that is empty or contains any character but printable ASCII.  A
 * line break could start another header.  `what` names the text in the error: "Vault token".
 */
int http_credential_check(const struct secret_buffer *text, const char *what, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Append the text of a file, without white space at its end, and check it.  The error names `what`
 * or the file.
 */
int http_credential_read_file(struct secret_buffer *text, const char *path, const char *what,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
