/*
 * proxy: by which proxy a server is asked; for the files of this folder only.
 */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include <stdbool.h>

#include "lib/base/secret_buffer.h"
#include "lib/http/url.h"

/*
 * Append [SCHEME://][USER[:PASSWORD]@]HOST[:PORT] with scheme and port filled in as Go's clients
 * do: http, and 80, 443 or 1080.  ERROR_USAGE unless it is that, in a message that does not repeat
 * it: a password may be anywhere in a mistyped one.
 */
int http_proxy_normalize(struct secret_buffer *url, const char *proxy, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Append the URL of the proxy that HTTPS_PROXY (HTTP_PROXY for an http server) and NO_PROXY lead
 * to, upper-case names first; nothing where the server is asked directly.  The rules are those of
 * golang.org/x/net/http/httpproxy.
 */
int http_proxy_from_environment(struct secret_buffer *url, const struct http_url *server,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return true when the list, as of NO_PROXY, or loopback keeps the server from the proxy. */
bool http_proxy_is_bypassed(const char *list, const struct http_url *server)
    __attribute__((nonnull));

#endif
