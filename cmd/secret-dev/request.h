/* request: what a client asks and what it gets, between libmicrohttpd and the two servers. */
#ifndef SECRET_DEV_REQUEST_H
#define SECRET_DEV_REQUEST_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

enum method {
	METHOD_GET,
	METHOD_LIST,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OTHER
};

struct MHD_Connection;
struct peer;

struct request {
	enum method method;
	const char *path; /* percent-decoded, with its leading slash, without the query */
	struct MHD_Connection *connection;
	struct peer *peer; /* borrowed */
	struct secret_buffer body;
	bool too_large; /* the body passed the server's limit and was dropped */
};

/* Borrowed; NULL when absent. */
const char *request_header(const struct request *request, const char *name)
    __attribute__((nonnull));
const char *request_query(const struct request *request, const char *name) __attribute__((nonnull));

struct answer {
	unsigned int status;
	const char *content_type; /* NULL: application/json */
	struct secret_buffer body;
};

#endif
