/* listener: accept TLS connections on a loopback address and give each a thread. */
#ifndef SECRET_DEV_LISTENER_H
#define SECRET_DEV_LISTENER_H

#include <openssl/ssl.h>
#include <stdint.h>
#include <sys/socket.h>

#include "cmd/secret-dev/http_server.h"

/* A numeric address of this machine alone. */
struct loopback {
	struct sockaddr_storage address;
	socklen_t length;
	char text[64]; /* "127.0.0.1" or "::1" */
};

/* 127.0.0.0/8, ::1 or localhost; ERROR_USAGE for anything else. */
int loopback_parse(const char *text, struct loopback *loopback, struct error *err)
    __attribute__((nonnull, warn_unused_result));

struct listener;

/* Listen on `port` (0: a free one).  `context` and `server` are borrowed. */
struct listener *listener_start(const struct loopback *loopback, uint16_t port, SSL_CTX *context,
    struct http_server *server, struct error *err) __attribute__((nonnull, warn_unused_result));
uint16_t listener_port(const struct listener *listener) __attribute__((nonnull));

/* Stop accepting, end every connection and wait for its thread.  NULL is allowed. */
void listener_stop(struct listener *listener);

#endif
