/* random: identifiers and tokens from BoringSSL's random generator. */
#ifndef SECRET_DEV_RANDOM_H
#define SECRET_DEV_RANDOM_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

#define UUID_SIZE 37 /* with its NUL */

/* Write a version 4 UUID (RFC 9562). */
void random_uuid(char uuid[UUID_SIZE]);

/* Append `prefix`, then `bytes` random bytes (at most 128) in URL-safe base64. */
int random_token(struct secret_buffer *out, const char *prefix, size_t bytes, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
