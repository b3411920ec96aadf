/* proxy: the proxy to a server, from options or the environment.  Internal to this folder. */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include <stdbool.h>

#include "lib/base/secret_buffer.h"
#include "lib/http/url.h"

/*
 * Append [SCHEME://][USER[:PASSWORD]@]HOST[:PORT] with the defaults of Go's clients: scheme http,
 * and port 80, 443 or 1080.  ERROR_USAGE for anything else, with a message that does not repeat the
 * text, which may contain a password anywhere.
 */
int http_proxy_normalize(struct secret_buffer *url, const char *proxy, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Append the URL of the proxy from HTTPS_PROXY (HTTP_PROXY for an http server) and NO_PROXY, whose
 * upper-case names come first.  Append nothing if the server is reached directly.  The rules are
 * from golang.org/x/net/http/httpproxy.
 */
int http_proxy_from_environment(struct secret_buffer *url, const struct http_url *server,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return true if the server is on the list, which has NO_PROXY's format, or is loopback. */
bool http_proxy_is_bypassed(const char *list, const struct http_url *server)
    __attribute__((nonnull));

#endif
