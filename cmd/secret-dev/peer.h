/*
 * peer: who is at the other end of a connection: the client certificate, which TLS learns when the
 * HTTP server has the connection already.  Shared by both, whichever ends first.
 */
#ifndef SECRET_DEV_PEER_H
#define SECRET_DEV_PEER_H

#include <openssl/x509.h>

#include "lib/base/error.h"

struct peer;

/* With one holder; NULL with *err set when memory ran out. */
struct peer *peer_new(struct error *err) __attribute__((nonnull, warn_unused_result));
struct peer *peer_hold(struct peer *peer) __attribute__((nonnull));
/* NULL is allowed. */
void peer_release(struct peer *peer);

/* Once, before the first request is read; the certificate is taken over. */
void peer_set_certificate(struct peer *peer, X509 *certificate) __attribute__((nonnull(1)));
/* Borrowed; NULL when the client showed none. */
X509 *peer_certificate(struct peer *peer) __attribute__((nonnull));

#endif
