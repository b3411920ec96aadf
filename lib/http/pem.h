/* pem: certificates and keys as PEM text, with messages for other formats. */
#ifndef HTTP_PEM_H
#define HTTP_PEM_H

#include "lib/base/secret_buffer.h"

enum http_pem { HTTP_PEM_CERTIFICATE, HTTP_PEM_KEY };

/*
 * Check that the text has a PEM block of this kind, and remove a byte order mark.  ERROR_INVALID,
 * with a message that names the actual format (DER, UTF-16, the other kind ...).
 */
int http_pem_check(struct secret_buffer *text, enum http_pem kind, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Read `pem`, or the file if `pem` is NULL, into the empty buffer `text`, and check it. */
int http_pem_load(struct secret_buffer *text, const char *pem, const char *path, enum http_pem kind,
    struct error *err) __attribute__((nonnull(1, 5), warn_unused_result));

#endif
