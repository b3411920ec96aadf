/*
 * http_server: a small server on loopback that gives prepared answers, one a request, and remembers
 * what it was asked.  HTTP/1.1, kept connections, plain or TLS with a certificate of its own.
 */
#ifndef UNIT_HTTP_SERVER_H
#define UNIT_HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

struct http_answer {
	int status;	     /* HANG_UP: close without an answer; KEEP_SILENT: never answer */
	const char *headers; /* whole lines with their CRLF, or NULL */
	const char *body;    /* or NULL */
};
#define HANG_UP 0
#define KEEP_SILENT (-1)

struct http_server;

/*
 * The n-th request gets answers[n], later ones the last of them.  `names` NULL: plain HTTP; else
 * TLS with these subject alternative names ("IP:127.0.0.1").  A test fails when it can't start.
 */
struct http_server *http_server_start(
    const struct http_answer *answers, int count, const char *names);
void http_server_stop(struct http_server *server);

/* No request is answered before so many have come in. */
void http_server_gather(struct http_server *server, int requests);

/* "http://127.0.0.1:PORT", and the certificate as PEM.  Borrowed. */
const char *http_server_url(const struct http_server *server);
const char *http_server_certificate(const struct http_server *server);

int http_server_requests(struct http_server *server);
/* The request as it came, and when. */
const char *http_server_request(struct http_server *server, int number);
int64_t http_server_time_ms(struct http_server *server, int number);

#endif
