#include "lib/http/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/http/pem.h"
#include "lib/http/proxy.h"
#include "lib/http/url.h"

/* A curl handle while its options are set, with the first failure. */
struct setup {
	CURL *easy;
	CURLcode result;
};

#define SET(setup, option, value)                                                                  \
	((setup)->result = (setup)->result ? (setup)->result                                       \
					   : curl_easy_setopt((setup)->easy, option, value))

/* Append to the response up to its limit.  The beginning of an error response is enough. */
static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct http_request *request = context;
	struct http_exchange *exchange = request->exchange;
	size_t length = size * count, limit = exchange->response.limit;
	long status = 0;

	if (length > limit - exchange->response.length) {
		curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
		request->overflow = status < 300;
		request->enough = !request->overflow;
		length = limit - exchange->response.length;
	}
	if (secret_buffer_append(&exchange->response, bytes, length, &request->failure) < 0)
		return 0;
	return length; /* fewer bytes than `size * count` end the transfer */
}

/* Note the header `mark`, whose value is not read. */
static size_t on_header(char *line, size_t size, size_t count, void *context)
{
	struct http_exchange *exchange = ((struct http_request *)context)->exchange;
	size_t length = size * count, name = strlen(exchange->mark);

	if (length > name && strncasecmp(line, exchange->mark, name) == 0 && line[name] == ':')
		exchange->marked = true;
	return length;
}

/*
 * Prevent libcurl from repeating a request other than GET.  It does so if a kept connection ends
 * without a response, although the server may have carried the request out.  retry.c decides
 * instead.
 */
static int on_request(void *context, char *address, char *local, int port, int local_port)
{
	struct http_request *request = context;

	(void)address, (void)local, (void)port, (void)local_port;
	if (request->sent++ == 0 || strcmp(request->exchange->method, "GET") == 0)
		return CURL_PREREQFUNC_OK;
	return CURL_PREREQFUNC_ABORT;
}

static int set_server_trust(struct setup *setup, struct http_request *request, struct error *err)
{
	const struct http_endpoint *endpoint = request->exchange->endpoint;
	const char *bundle = NULL;

	SET(setup, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/*
	 * libcurl 7.88's session cache frees memory twice after a failed allocation.  It would not
	 * be used, because each request has its own handle and so its own cache.
	 */
	SET(setup, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (endpoint->insecure) {
		SET(setup, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(setup, CURLOPT_SSL_VERIFYHOST, 0L);
	} else if (endpoint->ca_file && !endpoint->ca_pem) {
		if (access(endpoint->ca_file, R_OK) < 0)
			return error_system(
			    err, "%s: CA certificate: %s", endpoint->name, endpoint->ca_file);
	} else if (!endpoint->ca_pem && http_is_https(endpoint->url)) {
		if (endpoint->system_trust)
			bundle = http_bundle_find(endpoint->ignore_environment);
		if (!bundle)
			return error_set(err, ERROR_USAGE,
			    "%s: no CA certificates to verify its TLS; %s", endpoint->name,
			    endpoint->trust_hint ? endpoint->trust_hint : "name a CA file");
	}
	if (setup->result == CURLE_OK)
		setup->result = http_tls_set_up(request, bundle);
	return 0;
}

/* Set a libcurl option to `pem` or to the file's text.  Do nothing if both are NULL. */
static int set_pem(struct setup *setup, CURLoption option, enum http_pem kind, const char *pem,
    const char *path, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (!pem && !path)
		return 0;
	if (http_pem_load(&text, pem, path, kind, err) < 0)
		return -1;
	struct curl_blob blob = {text.data, text.length, CURL_BLOB_COPY};
	SET(setup, option, &blob);
	return 0;
}

static int set_client_identity(
    struct setup *setup, const struct http_endpoint *endpoint, struct error *err)
{
	if (set_pem(setup, CURLOPT_SSLCERT_BLOB, HTTP_PEM_CERTIFICATE, endpoint->certificate_pem,
		endpoint->certificate_file, err) < 0)
		return error_wrap(err, "%s: client certificate", endpoint->name);
	if (set_pem(setup, CURLOPT_SSLKEY_BLOB, HTTP_PEM_KEY,
		endpoint->key_pem.length ? endpoint->key_pem.data : NULL, endpoint->key_file,
		err) < 0)
		return error_wrap(err, "%s: client key", endpoint->name);
	return 0;
}

static int append_header(struct http_request *request, const char *line, struct error *err)
{
	/* libcurl does not check for a line break, which would start another header. */
	if (strpbrk(line, "\r\n"))
		return error_set(err, ERROR_INVALID, "%s: line break in a request header",
		    request->exchange->endpoint->name);
	struct curl_slist *grown = curl_slist_append(request->headers, line);
	if (!grown)
		return error_memory(err);
	request->headers = grown;
	return 0;
}

/* Add the endpoint's User-Agent.  A proxy gets CURLOPT_USERAGENT with CONNECT instead. */
static int add_user_agent(struct http_request *request, struct error *err)
{
	const char *user_agent = request->exchange->endpoint->user_agent;

	if (!user_agent)
		return 0;
	cleanup_free char *line = string_format(err, "User-Agent: %s", user_agent);
	return line ? append_header(request, line, err) : -1;
}

static int append_headers(
    struct http_request *request, const struct strings *lines, struct error *err)
{
	for (size_t i = 0; lines && i < lines->count; i++)
		if (append_header(request, lines->items[i], err) < 0)
			return -1;
	return 0;
}

static int add_headers(struct http_request *request, struct error *err)
{
	const struct http_exchange *exchange = request->exchange;
	char line[128];

	snprintf(line, sizeof(line), "Accept: %s",
	    exchange->accept ? exchange->accept : "application/json");
	if (append_header(request, line, err) < 0 || append_header(request, "Expect:", err) < 0 ||
	    add_user_agent(request, err) < 0)
		return -1;
	snprintf(line, sizeof(line), "Content-Type: %s",
	    exchange->content_type ? exchange->content_type : "");
	if (append_header(request, line, err) < 0)
		return -1;
	if (exchange->credential.length &&
	    append_header(request, exchange->credential.data, err) < 0)
		return -1;
	if (append_headers(request, exchange->headers, err) < 0)
		return -1;
	return append_headers(request, &exchange->endpoint->headers, err);
}

/*
 * Set `text` to the URL of the exchange's path below `base`, on `host`.  Parse it again to check
 * that no value in it leads to another server.
 */
static int make_url(const struct http_request *request, const char *base,
    const struct http_url *server, const char *host, struct secret_buffer *text, struct error *err)
{
	struct http_url wanted = *server, made;

	if (secret_buffer_append_format(text, err, "%s://%s:%s%s", server->scheme, host,
		server->port, http_url_prefix(base)) < 0 ||
	    secret_buffer_append_string(text, secret_buffer_string(&request->exchange->path), err) <
		0 ||
	    http_url_parse(&made, text->data, err) < 0)
		return -1;
	wanted.host = (char *)(uintptr_t)host;
	bool same = http_url_same_server(&made, &wanted);
	http_url_free(&made);
	return same ? 0
		    : error_set(err, ERROR_USAGE, "%s: the request's URL names another server",
			  request->exchange->endpoint->name);
}

/*
 * Direct the connection and the Host header to the real host.  libcurl checks the certificate
 * against the URL's host, so the URL contains `name` if another name must be checked.
 */
static int set_route(struct http_request *request, const struct http_url *server, const char *name,
    struct error *err)
{
	cleanup_free char *route =
	    string_format(err, "%s:%s:%s:%s", name, server->port, server->host, server->port);
	cleanup_free char *header = string_format(err, "Host: %s:%s", server->host, server->port);

	if (!route || !header || append_header(request, header, err) < 0)
		return -1;
	request->connect_to = curl_slist_append(NULL, route);
	return request->connect_to ? 0 : error_memory(err);
}

/* Set the proxy for the server's host, because libcurl would match NO_PROXY with the TLS name. */
static int set_request_proxy(struct setup *setup, struct http_request *request,
    const struct http_url *server, struct error *err)
{
	const struct http_endpoint *endpoint = request->exchange->endpoint;
	cleanup_secret struct secret_buffer proxy = SECRET_BUFFER_INIT;

	if (endpoint->proxy) {
		if (secret_buffer_append_string(&proxy, endpoint->proxy, err) < 0)
			return -1;
	} else if (endpoint->proxy_from_environment &&
		   http_proxy_from_environment(&proxy, server, err) < 0) {
		return -1;
	}
	request->proxied = proxy.length > 0;
	SET(setup, CURLOPT_PROXY, secret_buffer_string(&proxy));
	SET(setup, CURLOPT_NOPROXY, "");
	return 0;
}

/* Set the URL, its route and proxy, and the headers. */
static int set_target(struct setup *setup, struct http_request *request, const char *base,
    const struct http_url *server, struct error *err)
{
	cleanup_secret struct secret_buffer url = SECRET_BUFFER_INIT;
	const struct http_endpoint *endpoint = request->exchange->endpoint;
	cleanup_free char *name = NULL;

	curl_slist_free_all(request->headers);
	curl_slist_free_all(request->connect_to);
	request->headers = request->connect_to = NULL;
	if (add_headers(request, err) < 0)
		return -1;
	if (endpoint->tls_server_name && http_is_https(base) &&
	    (!(name = http_bracketed(endpoint->tls_server_name, err)) ||
		set_route(request, server, name, err) < 0))
		return -1;
	if (make_url(request, base, server, name ? name : server->host, &url, err) < 0)
		return -1;
	if (set_request_proxy(setup, request, server, err) < 0)
		return -1;
	SET(setup, CURLOPT_URL, url.data);
	SET(setup, CURLOPT_CONNECT_TO, request->connect_to);
	SET(setup, CURLOPT_HTTPHEADER, request->headers);
	return 0;
}

static void set_method(struct setup *setup, const struct http_exchange *exchange)
{
	if (strcmp(exchange->method, "GET") == 0) {
		SET(setup, CURLOPT_HTTPGET, 1L);
		return;
	}
	SET(setup, CURLOPT_POST, 1L);
	SET(setup, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.length);
	SET(setup, CURLOPT_POSTFIELDS, secret_buffer_string(&exchange->body));
	if (strcmp(exchange->method, "POST") != 0)
		SET(setup, CURLOPT_CUSTOMREQUEST, exchange->method);
}

static void set_transport(struct setup *setup, struct http_request *request)
{
	const struct http_endpoint *endpoint = request->exchange->endpoint;

	SET(setup, CURLOPT_PRIVATE, request);
	SET(setup, CURLOPT_ERRORBUFFER, request->reason);
	SET(setup, CURLOPT_WRITEFUNCTION, on_body);
	SET(setup, CURLOPT_WRITEDATA, request);
	if (request->exchange->mark) {
		SET(setup, CURLOPT_HEADERFUNCTION, on_header);
		SET(setup, CURLOPT_HEADERDATA, request);
	}
	SET(setup, CURLOPT_PREREQFUNCTION, on_request);
	SET(setup, CURLOPT_PREREQDATA, request);
	/* A kept connection may end while the request is sent. */
	SET(setup, CURLOPT_FRESH_CONNECT, (long)request->exchange->once);
	SET(setup, CURLOPT_NOSIGNAL, 1L);
	SET(setup, CURLOPT_FOLLOWLOCATION, 0L);
	SET(setup, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(setup, CURLOPT_USERAGENT, "secretmanager");
	SET(setup, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L); /* in a redirect */
	SET(setup, CURLOPT_CONNECTTIMEOUT_MS, (long)endpoint->connect_timeout_ms);
}

int http_request_set_target(struct http_request *request, struct error *err)
{
	const struct http_endpoint *endpoint = request->exchange->endpoint;
	const char *base = request->active ? request->active : endpoint->url;
	struct setup setup = {request->easy, CURLE_OK};
	struct http_url server;

	if (http_url_parse(&server, base, err) < 0)
		return error_wrap(err, "%s address", endpoint->name);
	int result = set_target(&setup, request, base, &server, err);
	http_url_free(&server);
	if (result == 0 && setup.result != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "%s: libcurl: %s", endpoint->name,
		    curl_easy_strerror(setup.result));
	return result;
}

static int set_options(struct http_request *request, struct error *err)
{
	struct setup setup = {request->easy, CURLE_OK};

	if (http_request_set_target(request, err) < 0)
		return -1;
	set_method(&setup, request->exchange);
	set_transport(&setup, request);
	if (set_server_trust(&setup, request, err) < 0)
		return -1;
	if (set_client_identity(&setup, request->exchange->endpoint, err) < 0)
		return -1;
	if (setup.result != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "%s: libcurl: %s",
		    request->exchange->endpoint->name, curl_easy_strerror(setup.result));
	return 0;
}

struct http_request *http_request_new(struct http_exchange *exchange, struct error *err)
{
	struct http_request *request = calloc(1, sizeof(*request));

	if (!request) {
		error_memory(err);
		return NULL;
	}
	request->exchange = exchange;
	request->started_ms = clock_now_ms();
	request->easy = curl_easy_init();
	if (!request->easy) {
		error_memory(err);
		http_request_free(request);
		return NULL;
	}
	if (set_options(request, err) < 0) {
		http_request_free(request);
		return NULL;
	}
	return request;
}

void http_request_free(struct http_request *request)
{
	if (!request)
		return;
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->headers);
	curl_slist_free_all(request->connect_to);
	free(request->active);
	free(request);
}

/* Return to the endpoint's server, because another node may be active now. */
static int leave_active_node(struct http_request *request, struct error *err)
{
	free(request->active);
	request->active = NULL;
	return http_request_set_target(request, err);
}

int http_request_prepare(struct http_request *request, int64_t deadline_ms, struct error *err)
{
	struct http_exchange *exchange = request->exchange;
	int64_t allowed = exchange->endpoint->request_timeout_ms;

	if (request->retry_at_ms && request->active && leave_active_node(request, err) < 0)
		return -1;
	if (deadline_ms) {
		int64_t left = deadline_ms - clock_now_ms();
		if (left < allowed)
			allowed = left > 0 ? left : 1;
	}
	curl_easy_setopt(request->easy, CURLOPT_TIMEOUT_MS, (long)allowed);
	secret_buffer_reset(&exchange->response);
	exchange->response.limit =
	    exchange->response_limit ? exchange->response_limit : HTTP_RESPONSE_SMALL;
	exchange->status = 0;
	exchange->marked = false;
	error_clear(&exchange->error);
	error_clear(&request->failure);
	request->overflow = request->enough = false;
	request->sent = 0;
	request->reason[0] = '\0';
	request->retry_at_ms = 0;
	return 0;
}
