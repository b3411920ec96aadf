/*
 * server: HTTPS on a loopback address, with certificates created at start, BoringSSL for TLS and
 * libmicrohttpd for HTTP.
 *
 * Each connection has a thread that copies bytes between TLS and libmicrohttpd.  One thread of
 * libmicrohttpd handles all requests of a server in sequence, so handlers need no locks.
 */
#ifndef SECRET_DEV_SERVER_H
#define SECRET_DEV_SERVER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* -- requests and answers --------------------------------------------------------------------- */

enum server_method {
	METHOD_OTHER,
	METHOD_GET, /* and HEAD */
	METHOD_LIST,
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE
};

struct MHD_Connection;

struct server_request {
	enum server_method method;
	const char *path; /* percent-decoded, with the leading slash, without the query */
	struct MHD_Connection *connection;
	X509 *certificate; /* the client's; borrowed; NULL: none */
	struct secret_buffer body;
	bool too_large; /* the body exceeded the server's limit and was dropped */
};

/* Return the value, borrowed, or NULL if absent. */
const char *server_request_header(const struct server_request *request, const char *name)
    __attribute__((nonnull));
/*
 * Call `visit` for each header whose name begins with `prefix` in any case, until it returns false.
 */
void server_request_headers(const struct server_request *request, const char *prefix,
    bool (*visit)(void *context, const char *value), void *context) __attribute__((nonnull));
const char *server_request_query(const struct server_request *request, const char *name)
    __attribute__((nonnull));
/* Return the token of "Authorization: Bearer TOKEN", borrowed, or NULL if absent. */
const char *server_request_token(const struct server_request *request) __attribute__((nonnull));

struct server_answer {
	unsigned int status;
	const char *content_type; /* NULL: application/json */
	const char *mark;	  /* name of another header, whose value is "true"; NULL: none */
	struct secret_buffer body;
};

/* -- servers ---------------------------------------------------------------------------------- */

/* A numeric loopback address. */
struct server_loopback {
	struct sockaddr_storage address;
	socklen_t length;
	char text[64]; /* "127.0.0.1" or "::1" */
};

/* Accept 127.0.0.0/8, ::1 and localhost; ERROR_USAGE for any other address. */
int server_loopback_parse(const char *text, struct server_loopback *loopback, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Fill *answer.  Return -1 for failures of secret-dev itself; the client then gets an empty 500. */
typedef int (*server_handler)(void *context, const struct server_request *request,
    struct server_answer *answer, struct error *err);

struct server_settings {
	const char *authority; /* common name of the CA */
	struct server_loopback loopback;
	uint16_t port;	 /* 0: any free port */
	size_t body_max; /* bytes; larger bodies are dropped */
	server_handler handler;
	void *context; /* for the handler */
};

struct server;

/* Start a server, which runs until server_stop.  Return NULL with *err set on failure. */
struct server *server_start(const struct server_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Stop accepting, close every connection, and wait for the threads.  NULL is allowed. */
void server_stop(struct server *server);

uint16_t server_port(const struct server *server) __attribute__((nonnull));
/* Append "https://127.0.0.1:PORT".  server_ca_pem returns the certificate of the CA as PEM. */
int server_append_url(const struct server *server, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));
const struct secret_buffer *server_ca_pem(const struct server *server) __attribute__((nonnull));

/* -- parts of a server ------------------------------------------------------------------------ */

struct MHD_Daemon;

/* Start libmicrohttpd without a socket.  `settings` must stay valid until MHD_stop_daemon. */
struct MHD_Daemon *server_http_start(const struct server_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Add a connected socket with a client's certificate (NULL: none).  Takes ownership of both, even
 * if it fails.
 */
int server_http_add(struct MHD_Daemon *daemon, int socket, X509 *certificate, struct error *err)
    __attribute__((nonnull(1, 4), warn_unused_result));

/*
 * Complete the handshake on the blocking socket, then copy bytes to and from libmicrohttpd until
 * one side ends.  The socket stays open.
 */
void server_tls_serve(SSL_CTX *context, struct MHD_Daemon *daemon, int socket)
    __attribute__((nonnull));

#endif
