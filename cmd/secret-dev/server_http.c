/* server_http: requests and responses with libmicrohttpd. */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cmd/secret-dev/server.h"
#include "lib/base/log.h"

/* The read buffer of a connection.  It is large, so that large bodies arrive in few pieces. */
#define CONNECTION_MEMORY ((size_t)256 * 1024)
/* Servers in Go, like Vault and the API server, close idle connections after this time. */
#define IDLE_SECONDS 120U

/* libmicrohttpd copies a connection's address, so the address also contains the certificate. */
struct peer_address {
	struct sockaddr_in address; /* always 127.0.0.1 */
	X509 *certificate;	    /* a reference; NULL: none */
};

static X509 *peer_certificate(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *known =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct peer_address address;

	memcpy(&address, known->client_addr, sizeof(address));
	return address.certificate;
}

static void connection_notified(void *context, struct MHD_Connection *connection, void **slot,
    enum MHD_ConnectionNotificationCode code)
{
	(void)context;
	(void)slot;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		X509_free(peer_certificate(connection));
}

const char *server_request_header(const struct server_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct header_visit {
	const char *prefix;
	bool (*visit)(void *context, const char *value);
	void *context;
};

static enum MHD_Result visit_header(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	const struct header_visit *visit = context;

	(void)kind;
	if (strncasecmp(name, visit->prefix, strlen(visit->prefix)) != 0)
		return MHD_YES;
	return visit->visit(visit->context, value ? value : "") ? MHD_YES : MHD_NO;
}

void server_request_headers(const struct server_request *request, const char *prefix,
    bool (*visit)(void *context, const char *value), void *context)
{
	struct header_visit headers = {prefix, visit, context};

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, visit_header, &headers);
}

const char *server_request_query(const struct server_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *server_request_token(const struct server_request *request)
{
	static const char scheme[] = "Bearer ";
	const char *authorization = server_request_header(request, "Authorization");

	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return NULL;
	return authorization + strlen(scheme);
}

static enum server_method method_of(const char *name)
{
	static const struct {
		const char *name;
		enum server_method method;
	} methods[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_GET}, {"LIST", METHOD_LIST},
	    {"POST", METHOD_POST}, {"PUT", METHOD_PUT}, {"PATCH", METHOD_PATCH},
	    {"DELETE", METHOD_DELETE}};

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	return METHOD_OTHER;
}

/* Begin a request at its first callback, which has no part of the body. */
static enum MHD_Result request_begin(struct MHD_Connection *connection, void **slot)
{
	struct server_request *request = calloc(1, sizeof(*request));

	if (!request)
		return MHD_NO;
	request->connection = connection;
	request->certificate = peer_certificate(connection);
	*slot = request;
	return MHD_YES;
}

/*
 * Append to the body.  A body over the limit is dropped, but read to its end, so that the client
 * can read the response.
 */
static void request_receive(
    struct server_request *request, size_t body_max, const char *bytes, size_t length)
{
	struct error err = ERROR_INIT;

	if (request->too_large || length > body_max - request->body.length ||
	    secret_buffer_append(&request->body, bytes, length, &err) < 0) {
		request->too_large = true;
		secret_buffer_free(&request->body);
	}
}

static void request_completed(void *context, struct MHD_Connection *connection, void **slot,
    enum MHD_RequestTerminationCode code)
{
	struct server_request *request = *slot;

	(void)context;
	(void)connection;
	(void)code;
	if (request)
		secret_buffer_free(&request->body);
	free(request);
	*slot = NULL;
}

static void free_body(void *body)
{
	secret_buffer_free(body);
	free(body);
}

static struct MHD_Response *response_new(struct server_answer *answer)
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
	if (answer->mark)
		MHD_add_response_header(response, answer->mark, "true");
	if (answer->status != MHD_HTTP_NO_CONTENT)
		MHD_add_response_header(response, "Content-Type",
		    answer->content_type ? answer->content_type : "application/json");
	return response;
}

static enum MHD_Result respond(
    const struct server_settings *settings, const struct server_request *request)
{
	struct server_answer answer = {.status = MHD_HTTP_OK};
	struct error err = ERROR_INIT;

	if (settings->handler(settings->context, request, &answer, &err) < 0) {
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
	const struct server_settings *settings = context;
	struct server_request *request = *slot;

	(void)version;
	if (!request)
		return request_begin(connection, slot);
	if (*length) {
		request_receive(request, settings->body_max, bytes, *length);
		*length = 0;
		return MHD_YES;
	}
	request->method = method_of(method);
	request->path = path;
	return respond(settings, request);
}

struct MHD_Daemon *server_http_start(const struct server_settings *settings, struct error *err)
{
	unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC;
	struct MHD_Daemon *daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, (void *)settings,
	    MHD_OPTION_NOTIFY_COMPLETED, request_completed, NULL, MHD_OPTION_NOTIFY_CONNECTION,
	    connection_notified, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
	    MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS, MHD_OPTION_END);

	if (!daemon)
		error_system(err, "starting libmicrohttpd");
	return daemon;
}

int server_http_add(struct MHD_Daemon *daemon, int socket, X509 *certificate, struct error *err)
{
	struct peer_address address = {
	    {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, certificate};

	if (MHD_add_connection(daemon, socket, (struct sockaddr *)&address, sizeof(address)) ==
	    MHD_YES)
		return 0;
	error_system(err, "handing a connection to libmicrohttpd");
	X509_free(certificate);
	return -1;
}
