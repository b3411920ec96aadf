/* url: the parts of a URL as libcurl parses them.  Internal to this folder. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>

#include "lib/base/error.h"

/* All strings are allocated by libcurl and freed by http_url_free. */
struct http_url {
	char *scheme; /* in lower case */
	char *host;   /* a name or an address; IPv6 in brackets */
	char *port;   /* the scheme's default if the URL has none */
	char *path;   /* decoded; "/" if the URL has none */
};

/*
 * Parse an http or https URL.  Reject (ERROR_USAGE) a user, a host that libcurl would rewrite, for
 * example an encoded one, and an empty port.  The message does not repeat the URL.
 */
int http_url_parse(struct http_url *url, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void http_url_free(struct http_url *url) __attribute__((nonnull));

/* Return SCHEME://HOST, with the port if it is not the scheme's default.  Newly allocated. */
char *http_url_origin(const struct http_url *url, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return the part of a URL after host and port, or "".  The URL must have a host.  Borrowed. */
const char *http_url_prefix(const char *text) __attribute__((nonnull));

/* Return true if both have the same scheme, host and port. */
bool http_url_same_server(const struct http_url *a, const struct http_url *b)
    __attribute__((nonnull));

#endif
