/* json_response: HTTP responses in JSON, and the errors that they report. */
#ifndef HTTP_JSON_RESPONSE_H
#define HTTP_JSON_RESPONSE_H

#include "lib/base/json_reader.h"
#include "lib/http/http.h"

/*
 * Parse the response's body.  Return a document to free with json_free; it borrows the body.  NULL
 * if the body is not JSON: *err then names the server and its address.
 */
struct json *http_json_parse(const struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return 0 on 2xx.  Otherwise return -1 with http_check's error, which quotes the message that
 * `read_message` finds in the document (newly allocated; NULL: none), on one line.
 */
int http_json_check(const struct http_exchange *exchange,
    char *(*read_message)(const struct json *document), struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
