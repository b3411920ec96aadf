/* http_server: HTTP by libmicrohttpd over connections that the listener hands in. */
#ifndef SECRET_DEV_HTTP_SERVER_H
#define SECRET_DEV_HTTP_SERVER_H

#include <sys/socket.h>

#include "cmd/secret-dev/peer.h"
#include "cmd/secret-dev/request.h"

struct http_server;

/* Fill *answer.  -1 only where nothing sensible can be said: the client then gets a bare 500. */
typedef int (*http_serve)(
    void *context, const struct request *request, struct answer *answer, struct error *err);

/* One thread serves all of its requests, one after the other.  Bodies over `body_max` are dropped.
 */
struct http_server *http_server_start(http_serve serve, void *context, size_t body_max,
    struct error *err) __attribute__((nonnull(1, 4), warn_unused_result));

/* Take over a connected socket (also on failure), and hold `peer` as long as it is open. */
int http_server_add(struct http_server *server, int socket, struct peer *peer, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* End all connections and the thread.  NULL is allowed. */
void http_server_stop(struct http_server *server);

#endif
