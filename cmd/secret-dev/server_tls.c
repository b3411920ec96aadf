/* server_tls: one TLS connection: its handshake, and its bytes to and from libmicrohttpd. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/secret-dev/server.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"

/* Four TLS records: large bodies need few system calls. */
#define FLOW_BYTES ((size_t)64 * 1024)
/* A client that stays silent during the handshake is disconnected. */
#define HANDSHAKE_SECONDS 10

/* One direction: bytes [begin, end) are waiting to be written. */
struct flow {
	char bytes[FLOW_BYTES];
	size_t begin, end;
	bool closed; /* its source has ended */
};

struct pump {
	SSL *ssl;
	int tls, plain;
	struct flow in, out; /* from the client, to the client */
	short tls_wants;     /* poll events that BoringSSL waits for */
	bool failed;
};

static bool flow_is_empty(const struct flow *flow)
{
	return flow->begin == flow->end;
}

/* Record why a call of BoringSSL moved nothing. */
static void note_tls(struct pump *pump, int result, struct flow *flow)
{
	switch (SSL_get_error(pump->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		pump->tls_wants |= POLLIN;
		break;
	case SSL_ERROR_WANT_WRITE:
		pump->tls_wants |= POLLOUT;
		break;
	case SSL_ERROR_ZERO_RETURN:
		flow->closed = true;
		break;
	default:
		pump->failed = true;
	}
}

/* Each step moves bytes once, and returns whether it moved any. */

static bool read_tls(struct pump *pump)
{
	if (!flow_is_empty(&pump->in) || pump->in.closed)
		return false;
	int got = SSL_read(pump->ssl, pump->in.bytes, sizeof(pump->in.bytes));
	if (got <= 0) {
		note_tls(pump, got, &pump->in);
		return false;
	}
	pump->in.begin = 0;
	pump->in.end = (size_t)got;
	return true;
}

static bool write_plain(struct pump *pump)
{
	struct flow *flow = &pump->in;

	if (flow_is_empty(flow))
		return false;
	ssize_t put =
	    send(pump->plain, flow->bytes + flow->begin, flow->end - flow->begin, MSG_NOSIGNAL);
	if (put >= 0) {
		flow->begin += (size_t)put;
		return true;
	}
	if (errno == EPIPE || errno == ECONNRESET) {
		/* libmicrohttpd reads no more of the request; its answer is still to come. */
		flow->begin = flow->end;
		flow->closed = true;
	} else if (errno != EAGAIN && errno != EINTR) {
		pump->failed = true;
	}
	return false;
}

static bool read_plain(struct pump *pump)
{
	struct flow *flow = &pump->out;

	if (!flow_is_empty(flow) || flow->closed)
		return false;
	ssize_t got = read(pump->plain, flow->bytes, sizeof(flow->bytes));
	if (got > 0) {
		flow->begin = 0;
		flow->end = (size_t)got;
		return true;
	}
	if (got == 0)
		flow->closed = true;
	else if (errno != EAGAIN && errno != EINTR)
		pump->failed = true;
	return false;
}

static bool write_tls(struct pump *pump)
{
	struct flow *flow = &pump->out;

	if (flow_is_empty(flow))
		return false;
	int put = SSL_write(pump->ssl, flow->bytes + flow->begin, (int)(flow->end - flow->begin));
	if (put <= 0) {
		note_tls(pump, put, flow);
		return false;
	}
	flow->begin += (size_t)put;
	return true;
}

static bool pump_has_ended(const struct pump *pump)
{
	return pump->failed || (pump->out.closed && flow_is_empty(&pump->out));
}

/* Wait until a step can move bytes. */
static void pump_wait(const struct pump *pump)
{
	struct pollfd sockets[] = {
	    {.fd = pump->tls, .events = pump->tls_wants},
	    {.fd = pump->plain,
		.events = (short)((flow_is_empty(&pump->out) && !pump->out.closed ? POLLIN : 0) |
				  (flow_is_empty(&pump->in) ? 0 : POLLOUT))},
	};

	/* Without an event poll would still report a hang-up, again and again. */
	for (int i = 0; i < 2; i++)
		if (!sockets[i].events)
			sockets[i].fd = -1;
	poll(sockets, 2, -1);
}

static void pump_run(struct pump *pump)
{
	while (!pump_has_ended(pump)) {
		pump->tls_wants = 0;
		bool moved = read_tls(pump);
		moved |= write_plain(pump);
		moved |= read_plain(pump);
		moved |= write_tls(pump);
		if (pump->in.closed && flow_is_empty(&pump->in))
			shutdown(pump->plain, SHUT_WR);
		if (!moved && !pump_has_ended(pump))
			pump_wait(pump);
	}
	if (!pump->failed)
		SSL_shutdown(pump->ssl);
}

/* Connect libmicrohttpd to the client, whose handshake is complete. */
static int pump_connection(SSL *ssl, struct MHD_Daemon *daemon, int socket, struct error *err)
{
	int pair[2];

	if (fcntl(socket, F_SETFL, O_NONBLOCK) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return error_system(err, "socketpair");
	cleanup_close int plain = pair[0];
	if (server_http_add(daemon, pair[1], SSL_get_peer_certificate(ssl), err) < 0)
		return -1;
	struct pump *pump = calloc(1, sizeof(*pump));
	if (!pump)
		return error_memory(err);
	pump->ssl = ssl;
	pump->tls = socket;
	pump->plain = plain;
	pump_run(pump);
	OPENSSL_cleanse(pump, sizeof(*pump));
	free(pump);
	return 0;
}

/* Answer a client that sends HTTP to this TLS port as Go's servers do. */
static void answer_plain_http(int socket)
{
	static const char text[] = "HTTP/1.0 400 Bad Request\r\n\r\n"
				   "Client sent an HTTP request to an HTTPS server.\n";
	uint32_t code = ERR_peek_error();
	char rest[4096];

	if (ERR_GET_LIB(code) != ERR_LIB_SSL || ERR_GET_REASON(code) != SSL_R_HTTP_REQUEST)
		return;
	send(socket, text, sizeof(text) - 1, MSG_NOSIGNAL);
	/* Closing with unread bytes would reset the connection, and the text might be lost. */
	while (recv(socket, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
}

void server_tls_serve(SSL_CTX *context, struct MHD_Daemon *daemon, int socket)
{
	struct timeval handshake = {.tv_sec = HANDSHAKE_SECONDS};
	struct error err = ERROR_INIT;
	SSL *ssl = SSL_new(context);
	int on = 1;

	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &handshake, sizeof(handshake));
	if (!ssl || !SSL_set_fd(ssl, socket))
		log_write(LOG_ERROR, "accepting a connection: BoringSSL failed");
	else if (SSL_accept(ssl) <= 0)
		answer_plain_http(socket);
	else if (pump_connection(ssl, daemon, socket, &err) < 0)
		log_write(LOG_ERROR, "accepting a connection: %s", err.message);
	SSL_free(ssl);
	ERR_clear_error();
}
