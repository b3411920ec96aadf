/* json_response: HTTP responses in JSON, and the errors that they contain. */
#ifndef HTTP_JSON_RESPONSE_H
#define HTTP_JSON_RESPONSE_H

#include "lib/base/json_reader.h"
#include "lib/http/http.h"

/*
 * Parse the response's body.  Return a document, which borrows the body, to be freed with
 * json_free.  If the body is not JSON, return NULL; *err then names the server and its address.
 */
struct json *http_json_parse(const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return 0 on 2xx.  Otherwise return -1 with http_check's error, which quotes on one line the
 * message returned by `read_message` (newly allocated, or NULL).
 */
int http_json_check(const struct http_exchange *exchange,
    char *(*read_message)(const struct json *document), struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
