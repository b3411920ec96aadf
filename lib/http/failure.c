/* Describe a try that failed without a response, with advice. */
#include <string.h>

#include "lib/http/request.h"

/* A try without a response. */
struct failure {
	CURLcode result;
	long os_error;	   /* errno of the connection, or 0 */
	long proxy_status; /* a proxy's response to CONNECT, or 0 */
	const char *reason;
	bool sent; /* the request was sent */
};

/* Return true if the peer closed or reset the connection in the TLS handshake without an alert. */
static bool is_dropped_handshake(const struct failure *failure)
{
	static const char *const reasons[] = {"SSL_connect: ", "Recv failure: ", "Send failure: "};

	if (failure->result != CURLE_SSL_CONNECT_ERROR)
		return false;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strstr(failure->reason, reasons[i]))
			return true;
	return false;
}

/*
 * Return true if the response's headers exceed a limit of libcurl: 100 KB for a line, which it
 * reports as "out of memory", or 300 KB in total.
 */
static bool has_long_headers(const struct failure *failure)
{
	return (failure->result == CURLE_OUT_OF_MEMORY && failure->sent &&
		   !http_libcurl_lacked_memory()) ||
	       strstr(failure->reason, "Too large response headers");
}

/* Return true if the same request may succeed later. */
static bool is_transient(const struct failure *failure)
{
	if (failure->proxy_status >= 400)
		return failure->proxy_status == 429 || failure->proxy_status >= 500;
	if (has_long_headers(failure))
		return false;
	switch (failure->result) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return true;
	default:
		return is_dropped_handshake(failure);
	}
}

/* Return the last part of "error:100000f7:SSL routines:...:WRONG_VERSION_NUMBER". */
static const char *last_part(const char *reason)
{
	const char *colon = strrchr(reason, ':');

	return colon ? colon + 1 : reason;
}

/* Return advice for a failed handshake, from BoringSSL's error name. */
static const char *handshake_advice(const char *reason)
{
	if (strstr(reason, "WRONG_VERSION_NUMBER") || strstr(reason, "HTTP"))
		return "check that it is an HTTPS port";
	if (strstr(reason, "PROTOCOL"))
		return "the server must support TLS 1.2 or newer";
	if (strstr(reason, "CERTIFICATE") || strstr(reason, "UNKNOWN_CA"))
		return "check the client certificate";
	return "check that the server offers common ciphers, curves and certificates";
}

static void explain_tls(
    const struct http_endpoint *endpoint, const struct failure *failure, struct error *err)
{
	if (http_tls_lacked_memory())
		error_memory(err);
	else if (is_dropped_handshake(failure))
		error_set(err, ERROR_NETWORK,
		    "connection closed in the TLS handshake; check that the server is up, and for a proxy");
	else if (failure->result == CURLE_SSL_CONNECT_ERROR)
		error_set(err, ERROR_NETWORK, "TLS handshake failed: %s; %s",
		    last_part(failure->reason), handshake_advice(failure->reason));
	else if (failure->result == CURLE_SSL_CERTPROBLEM)
		error_set(err, ERROR_INVALID,
		    "client certificate rejected: %s; check that certificate and key match",
		    failure->reason);
	else
		error_set(err, ERROR_NETWORK, "TLS certificate not trusted: %s; %s",
		    failure->reason,
		    endpoint->trust_hint ? endpoint->trust_hint : "check its CA certificate");
}

static void explain_connection(bool proxied, const struct failure *failure, struct error *err)
{
	const char *why = failure->os_error ? strerror((int)failure->os_error) : failure->reason;

	if (proxied)
		error_set(err, ERROR_NETWORK,
		    "cannot connect to the proxy: %s (%s); check its address and NO_PROXY", why,
		    failure->reason);
	else
		error_set(err, ERROR_NETWORK,
		    "cannot connect: %s; check the address, and that the server runs", why);
}

static void explain_no_answer(
    const struct http_endpoint *endpoint, const struct failure *failure, struct error *err)
{
	switch (failure->result) {
	case CURLE_PARTIAL_FILE:
		error_set(err, ERROR_NETWORK, "the answer was cut short: %s", failure->reason);
		break;
	case CURLE_UNSUPPORTED_PROTOCOL: /* libcurl's result for HTTP/0.9 */
	case CURLE_WEIRD_SERVER_REPLY:
		error_set(err, ERROR_NETWORK, "not an HTTP server; check the port");
		break;
	default:
		error_set(err, ERROR_NETWORK, "no answer: %s", failure->reason);
	}
	if (!http_is_https(endpoint->url) && failure->result != CURLE_OPERATION_TIMEDOUT)
		error_hint(err, "check whether the server wants https://");
}

static void explain_size(const struct http_exchange *exchange, struct error *err)
{
	const char *body = http_describe_body(exchange);

	error_set(err, ERROR_TOO_LARGE,
	    "the answer is larger than %zu bytes%s%s; check the address", exchange->response.limit,
	    body ? ": " : "", body ? body : "");
}

/* Set the exchange's error after a try without a response. */
static void explain(struct http_request *request, const struct failure *failure)
{
	struct http_exchange *exchange = request->exchange;
	const struct http_endpoint *endpoint = exchange->endpoint;
	struct error *err = &exchange->error;

	if (request->overflow) {
		explain_size(exchange, err);
	} else if (has_long_headers(failure)) {
		error_set(err, ERROR_INVALID,
		    "the headers of the answer are too long (over 100 KB in a line, or 300 KB); "
		    "check the address");
	} else if (request->failure.code) {
		*err = request->failure;
	} else if (failure->proxy_status >= 400) {
		error_set(err, ERROR_NETWORK,
		    "the proxy answered with status %ld; check its address, its credentials and NO_PROXY",
		    failure->proxy_status);
	} else {
		switch (failure->result) {
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_CACERT_BADFILE:
		case CURLE_SSL_CONNECT_ERROR:
		case CURLE_SSL_CERTPROBLEM:
			explain_tls(endpoint, failure, err);
			break;
		case CURLE_COULDNT_CONNECT:
			explain_connection(request->proxied, failure, err);
			break;
		default:
			explain_no_answer(endpoint, failure, err);
		}
	}
}

/* Return libcurl's reason.  Omit the URL of an invalid proxy, which may contain a password. */
static const char *public_reason(const struct http_request *request, CURLcode result)
{
	return request->reason[0] && !strchr(request->reason, '@') ? request->reason
								   : curl_easy_strerror(result);
}

bool http_request_explain(struct http_request *request, CURLcode result)
{
	struct failure failure = {.result = result, .sent = request->sent > 0};

	curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &failure.os_error);
	curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &failure.proxy_status);
	failure.reason = public_reason(request, result);
	if (result == CURLE_ABORTED_BY_CALLBACK && request->sent > 1) {
		failure.result = CURLE_GOT_NOTHING;
		failure.reason = "Empty reply from server"; /* as libcurl reports it */
	}
	explain(request, &failure);
	return is_transient(&failure);
}
