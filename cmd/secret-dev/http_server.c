#include "cmd/secret-dev/http_server.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"

/* A connection's read buffer: large bodies come in as few pieces. */
#define CONNECTION_MEMORY ((size_t)256 * 1024)
/* As Go's servers, which both real ones are, end an idle connection. */
#define IDLE_SECONDS 120U

/* libmicrohttpd keeps a copy of a connection's address: what more we know travels with it. */
struct peer_address {
	struct sockaddr_in address; /* the pumps all come from this machine */
	struct peer *peer;
};

struct http_server {
	struct MHD_Daemon *daemon;
	http_serve serve;
	void *context;
	size_t body_max;
};

static enum method method_of(const char *name)
{
	static const struct {
		const char *name;
		enum method method;
	} methods[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_GET}, {"LIST", METHOD_LIST},
	    {"POST", METHOD_POST}, {"PUT", METHOD_PUT}, {"PATCH", METHOD_PATCH},
	    {"DELETE", METHOD_DELETE}};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	return METHOD_OTHER;
}

const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *request_query(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *known =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct peer_address address;

	memcpy(&address, known->client_addr, sizeof(address));
	return address.peer;
}

static void connection_notified(void *context, struct MHD_Connection *connection, void **slot,
    enum MHD_ConnectionNotificationCode code)
{
	(void)context;
	(void)slot;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		peer_release(peer_of(connection));
}

static void request_free(struct request *request)
{
	secret_buffer_free(&request->body);
	free(request);
}

/* The first call for a request: no body yet. */
static enum MHD_Result begin(struct MHD_Connection *connection, void **slot)
{
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return MHD_NO;
	request->connection = connection;
	request->peer = peer_of(connection);
	*slot = request;
	return MHD_YES;
}

/* A body over the limit is read to its end all the same, so that the client hears the answer. */
static void receive(
    const struct http_server *server, struct request *request, const char *bytes, size_t length)
{
	struct error err = ERROR_INIT;

	if (request->too_large || length > server->body_max - request->body.length ||
	    secret_buffer_append(&request->body, bytes, length, &err) < 0) {
		request->too_large = true;
		secret_buffer_free(&request->body);
	}
}

static void free_body(void *body)
{
	secret_buffer_free(body);
	free(body);
}

static struct MHD_Response *response_new(struct answer *answer)
{
	struct secret_buffer *body = calloc(1, sizeof(*body));
	struct MHD_Response *response;

	if (!body)
		return NULL;
	secret_buffer_move(body, &answer->body);
	response = MHD_create_response_from_buffer_with_free_callback_cls(
	    body->length, body->data ? body->data : "", free_body, body);
	if (!response) {
		free_body(body);
		return NULL;
	}
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (answer->status != MHD_HTTP_NO_CONTENT)
		MHD_add_response_header(response, "Content-Type",
		    answer->content_type ? answer->content_type : "application/json");
	return response;
}

static enum MHD_Result respond(const struct http_server *server, const struct request *request)
{
	struct answer answer = {.status = MHD_HTTP_OK};
	struct error err = ERROR_INIT;

	if (server->serve(server->context, request, &answer, &err) < 0) {
		log_write(LOG_ERROR, "%s: %s", request->path, err.message);
		secret_buffer_free(&answer.body);
		answer.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	struct MHD_Response *response = response_new(&answer);
	secret_buffer_free(&answer.body);
	if (!response)
		return MHD_NO;
	enum MHD_Result result = MHD_queue_response(request->connection, answer.status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *bytes, size_t *length, void **slot)
{
	struct request *request = *slot;

	(void)version;
	if (!request)
		return begin(connection, slot);
	if (*length) {
		receive(context, request, bytes, *length);
		*length = 0;
		return MHD_YES;
	}
	request->method = method_of(method);
	request->path = path;
	return respond(context, request);
}

static void completed(void *context, struct MHD_Connection *connection, void **slot,
    enum MHD_RequestTerminationCode code)
{
	(void)context;
	(void)connection;
	(void)code;
	if (*slot)
		request_free(*slot);
	*slot = NULL;
}

struct http_server *http_server_start(
    http_serve serve, void *context, size_t body_max, struct error *err)
{
	struct http_server *server = calloc(1, sizeof(*server));

	if (!server) {
		error_memory(err);
		return NULL;
	}
	server->serve = serve;
	server->context = context;
	server->body_max = body_max;
	server->daemon =
	    MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC,
		0, NULL, NULL, handle, server, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, connection_notified, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);
	if (!server->daemon) {
		error_system(err, "starting libmicrohttpd");
		free(server);
		return NULL;
	}
	return server;
}

int http_server_add(struct http_server *server, int socket, struct peer *peer, struct error *err)
{
	struct peer_address address = {
	    {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, peer_hold(peer)};

	if (MHD_add_connection(
		server->daemon, socket, (struct sockaddr *)&address, sizeof(address)) == MHD_YES)
		return 0;
	error_system(err, "handing a connection to libmicrohttpd");
	peer_release(peer);
	return -1;
}

void http_server_stop(struct http_server *server)
{
	if (!server)
		return;
	MHD_stop_daemon(server->daemon);
	free(server);
}
