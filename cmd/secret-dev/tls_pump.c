#include "cmd/secret-dev/tls_pump.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* Four TLS records: large bodies move in few system calls. */
#define PUMP_BYTES ((size_t)64 * 1024)
/* Whoever connects and does not finish the handshake is dropped. */
#define HANDSHAKE_MS 10000

/* One direction: bytes [begin, end) wait to be written. */
struct flow {
	char bytes[PUMP_BYTES];
	size_t begin, end;
	bool closed; /* its source has ended */
};

struct pump {
	SSL *ssl;
	int tls, plain;
	struct peer *peer;
	bool introduced;     /* the peer has its certificate */
	struct flow in, out; /* from the client, to the client */
	short tls_wants;     /* what TLS waits for, beyond what the flows do */
	bool failed;
};

static bool is_empty(const struct flow *flow)
{
	return flow->begin == flow->end;
}

/* A call's outcome, when it moved nothing. */
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

static void note_plain(struct pump *pump, ssize_t result, struct flow *flow)
{
	if (result == 0)
		flow->closed = true;
	else if (errno != EAGAIN && errno != EINTR)
		pump->failed = true;
}

/* Each step moves bytes once, and says whether it did. */

static bool read_tls(struct pump *pump)
{
	if (!is_empty(&pump->in) || pump->in.closed)
		return false;
	int got = SSL_read(pump->ssl, pump->in.bytes, sizeof(pump->in.bytes));
	if (got <= 0) {
		note_tls(pump, got, &pump->in);
		return false;
	}
	if (!pump->introduced)
		peer_set_certificate(pump->peer, SSL_get_peer_certificate(pump->ssl));
	pump->introduced = true;
	pump->in.begin = 0;
	pump->in.end = (size_t)got;
	return true;
}

static bool write_plain(struct pump *pump)
{
	struct flow *flow = &pump->in;

	if (is_empty(flow))
		return false;
	ssize_t put =
	    send(pump->plain, flow->bytes + flow->begin, flow->end - flow->begin, MSG_NOSIGNAL);
	if (put <= 0) {
		/* The server has had enough of the request: what it answered is still due. */
		if (errno == EPIPE || errno == ECONNRESET) {
			flow->begin = flow->end;
			flow->closed = true;
		} else {
			note_plain(pump, put, flow);
		}
		return false;
	}
	flow->begin += (size_t)put;
	return true;
}

static bool read_plain(struct pump *pump)
{
	if (!is_empty(&pump->out) || pump->out.closed)
		return false;
	ssize_t got = read(pump->plain, pump->out.bytes, sizeof(pump->out.bytes));
	if (got <= 0) {
		note_plain(pump, got, &pump->out);
		return false;
	}
	pump->out.begin = 0;
	pump->out.end = (size_t)got;
	return true;
}

static bool write_tls(struct pump *pump)
{
	struct flow *flow = &pump->out;

	if (is_empty(flow))
		return false;
	int put = SSL_write(pump->ssl, flow->bytes + flow->begin, (int)(flow->end - flow->begin));
	if (put <= 0) {
		note_tls(pump, put, flow);
		return false;
	}
	flow->begin += (size_t)put;
	return true;
}

/* Wait until a step can move something.  False on timeout. */
static bool wait_for(struct pump *pump)
{
	struct pollfd sockets[] = {
	    {.fd = pump->tls, .events = pump->tls_wants},
	    {.fd = pump->plain,
		.events = (short)((is_empty(&pump->out) && !pump->out.closed ? POLLIN : 0) |
				  (is_empty(&pump->in) ? 0 : POLLOUT))},
	};
	bool handshaking = SSL_in_init(pump->ssl) && !pump->in.end;

	/* With nothing wanted poll would still report a hang-up, over and over. */
	for (int i = 0; i < 2; i++)
		if (!sockets[i].events)
			sockets[i].fd = -1;
	int ready = poll(sockets, 2, handshaking ? HANDSHAKE_MS : -1);
	return ready > 0 || (ready < 0 && errno == EINTR);
}

static void pump_run(struct pump *pump)
{
	while (!pump->failed && !(pump->out.closed && is_empty(&pump->out))) {
		pump->tls_wants = 0;
		bool moved = read_tls(pump);
		moved |= write_plain(pump);
		moved |= read_plain(pump);
		moved |= write_tls(pump);
		if (pump->in.closed && is_empty(&pump->in))
			shutdown(pump->plain, SHUT_WR);
		if (!moved && !pump->failed && !(pump->out.closed && is_empty(&pump->out)) &&
		    !wait_for(pump))
			return;
	}
}

/* What Go's servers say to a client that speaks HTTP to their TLS port. */
static void answer_plain_http(const struct pump *pump)
{
	static const char text[] = "HTTP/1.0 400 Bad Request\r\n\r\n"
				   "Client sent an HTTP request to an HTTPS server.\n";
	uint32_t code = ERR_peek_error();
	char rest[4096];

	if (ERR_GET_LIB(code) != ERR_LIB_SSL || ERR_GET_REASON(code) != SSL_R_HTTP_REQUEST)
		return;
	send(pump->tls, text, sizeof(text) - 1, MSG_NOSIGNAL);
	/* Closing with bytes unread would reset the connection, and the text might be lost. */
	while (recv(pump->tls, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
}

void tls_pump(SSL_CTX *context, int tls_socket, int plain_socket, struct peer *peer)
{
	struct pump *pump = calloc(1, sizeof(*pump));

	if (!pump)
		return;
	pump->ssl = SSL_new(context);
	pump->tls = tls_socket;
	pump->plain = plain_socket;
	pump->peer = peer;
	if (pump->ssl && SSL_set_fd(pump->ssl, tls_socket)) {
		SSL_set_accept_state(pump->ssl);
		pump_run(pump);
		if (pump->failed)
			answer_plain_http(pump);
		else
			SSL_shutdown(pump->ssl);
	}
	SSL_free(pump->ssl);
	ERR_clear_error();
	OPENSSL_cleanse(pump, sizeof(*pump));
	free(pump);
}
