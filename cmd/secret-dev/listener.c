#include "cmd/secret-dev/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmd/secret-dev/tls_pump.h"
#include "lib/base/log.h"

/* More than any client of ours opens; further ones are turned away. */
#define CONNECTIONS_MAX 256
#define BACKLOG 128
/* A pump keeps its buffers on the heap. */
#define PUMP_STACK ((size_t)256 * 1024)

struct connection {
	struct listener *listener;
	int tls, plain;
	struct peer *peer;
	struct connection *previous, *next;
};

struct listener {
	int socket, stop; /* the second is an eventfd */
	uint16_t port;
	SSL_CTX *context;
	struct http_server *server;
	pthread_t acceptor;
	bool accepting;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	struct connection *connections;
	int count;
};

static bool is_loopback(const struct loopback *loopback)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&loopback->address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&loopback->address;

	if (loopback->address.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

int loopback_parse(const char *text, struct loopback *loopback, struct error *err)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&loopback->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&loopback->address;
	const char *numeric = strcmp(text, "localhost") == 0 ? "127.0.0.1" : text;

	memset(loopback, 0, sizeof(*loopback));
	if (inet_pton(AF_INET, numeric, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		loopback->length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, numeric, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		loopback->length = sizeof(*v6);
	}
	if (!loopback->length || !is_loopback(loopback))
		return error_set(err, ERROR_USAGE,
		    "--listen %s: secret-dev is for development and serves this machine alone: "
		    "give an address in 127.0.0.0/8, ::1 or localhost",
		    text);
	snprintf(loopback->text, sizeof(loopback->text), "%s", numeric);
	return 0;
}

/* The connections in use are chained, so that stopping can reach them. */
static void chain(struct connection *connection)
{
	struct listener *listener = connection->listener;

	pthread_mutex_lock(&listener->lock);
	connection->next = listener->connections;
	if (connection->next)
		connection->next->previous = connection;
	listener->connections = connection;
	listener->count++;
	pthread_mutex_unlock(&listener->lock);
}

/* Closing is part of it: once out of the chain a descriptor's number may be another's. */
static void unchain(struct connection *connection)
{
	struct listener *listener = connection->listener;

	pthread_mutex_lock(&listener->lock);
	if (connection->next)
		connection->next->previous = connection->previous;
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		listener->connections = connection->next;
	close(connection->tls);
	close(connection->plain);
	peer_release(connection->peer);
	free(connection);
	listener->count--;
	pthread_cond_signal(&listener->ended);
	pthread_mutex_unlock(&listener->lock);
}

static void *serve_connection(void *argument)
{
	struct connection *connection = argument;

	tls_pump(
	    connection->listener->context, connection->tls, connection->plain, connection->peer);
	unchain(connection);
	return NULL;
}

/* The thread owns the connection; without one it is closed here. */
static int start_thread(struct connection *connection, struct error *err)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, PUMP_STACK);
	chain(connection);
	errno = pthread_create(&thread, &attributes, serve_connection, connection);
	pthread_attr_destroy(&attributes);
	if (errno == 0)
		return 0;
	unchain(connection);
	return error_system(err, "starting a thread");
}

static struct connection *connection_new(
    struct listener *listener, int tls, int plain, struct error *err)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	struct peer *peer = peer_new(err);

	if (connection && peer) {
		*connection = (struct connection){
		    .listener = listener, .tls = tls, .plain = plain, .peer = peer};
		return connection;
	}
	error_memory(err);
	free(connection);
	peer_release(peer);
	return NULL;
}

/*
 * Give the accepted socket, which it takes over, a pump, and the pump's other end to the HTTP
 * server.
 */
static int open_connection(struct listener *listener, int tls, struct error *err)
{
	int pair[2], on = 1;

	setsockopt(tls, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		close(tls);
		return error_system(err, "socketpair");
	}
	struct connection *connection = connection_new(listener, tls, pair[0], err);
	if (!connection)
		close(pair[1]);
	else if (http_server_add(listener->server, pair[1], connection->peer, err) == 0)
		return start_thread(connection, err);
	else
		peer_release(connection->peer);
	free(connection);
	close(pair[0]);
	close(tls);
	return -1;
}

static bool is_full(struct listener *listener)
{
	pthread_mutex_lock(&listener->lock);
	bool full = listener->count >= CONNECTIONS_MAX;
	pthread_mutex_unlock(&listener->lock);
	return full;
}

static void *accept_connections(void *argument)
{
	struct listener *listener = argument;
	struct pollfd sockets[] = {
	    {.fd = listener->socket, .events = POLLIN}, {.fd = listener->stop, .events = POLLIN}};

	while (poll(sockets, 2, -1) >= 0 || errno == EINTR) {
		struct error err = ERROR_INIT;

		if (sockets[1].revents)
			break;
		int tls = accept4(listener->socket, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (tls < 0)
			continue;
		if (is_full(listener))
			close(tls);
		else if (open_connection(listener, tls, &err) < 0)
			log_write(LOG_ERROR, "a connection: %s", err.message);
	}
	return NULL;
}

static int listen_on(
    struct listener *listener, const struct loopback *loopback, uint16_t port, struct error *err)
{
	struct sockaddr_storage address = loopback->address;
	socklen_t length = loopback->length;
	int on = 1;

	/* sin_port and sin6_port stand at the same place. */
	((struct sockaddr_in *)&address)->sin_port = htons(port);
	listener->socket = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->socket < 0)
		return error_system(err, "socket");
	setsockopt(listener->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener->socket, (struct sockaddr *)&address, length) < 0 ||
	    listen(listener->socket, BACKLOG) < 0 ||
	    getsockname(listener->socket, (struct sockaddr *)&address, &length) < 0)
		return error_system(err, "listening on %s port %u", loopback->text, port);
	listener->port = ntohs(((struct sockaddr_in *)&address)->sin_port);
	return 0;
}

struct listener *listener_start(const struct loopback *loopback, uint16_t port, SSL_CTX *context,
    struct http_server *server, struct error *err)
{
	struct listener *listener = calloc(1, sizeof(*listener));

	if (!listener) {
		error_memory(err);
		return NULL;
	}
	listener->socket = -1;
	listener->context = context;
	listener->server = server;
	pthread_mutex_init(&listener->lock, NULL);
	pthread_cond_init(&listener->ended, NULL);
	listener->stop = eventfd(0, EFD_CLOEXEC);
	if (listener->stop < 0)
		error_system(err, "eventfd");
	else if (listen_on(listener, loopback, port, err) == 0) {
		errno = pthread_create(&listener->acceptor, NULL, accept_connections, listener);
		listener->accepting = errno == 0;
		if (!listener->accepting)
			error_system(err, "starting a thread");
	}
	if (!listener->accepting) {
		listener_stop(listener);
		return NULL;
	}
	return listener;
}

uint16_t listener_port(const struct listener *listener)
{
	return listener->port;
}

void listener_stop(struct listener *listener)
{
	if (!listener)
		return;
	if (listener->accepting) {
		eventfd_write(listener->stop, 1);
		pthread_join(listener->acceptor, NULL);
	}
	pthread_mutex_lock(&listener->lock);
	for (struct connection *one = listener->connections; one; one = one->next) {
		shutdown(one->tls, SHUT_RDWR);
		shutdown(one->plain, SHUT_RDWR);
	}
	while (listener->count)
		pthread_cond_wait(&listener->ended, &listener->lock);
	pthread_mutex_unlock(&listener->lock);
	if (listener->socket >= 0)
		close(listener->socket);
	if (listener->stop >= 0)
		close(listener->stop);
	pthread_cond_destroy(&listener->ended);
	pthread_mutex_destroy(&listener->lock);
	free(listener);
}
