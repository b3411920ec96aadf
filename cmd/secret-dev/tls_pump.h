/* tls_pump: carry one connection's bytes between TLS and a plain socket. */
#ifndef SECRET_DEV_TLS_PUMP_H
#define SECRET_DEV_TLS_PUMP_H

#include <openssl/ssl.h>

#include "cmd/secret-dev/peer.h"

/*
 * Run until either side ends or fails.  Both sockets are non-blocking and stay the caller's.  The
 * client's certificate goes to `peer` before the first byte goes to the plain socket.
 */
void tls_pump(SSL_CTX *context, int tls_socket, int plain_socket, struct peer *peer)
    __attribute__((nonnull));

#endif
