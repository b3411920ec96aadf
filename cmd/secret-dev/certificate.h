/* certificate: create certificate authorities, and certificates that they sign. */
#ifndef SECRET_DEV_CERTIFICATE_H
#define SECRET_DEV_CERTIFICATE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * Create a TLS server context (1.2 and newer) whose certificate names 127.0.0.1, ::1, localhost and
 * `address`.  It requests a client certificate and accepts any or none, as Vault does; the handler
 * verifies it.  The CA's certificate is appended to `ca_pem`; the CA's key is discarded.
 */
SSL_CTX *certificate_server_context(const char *authority_name, const char *address,
    struct secret_buffer *ca_pem, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append a client certificate and its key as PEM.  Return the certificate of its new CA, for
 * X509_free, or NULL on error.  The CA's key is discarded.
 */
X509 *certificate_client(const char *authority_name, const char *name,
    struct secret_buffer *certificate_pem, struct secret_buffer *key_pem, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return whether the authority signed the certificate for TLS clients, and it is valid now. */
bool certificate_is_client_of(X509 *certificate, X509 *authority) __attribute__((nonnull));

#endif
