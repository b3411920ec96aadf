/* certificate: certificate authorities made at start, and certificates by them. */
#ifndef SECRET_DEV_CERTIFICATE_H
#define SECRET_DEV_CERTIFICATE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * A TLS server context (1.2 and newer) whose certificate names 127.0.0.1, ::1, localhost and
 * `address`.  It asks for a client certificate, takes any, and goes on without one, as Vault does:
 * what the certificate is good for shows later.  The authority's certificate, as PEM, is appended
 * to `ca_pem`; its key is thrown away.
 */
SSL_CTX *certificate_server_context(const char *authority_name, const char *address,
    struct secret_buffer *ca_pem, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * A client's certificate and key, appended as PEM, by an authority of its own, whose certificate is
 * returned (for X509_free); its key is thrown away.
 */
X509 *certificate_client(const char *authority_name, const char *name,
    struct secret_buffer *certificate_pem, struct secret_buffer *key_pem, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* True when the authority has signed it, for a TLS client, and its time has come and not gone. */
bool certificate_is_client_of(X509 *certificate, X509 *authority) __attribute__((nonnull));

#endif
