#include "cmd/secret-dev/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cmd/secret-dev/certificate.h"
#include "lib/base/log.h"

/* More than any client opens.  Further connections are closed. */
#define CONNECTIONS_MAX 256
#define BACKLOG 128
/* Small, because the buffers of a connection are on the heap. */
#define CONNECTION_STACK ((size_t)256 * 1024)

struct server_connection {
	struct server *server;
	int socket; /* -1: free */
};

struct server {
	struct server_settings settings;
	struct secret_buffer ca_pem;
	SSL_CTX *context;
	struct MHD_Daemon *daemon;
	int socket, stop; /* stop is an eventfd */
	uint16_t port;
	pthread_t acceptor;
	bool accepting;
	pthread_mutex_t lock; /* protects the connections */
	pthread_cond_t closed;
	struct server_connection connections[CONNECTIONS_MAX];
	int count; /* of connections in use */
};

/* -- loopback addresses ----------------------------------------------------------------------- */

static bool is_loopback(const struct server_loopback *loopback)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&loopback->address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&loopback->address;

	if (loopback->address.ss_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

int server_loopback_parse(const char *text, struct server_loopback *loopback, struct error *err)
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
		    "--listen %s: not a loopback address; use one in 127.0.0.0/8, ::1 or localhost",
		    text);
	snprintf(loopback->text, sizeof(loopback->text), "%s", numeric);
	return 0;
}

/* -- connections ------------------------------------------------------------------------------ */

/* Store the socket in a free connection.  Return NULL if none is free. */
static struct server_connection *connection_take(struct server *server, int socket)
{
	struct server_connection *connection = server->connections;

	pthread_mutex_lock(&server->lock);
	if (server->count == CONNECTIONS_MAX) {
		connection = NULL;
	} else {
		while (connection->socket >= 0)
			connection++;
		*connection = (struct server_connection){server, socket};
		server->count++;
	}
	pthread_mutex_unlock(&server->lock);
	return connection;
}

/* Close under the lock, so that server_stop does not shut down a reused descriptor. */
static void connection_close(struct server_connection *connection)
{
	struct server *server = connection->server;

	pthread_mutex_lock(&server->lock);
	close(connection->socket);
	connection->socket = -1;
	server->count--;
	pthread_cond_signal(&server->closed);
	pthread_mutex_unlock(&server->lock);
}

static void *connection_run(void *argument)
{
	struct server_connection *connection = argument;

	server_tls_serve(
	    connection->server->context, connection->server->daemon, connection->socket);
	connection_close(connection);
	return NULL;
}

/* Serve the accepted socket in a thread.  Takes ownership of the socket. */
static void connection_open(struct server *server, int socket)
{
	struct server_connection *connection = connection_take(server, socket);
	pthread_attr_t attributes;
	pthread_t thread;

	if (!connection) {
		close(socket);
		return;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, CONNECTION_STACK);
	errno = pthread_create(&thread, &attributes, connection_run, connection);
	pthread_attr_destroy(&attributes);
	if (errno) {
		log_write(LOG_ERROR, "accepting a connection: %s", strerror(errno));
		connection_close(connection);
	}
}

static void *accept_connections(void *argument)
{
	struct server *server = argument;
	struct pollfd sockets[] = {
	    {.fd = server->socket, .events = POLLIN}, {.fd = server->stop, .events = POLLIN}};

	while (poll(sockets, 2, -1) >= 0 || errno == EINTR) {
		if (sockets[1].revents)
			break;
		int socket = accept4(server->socket, NULL, NULL, SOCK_CLOEXEC);
		if (socket >= 0)
			connection_open(server, socket);
	}
	return NULL;
}

/* -- the server ------------------------------------------------------------------------------- */

static int server_listen(struct server *server, struct error *err)
{
	const struct server_loopback *loopback = &server->settings.loopback;
	struct sockaddr_storage address = loopback->address;
	socklen_t length = loopback->length;
	int on = 1;

	/* sin_port and sin6_port are at the same offset. */
	((struct sockaddr_in *)&address)->sin_port = htons(server->settings.port);
	server->socket = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (server->socket < 0)
		return error_system(err, "socket");
	setsockopt(server->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server->socket, (struct sockaddr *)&address, length) < 0 ||
	    listen(server->socket, BACKLOG) < 0 ||
	    getsockname(server->socket, (struct sockaddr *)&address, &length) < 0)
		return error_system(
		    err, "listening on %s port %u", loopback->text, server->settings.port);
	server->port = ntohs(((struct sockaddr_in *)&address)->sin_port);
	return 0;
}

static int server_open(struct server *server, struct error *err)
{
	server->context = certificate_server_context(
	    server->settings.authority, server->settings.loopback.text, &server->ca_pem, err);
	if (!server->context)
		return -1;
	server->daemon = server_http_start(&server->settings, err);
	if (!server->daemon)
		return -1;
	server->stop = eventfd(0, EFD_CLOEXEC);
	if (server->stop < 0)
		return error_system(err, "eventfd");
	if (server_listen(server, err) < 0)
		return -1;
	errno = pthread_create(&server->acceptor, NULL, accept_connections, server);
	server->accepting = errno == 0;
	return server->accepting ? 0 : error_system(err, "starting a thread");
}

struct server *server_start(const struct server_settings *settings, struct error *err)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		error_memory(err);
		return NULL;
	}
	server->settings = *settings;
	server->socket = server->stop = -1;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		server->connections[i].socket = -1;
	pthread_mutex_init(&server->lock, NULL);
	pthread_cond_init(&server->closed, NULL);
	if (server_open(server, err) == 0)
		return server;
	server_stop(server);
	return NULL;
}

static void close_connections(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		if (server->connections[i].socket >= 0)
			shutdown(server->connections[i].socket, SHUT_RDWR);
	while (server->count)
		pthread_cond_wait(&server->closed, &server->lock);
	pthread_mutex_unlock(&server->lock);
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	if (server->accepting) {
		eventfd_write(server->stop, 1);
		pthread_join(server->acceptor, NULL);
	}
	close_connections(server);
	if (server->socket >= 0)
		close(server->socket);
	if (server->stop >= 0)
		close(server->stop);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	SSL_CTX_free(server->context);
	secret_buffer_free(&server->ca_pem);
	pthread_cond_destroy(&server->closed);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

uint16_t server_port(const struct server *server)
{
	return server->port;
}

int server_append_url(const struct server *server, struct secret_buffer *out, struct error *err)
{
	const struct server_loopback *loopback = &server->settings.loopback;
	bool v6 = loopback->address.ss_family == AF_INET6;

	return secret_buffer_append_format(out, err, v6 ? "https://[%s]:%u" : "https://%s:%u",
	    loopback->text, (unsigned int)server->port);
}

const struct secret_buffer *server_ca_pem(const struct server *server)
{
	return &server->ca_pem;
}
