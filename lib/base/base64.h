/*
 * base64: encode and decode base64 (RFC 4648, section 4) and base64url (section 5, without
 * padding), with BoringSSL.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Append the base64 text of the bytes. */
int base64_encode(struct secret_buffer *out, const void *bytes, size_t length, struct error *err)
    __attribute__((nonnull(1, 4), warn_unused_result));

/* Append the decoded bytes.  ERROR_INVALID, with `out` unchanged, if the text is not canonical. */
int base64_decode(struct secret_buffer *out, const char *text, size_t length, struct error *err)
    __attribute__((nonnull(1, 4), warn_unused_result));

/* Encode and decode base64url without padding, as in a JWT (RFC 7515). */
int base64_url_encode(struct secret_buffer *out, const void *bytes, size_t length,
    struct error *err) __attribute__((nonnull(1, 4), warn_unused_result));
int base64_url_decode(struct secret_buffer *out, const char *text, size_t length, struct error *err)
    __attribute__((nonnull(1, 4), warn_unused_result));

#endif
