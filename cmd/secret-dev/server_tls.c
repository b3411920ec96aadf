/* server_tls: one TLS connection: the handshake, then bytes to and from libmicrohttpd. */
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

/* Four TLS records, so that large bodies need few system calls. */
#define PUMP_BYTES ((size_t)64 * 1024)
/* A client that sends nothing for this time during the handshake is disconnected. */
#define HANDSHAKE_SECONDS 10
/* A client that does not read its responses for this time is disconnected. */
#define STALL_MS 10000

struct pump {
	SSL *ssl;
	int tls, plain;
	bool tls_ended; /* the client sends no more */
	char bytes[PUMP_BYTES];
};

/* Wait until the descriptor accepts bytes.  Return false if it stalls, or the client is gone. */
static bool wait_to_write(const struct pump *pump, int fd)
{
	struct pollfd sockets[] = {{.fd = fd, .events = POLLOUT}, {.fd = pump->tls}};

	return poll(sockets, 2, STALL_MS) > 0 && (sockets[0].revents & POLLOUT);
}

/* Write the pump's bytes to libmicrohttpd. */
static bool write_plain(const struct pump *pump, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t put = send(pump->plain, pump->bytes + done, length - done, MSG_NOSIGNAL);

		if (put >= 0)
			done += (size_t)put;
		else if (errno == EPIPE || errno == ECONNRESET)
			return true; /* not read; but a response follows */
		else if (errno != EINTR && (errno != EAGAIN || !wait_to_write(pump, pump->plain)))
			return false;
	}
	return true;
}

/* Write the pump's bytes to the client. */
static bool write_tls(const struct pump *pump, size_t length)
{
	for (size_t done = 0; done < length;) {
		int put = SSL_write(pump->ssl, pump->bytes + done, (int)(length - done));

		if (put > 0)
			done += (size_t)put;
		else if (SSL_get_error(pump->ssl, put) != SSL_ERROR_WANT_WRITE ||
			 !wait_to_write(pump, pump->tls))
			return false;
	}
	return true;
}

/* Copy bytes from the client.  Return false if the connection has failed. */
static bool move_in(struct pump *pump)
{
	int got = SSL_read(pump->ssl, pump->bytes, sizeof(pump->bytes));

	if (got > 0)
		return write_plain(pump, (size_t)got);
	switch (SSL_get_error(pump->ssl, got)) {
	case SSL_ERROR_WANT_READ:
		return true;
	case SSL_ERROR_ZERO_RETURN:
		pump->tls_ended = true;
		return shutdown(pump->plain, SHUT_WR) == 0 || errno == ENOTCONN;
	default:
		return false;
	}
}

/* Copy bytes from libmicrohttpd.  Return false if the connection has ended or failed. */
static bool move_out(struct pump *pump)
{
	ssize_t got = read(pump->plain, pump->bytes, sizeof(pump->bytes));

	if (got > 0)
		return write_tls(pump, (size_t)got);
	if (got == 0)
		SSL_shutdown(pump->ssl);
	return got < 0 && (errno == EAGAIN || errno == EINTR);
}

static void pump_run(struct pump *pump)
{
	bool open = true;

	while (open) {
		struct pollfd sockets[] = {
		    {.fd = pump->tls_ended ? -1 : pump->tls, .events = POLLIN},
		    {.fd = pump->plain, .events = POLLIN}};

		if (SSL_pending(pump->ssl) == 0)
			poll(sockets, 2, -1);
		open = (pump->tls_ended || move_in(pump)) && move_out(pump);
	}
}

/* Connect libmicrohttpd to the client, after the handshake. */
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

/* Answer a client that sends HTTP to this HTTPS port, like servers in Go. */
static void answer_plain_http(int socket)
{
	static const char text[] = "HTTP/1.0 400 Bad Request\r\n\r\n"
				   "Client sent an HTTP request to an HTTPS server.\n";
	uint32_t code = ERR_peek_error();
	char rest[4096];

	if (ERR_GET_LIB(code) != ERR_LIB_SSL || ERR_GET_REASON(code) != SSL_R_HTTP_REQUEST)
		return;
	send(socket, text, sizeof(text) - 1, MSG_NOSIGNAL);
	/*
	 * Read the rest.  Closing with unread bytes resets the connection, and may lose the text.
	 */
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
