#include "lib/http/attempt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/http/bundle.h"
#include "lib/http/pem.h"
#include "lib/http/proxy.h"
#include "lib/http/tls.h"
#include "lib/http/url.h"

/* A curl handle being filled: the first option that fails sticks. */
struct setup {
	CURL *easy;
	CURLcode result;
};

#define SET(setup, option, value)                                                                  \
	((setup)->result = (setup)->result ? (setup)->result                                       \
					   : curl_easy_setopt((setup)->easy, option, value))

bool http_is_https(const char *url)
{
	return strncmp(url, "https://", strlen("https://")) == 0;
}

/* Keep what arrives, up to the limit.  Of an error page the beginning is enough: so it ends there.
 */
static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct http_attempt *attempt = context;
	struct http_exchange *exchange = attempt->exchange;
	size_t length = size * count, limit = exchange->response.limit;
	long status = 0;

	if (length > limit - exchange->response.length) {
		curl_easy_getinfo(attempt->easy, CURLINFO_RESPONSE_CODE, &status);
		attempt->overflow = status < 300;
		attempt->enough = !attempt->overflow;
		length = limit - exchange->response.length;
	}
	if (secret_buffer_append(&exchange->response, bytes, length, &attempt->failure) < 0)
		return 0;
	return length; /* less than there is ends the transfer */
}

/*
 * libcurl repeats a request when a kept connection ends without an answer, though the server may
 * have carried it out.  Stop that for all that may change something: only verdict.c tries again.
 */
static int on_request(void *context, char *address, char *local, int port, int local_port)
{
	struct http_attempt *attempt = context;

	(void)address, (void)local, (void)port, (void)local_port;
	if (attempt->sent++ == 0 || strcmp(attempt->exchange->method, "GET") == 0)
		return CURL_PREREQFUNC_OK;
	return CURL_PREREQFUNC_ABORT;
}

static int set_trust(struct setup *setup, struct http_attempt *attempt, struct error *err)
{
	const struct http_endpoint *endpoint = attempt->exchange->endpoint;
	const char *bundle = NULL;

	SET(setup, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* libcurl 7.88's cache of sessions frees twice after an allocation that fails, and each
	 * request has a handle, and so a cache, of its own. */
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
			    "%s: no CA certificates to verify its TLS: %s", endpoint->name,
			    endpoint->trust_hint ? endpoint->trust_hint : "name a CA file");
	}
	if (setup->result == CURLE_OK)
		setup->result = http_tls_set_up(attempt, bundle);
	return 0;
}

/* Take the file's text, or `pem`, as an option of libcurl's; neither: nothing. */
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

static int set_client_certificate(
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

static int append_header(struct http_attempt *attempt, const char *line, struct error *err)
{
	/* libcurl sends it as it is: a line break would start another header. */
	if (strpbrk(line, "\r\n"))
		return error_set(err, ERROR_INVALID, "%s: a header to send holds a line break",
		    attempt->exchange->endpoint->name);
	struct curl_slist *grown = curl_slist_append(attempt->headers, line);
	if (!grown)
		return error_memory(err);
	attempt->headers = grown;
	return 0;
}

static int add_headers(struct http_attempt *attempt, struct error *err)
{
	const struct http_exchange *exchange = attempt->exchange;
	const struct strings *shared = &exchange->endpoint->headers;
	char line[128];

	snprintf(line, sizeof(line), "Accept: %s",
	    exchange->accept ? exchange->accept : "application/json");
	if (append_header(attempt, line, err) < 0 || append_header(attempt, "Expect:", err) < 0)
		return -1;
	snprintf(line, sizeof(line), "Content-Type: %s",
	    exchange->content_type ? exchange->content_type : "");
	if (append_header(attempt, line, err) < 0)
		return -1;
	if (exchange->credential.length &&
	    append_header(attempt, exchange->credential.data, err) < 0)
		return -1;
	for (size_t i = 0; i < shared->count; i++)
		if (append_header(attempt, shared->items[i], err) < 0)
			return -1;
	return 0;
}

/*
 * Fill `text` with the URL at which libcurl finds the exchange's path below `base`, on `host`.
 * It is read back, so that no value in it leads to another server.
 */
static int make_url(const struct http_attempt *attempt, const char *base,
    const struct http_url *server, const char *host, struct secret_buffer *text, struct error *err)
{
	struct http_url wanted = *server, made;

	if (secret_buffer_append_format(text, err, "%s://%s:%s%s", server->scheme, host,
		server->port, http_url_prefix(base)) < 0 ||
	    secret_buffer_append_string(text, secret_buffer_string(&attempt->exchange->path), err) <
		0 ||
	    http_url_parse(&made, text->data, err) < 0)
		return -1;
	wanted.host = (char *)(uintptr_t)host;
	bool same = http_url_same_server(&made, &wanted);
	http_url_free(&made);
	return same ? 0
		    : error_set(err, ERROR_USAGE, "%s: the request's URL names another server",
			  attempt->exchange->endpoint->name);
}

/*
 * libcurl checks the certificate against the URL's host.  For another name the URL carries that
 * name, and CONNECT_TO leads it to the real host; the Host header stays the real one.
 */
static int set_route(struct http_attempt *attempt, const struct http_url *server, const char *name,
    struct error *err)
{
	cleanup_free char *route =
	    string_format(err, "%s:%s:%s:%s", name, server->port, server->host, server->port);
	cleanup_free char *header = string_format(err, "Host: %s:%s", server->host, server->port);

	if (!route || !header || append_header(attempt, header, err) < 0)
		return -1;
	attempt->connect_to = curl_slist_append(NULL, route);
	return attempt->connect_to ? 0 : error_memory(err);
}

/* libcurl reads no variable: NO_PROXY is about the server's own host, not about its TLS name. */
static int set_proxy(struct setup *setup, struct http_attempt *attempt,
    const struct http_url *server, struct error *err)
{
	const struct http_endpoint *endpoint = attempt->exchange->endpoint;
	cleanup_secret struct secret_buffer proxy = SECRET_BUFFER_INIT;

	if (endpoint->proxy) {
		if (secret_buffer_append_string(&proxy, endpoint->proxy, err) < 0)
			return -1;
	} else if (endpoint->proxy_from_environment &&
		   http_proxy_from_environment(&proxy, server, err) < 0) {
		return -1;
	}
	attempt->proxied = proxy.length > 0;
	SET(setup, CURLOPT_PROXY, secret_buffer_string(&proxy));
	SET(setup, CURLOPT_NOPROXY, "");
	return 0;
}

/* The URL, the way to it and the headers, which hold its host where that is not the TLS name. */
static int set_target(struct setup *setup, struct http_attempt *attempt, const char *base,
    const struct http_url *server, struct error *err)
{
	cleanup_secret struct secret_buffer url = SECRET_BUFFER_INIT;
	const struct http_endpoint *endpoint = attempt->exchange->endpoint;
	cleanup_free char *name = NULL;

	curl_slist_free_all(attempt->headers);
	curl_slist_free_all(attempt->connect_to);
	attempt->headers = attempt->connect_to = NULL;
	if (add_headers(attempt, err) < 0)
		return -1;
	if (endpoint->tls_server_name && http_is_https(base) &&
	    (!(name = http_bracketed(endpoint->tls_server_name, err)) ||
		set_route(attempt, server, name, err) < 0))
		return -1;
	if (make_url(attempt, base, server, name ? name : server->host, &url, err) < 0)
		return -1;
	if (set_proxy(setup, attempt, server, err) < 0)
		return -1;
	SET(setup, CURLOPT_URL, url.data);
	SET(setup, CURLOPT_CONNECT_TO, attempt->connect_to);
	SET(setup, CURLOPT_HTTPHEADER, attempt->headers);
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

static void set_transport(struct setup *setup, struct http_attempt *attempt)
{
	const struct http_endpoint *endpoint = attempt->exchange->endpoint;

	SET(setup, CURLOPT_PRIVATE, attempt);
	SET(setup, CURLOPT_ERRORBUFFER, attempt->reason);
	SET(setup, CURLOPT_WRITEFUNCTION, on_body);
	SET(setup, CURLOPT_WRITEDATA, attempt);
	SET(setup, CURLOPT_PREREQFUNCTION, on_request);
	SET(setup, CURLOPT_PREREQDATA, attempt);
	/* A kept connection may end just when the request is sent. */
	SET(setup, CURLOPT_FRESH_CONNECT, (long)attempt->exchange->once);
	SET(setup, CURLOPT_NOSIGNAL, 1L);
	SET(setup, CURLOPT_FOLLOWLOCATION, 0L);
	SET(setup, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(setup, CURLOPT_USERAGENT, "secretmanager");
	SET(setup, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L); /* a redirect's */
	SET(setup, CURLOPT_CONNECTTIMEOUT_MS, (long)endpoint->connect_timeout_ms);
}

int http_attempt_aim(struct http_attempt *attempt, struct error *err)
{
	const struct http_endpoint *endpoint = attempt->exchange->endpoint;
	const char *base = attempt->active ? attempt->active : endpoint->url;
	struct setup setup = {attempt->easy, CURLE_OK};
	struct http_url server;

	if (http_url_parse(&server, base, err) < 0)
		return error_wrap(err, "%s address", endpoint->name);
	int result = set_target(&setup, attempt, base, &server, err);
	http_url_free(&server);
	if (result == 0 && setup.result != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "%s: libcurl: %s", endpoint->name,
		    curl_easy_strerror(setup.result));
	return result;
}

static int fill(struct http_attempt *attempt, struct error *err)
{
	struct setup setup = {attempt->easy, CURLE_OK};

	if (http_attempt_aim(attempt, err) < 0)
		return -1;
	set_method(&setup, attempt->exchange);
	set_transport(&setup, attempt);
	if (set_trust(&setup, attempt, err) < 0)
		return -1;
	if (set_client_certificate(&setup, attempt->exchange->endpoint, err) < 0)
		return -1;
	if (setup.result != CURLE_OK)
		return error_set(err, ERROR_SYSTEM, "%s: libcurl: %s",
		    attempt->exchange->endpoint->name, curl_easy_strerror(setup.result));
	return 0;
}

struct http_attempt *http_attempt_new(struct http_exchange *exchange, struct error *err)
{
	struct http_attempt *attempt = calloc(1, sizeof(*attempt));

	if (!attempt) {
		error_memory(err);
		return NULL;
	}
	attempt->exchange = exchange;
	attempt->started_ms = clock_now_ms();
	attempt->easy = curl_easy_init();
	if (!attempt->easy) {
		error_memory(err);
		http_attempt_free(attempt);
		return NULL;
	}
	if (fill(attempt, err) < 0) {
		http_attempt_free(attempt);
		return NULL;
	}
	return attempt;
}

void http_attempt_free(struct http_attempt *attempt)
{
	if (!attempt)
		return;
	curl_easy_cleanup(attempt->easy);
	curl_slist_free_all(attempt->headers);
	curl_slist_free_all(attempt->connect_to);
	free(attempt->active);
	free(attempt);
}

/* The node that was active at the last try may not be it any more. */
static int leave_active_node(struct http_attempt *attempt, struct error *err)
{
	free(attempt->active);
	attempt->active = NULL;
	return http_attempt_aim(attempt, err);
}

int http_attempt_prepare(struct http_attempt *attempt, int64_t deadline_ms, struct error *err)
{
	struct http_exchange *exchange = attempt->exchange;
	int64_t allowed = exchange->endpoint->request_timeout_ms;

	if (attempt->retry_at_ms && attempt->active && leave_active_node(attempt, err) < 0)
		return -1;
	if (deadline_ms) {
		int64_t left = deadline_ms - clock_now_ms();
		if (left < allowed)
			allowed = left > 0 ? left : 1;
	}
	curl_easy_setopt(attempt->easy, CURLOPT_TIMEOUT_MS, (long)allowed);
	secret_buffer_reset(&exchange->response);
	exchange->response.limit =
	    exchange->response_limit ? exchange->response_limit : HTTP_RESPONSE_SMALL;
	exchange->status = 0;
	error_clear(&exchange->error);
	error_clear(&attempt->failure);
	attempt->overflow = attempt->enough = false;
	attempt->sent = 0;
	attempt->reason[0] = '\0';
	attempt->retry_at_ms = 0;
	return 0;
}
