/* certificate: a certificate authority made at start, and a server's certificate by it. */
#ifndef SECRET_DEV_CERTIFICATE_H
#define SECRET_DEV_CERTIFICATE_H

#include <openssl/ssl.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * A TLS server context (1.2 and newer) whose certificate names 127.0.0.1, ::1, localhost and
 * `address`.  The authority's certificate, as PEM, is appended to `ca_pem`; its key is thrown away.
 */
SSL_CTX *certificate_server_context(const char *authority_name, const char *address,
    struct secret_buffer *ca_pem, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
