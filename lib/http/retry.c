/* What came of a try: an answer, a reason to try again, a standby's redirect, or an end in words.
 */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/http/request.h"
#include "lib/http/tls.h"
#include "lib/http/url.h"

/* A try that brought no answer. */
struct failure {
	CURLcode result;
	long os_error;	   /* of the connection; 0: none */
	long proxy_status; /* what a proxy said to CONNECT; 0: nothing */
	const char *reason;
	bool sent; /* the request was */
};

/* In a TLS handshake the other side closed or reset the connection, without a TLS alert. */
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
 * The headers of the answer are over a limit of libcurl's: 100 KB for one line, for which its
 * result is "out of memory", and 300 KB for all.
 */
static bool has_long_headers(const struct failure *failure)
{
	return (failure->result == CURLE_OUT_OF_MEMORY && failure->sent && !http_memory_failed()) ||
	       strstr(failure->reason, "Too large response headers");
}

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

/* "WRONG_VERSION_NUMBER" of "BoringSSL: error:100000f7:SSL routines:...:WRONG_VERSION_NUMBER". */
static const char *last_part(const char *reason)
{
	const char *colon = strrchr(reason, ':');

	return colon ? colon + 1 : reason;
}

/* By BoringSSL's name of the failure. */
static const char *handshake_advice(const char *reason)
{
	if (strstr(reason, "WRONG_VERSION_NUMBER") || strstr(reason, "HTTP"))
		return "check that it is an HTTPS port";
	if (strstr(reason, "PROTOCOL"))
		return "the server must support TLS 1.2 or newer";
	if (strstr(reason, "CERTIFICATE") || strstr(reason, "UNKNOWN_CA"))
		return "check the client certificate";
	return "the server and this client may have no cipher, curve or kind of certificate in "
	       "common";
}

static void explain_tls(
    const struct http_endpoint *endpoint, const struct failure *failure, struct error *err)
{
	if (http_tls_lacked_memory())
		error_memory(err);
	else if (is_dropped_handshake(failure))
		error_set(err, ERROR_NETWORK,
		    "the connection was closed in the TLS handshake: is it still starting, or a "
		    "proxy in between?");
	else if (failure->result == CURLE_SSL_CONNECT_ERROR)
		error_set(err, ERROR_NETWORK, "TLS handshake failed: %s; %s",
		    last_part(failure->reason), handshake_advice(failure->reason));
	else if (failure->result == CURLE_SSL_CERTPROBLEM)
		error_set(err, ERROR_INVALID,
		    "the client certificate can't be used: %s: do certificate and key belong "
		    "together?",
		    failure->reason);
	else
		error_set(err, ERROR_NETWORK, "TLS certificate not trusted: %s: %s",
		    failure->reason,
		    endpoint->trust_hint ? endpoint->trust_hint : "check its CA certificate");
}

static void explain_connection(bool proxied, const struct failure *failure, struct error *err)
{
	const char *why = failure->os_error ? strerror((int)failure->os_error) : failure->reason;

	if (proxied)
		error_set(err, ERROR_NETWORK,
		    "cannot connect to the proxy: %s (%s): check the proxy's address and NO_PROXY",
		    why, failure->reason);
	else
		error_set(err, ERROR_NETWORK, "cannot connect: %s: is it running there?", why);
}

static void explain_silence(
    const struct http_endpoint *endpoint, const struct failure *failure, struct error *err)
{
	switch (failure->result) {
	case CURLE_PARTIAL_FILE:
		error_set(err, ERROR_NETWORK, "the answer was cut short: %s", failure->reason);
		break;
	case CURLE_UNSUPPORTED_PROTOCOL: /* what libcurl calls HTTP/0.9 */
	case CURLE_WEIRD_SERVER_REPLY:
		error_set(err, ERROR_NETWORK, "what answers is no HTTP server: is the port right?");
		break;
	default:
		error_set(err, ERROR_NETWORK, "no answer: %s", failure->reason);
	}
	if (!http_is_https(endpoint->url) && failure->result != CURLE_OPERATION_TIMEDOUT)
		error_hint(err, "does it want https://?");
}

static void explain_size(const struct http_exchange *exchange, struct error *err)
{
	const char *look = http_describe_body(exchange);

	error_set(
	    err, ERROR_TOO_LARGE, "the answer is larger than %zu bytes", exchange->response.limit);
	if (look)
		error_hint(err, "it is %s", look);
	error_hint(err, "is the address right?");
}

/* Fill exchange->error for a try that brought no answer. */
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
		    "the proxy answers with status %ld: check the proxy's address, its credentials "
		    "and NO_PROXY",
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
			explain_silence(endpoint, failure, err);
		}
	}
}

static bool is_redirect(int status)
{
	return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

static bool has_path(
    const struct http_url *target, const char *prefix, const char *path, struct error *err)
{
	cleanup_free char *text = string_format(err, "https://any%s%s", prefix, path);
	struct http_url wanted;

	if (!text || http_url_parse(&wanted, text, err) < 0)
		return false;
	bool same = strcmp(wanted.path, target->path) == 0;
	http_url_free(&wanted);
	return same;
}

/*
 * Return what `target` has before the exchange's own path: nothing, or the prefix of the endpoint's
 * URL, which a gateway has taken off or not.  NULL: it asks for another path.
 */
static const char *find_prefix(const struct http_exchange *exchange, const struct http_url *target)
{
	struct error ignored = ERROR_INIT;
	const char *path = secret_buffer_string(&exchange->path);
	const char *prefix = http_url_prefix(exchange->endpoint->url);

	if (has_path(target, "", path, &ignored))
		return "";
	return has_path(target, prefix, path, &ignored) ? prefix : NULL;
}

/* Why a redirect must not be followed, or NULL for a standby's that may be. */
static const char *redirect_problem(
    const struct http_request *request, const struct http_url *target)
{
	const struct http_endpoint *endpoint = request->exchange->endpoint;

	if (!endpoint->follow_standby || request->exchange->status != 307)
		return "is a login page or a proxy in between, and is the address right?";
	if (request->active)
		return "one redirect was followed already: check the api_addr of Vault's nodes";
	if (strcmp(target->scheme, "https") != 0)
		return "plain http would show the token: check the api_addr of Vault's nodes";
	if (!http_is_https(endpoint->url))
		return "a host is followed from https only: use https for the address";
	if (endpoint->insecure)
		return "the token goes only to a host that TLS has verified: name Vault's CA "
		       "certificate";
	if (!find_prefix(request->exchange, target))
		return "it leads to another path; check the api_addr of Vault's nodes";
	return NULL;
}

/* Lead the next try to the server of `target`; leave in exchange->error why that must not be. */
static bool follow(struct http_request *request, const struct http_url *target)
{
	struct http_exchange *exchange = request->exchange;
	struct error *err = &exchange->error;
	const char *problem = redirect_problem(request, target);
	cleanup_free char *origin = http_url_origin(target, err);

	if (!origin)
		return false;
	if (problem) {
		error_set(err, ERROR_REJECTED, "a redirect to %s, which is not followed: %s",
		    origin, problem);
		return false;
	}
	request->active = string_format(err, "%s%s", origin, find_prefix(exchange, target));
	if (!request->active)
		return false;
	http_redact(exchange, origin);
	log_write(LOG_DEBUG, "%s: a standby leads to %s, which is followed",
	    exchange->endpoint->name, origin);
	return http_request_set_target(request, err) == 0;
}

/* Follow a standby's 307; of another redirect, leave in exchange->error why it isn't followed. */
static bool redirect(struct http_request *request)
{
	struct error *err = &request->exchange->error;
	struct http_url target;
	char *text = NULL;

	if (curl_easy_getinfo(request->easy, CURLINFO_REDIRECT_URL, &text) || !text)
		return false;
	if (http_url_parse(&target, text, err) < 0) {
		error_wrap(err, "a redirect that is not followed");
		return false;
	}
	bool followed = follow(request, &target);
	http_url_free(&target);
	return followed;
}

bool http_is_throttled(int status)
{
	switch (status) {
	case 412: /* a performance standby that is behind */
	case 429:
	case 472: /* a disaster-recovery standby */
	case 473: /* a performance standby */
	case 503:
		return true;
	default:
		return false;
	}
}

/* libcurl repeats a proxy's URL, which may hold a password, when it can't be one. */
static const char *public_reason(const struct http_request *request, CURLcode result)
{
	return request->reason[0] && !strchr(request->reason, '@') ? request->reason
								   : curl_easy_strerror(result);
}

/* Put off by the server itself.  A gateway's 503 may hide a request that was carried out. */
static bool is_put_off_surely(const struct http_exchange *exchange)
{
	const char *text = secret_buffer_string(&exchange->response);

	return http_is_throttled(exchange->status) &&
	       (exchange->status != 503 || text[strspn(text, " \t\r\n")] == '{');
}

/* The status counts: is there a reason to ask once more? */
static bool is_passing(const struct http_exchange *exchange)
{
	bool passing = exchange->once
			   ? is_put_off_surely(exchange)
			   : http_is_throttled(exchange->status) || exchange->status >= 500;

	return passing && !(exchange->permanent && exchange->permanent(exchange));
}

/* Note that a try without a clear answer may have changed something. */
static void note_uncertainty(struct http_exchange *exchange)
{
	if (strcmp(exchange->method, "GET") != 0)
		exchange->uncertain = true;
}

/* Read the answer's status.  True when it is a redirect that is followed. */
static bool take_status(struct http_request *request)
{
	struct http_exchange *exchange = request->exchange;
	long status = 0;

	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	exchange->status = (int)status;
	if (is_redirect(exchange->status))
		return redirect(request);
	if (exchange->status >= 500 && !is_put_off_surely(exchange))
		note_uncertainty(exchange);
	return false;
}

/* Explain a try that brought no answer.  True when it may be tried again. */
static bool take_failure(struct http_request *request, CURLcode result)
{
	struct http_exchange *exchange = request->exchange;
	struct failure failure = {.result = result, .sent = request->sent > 0};

	curl_easy_getinfo(request->easy, CURLINFO_OS_ERRNO, &failure.os_error);
	curl_easy_getinfo(request->easy, CURLINFO_HTTP_CONNECTCODE, &failure.proxy_status);
	failure.reason = public_reason(request, result);
	if (result == CURLE_ABORTED_BY_CALLBACK && request->sent > 1) {
		failure.result = CURLE_GOT_NOTHING;
		failure.reason = "Empty reply from server"; /* as libcurl has it */
	}
	explain(request, &failure);
	if (request->sent > 0)
		note_uncertainty(exchange);
	return is_transient(&failure) && !(exchange->once && request->sent > 0);
}

enum http_verdict http_request_judge(struct http_request *request, CURLcode result)
{
	struct http_exchange *exchange = request->exchange;
	bool again;

	if (result == CURLE_OK || (result == CURLE_WRITE_ERROR && request->enough)) {
		if (take_status(request))
			return HTTP_REDIRECTED;
		again = is_passing(exchange);
	} else {
		again = take_failure(request, result);
	}
	http_redact(exchange, exchange->error.message);
	request->tries++;
	if (!again || request->tries > exchange->endpoint->retries)
		return HTTP_FINISHED;
	return HTTP_TRY_AGAIN;
}

/* Return what the server asks for, within limits; 0 where it does not. */
static int64_t retry_after_ms(const struct http_request *request)
{
	curl_off_t after = 0;

	if (request->exchange->status)
		curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &after);
	if (after > HTTP_RETRY_AFTER_MAX_MS / 1000)
		return HTTP_RETRY_AFTER_MAX_MS;
	return after > 0 ? after * 1000 : 0;
}

int64_t http_request_delay(struct http_request *request, int64_t left_ms)
{
	int64_t asked = retry_after_ms(request), ceiling = HTTP_RETRY_MAX_MS;
	uint32_t random;

	if (asked)
		return asked < left_ms ? asked : -1;
	if (left_ms < (int64_t)2 * HTTP_RETRY_BASE_MS)
		return -1;
	if (request->tries < 8 && (HTTP_RETRY_BASE_MS << (request->tries - 1)) < ceiling)
		ceiling = HTTP_RETRY_BASE_MS << (request->tries - 1);
	if (ceiling > left_ms / 2)
		ceiling = left_ms / 2;
	RAND_bytes((uint8_t *)&random, sizeof(random));
	return (int64_t)(random % (uint32_t)ceiling);
}

void http_tries_text(const struct http_exchange *exchange, char text[HTTP_TRIES_TEXT])
{
	text[0] = '\0';
	if (exchange->tries > 1)
		snprintf(text, HTTP_TRIES_TEXT, "tried %d times in %lld.%02lld s", exchange->tries,
		    (long long)exchange->took_ms / 1000, (long long)exchange->took_ms / 10 % 100);
}

void http_request_conclude(struct http_request *request, bool out_of_time)
{
	struct http_exchange *exchange = request->exchange;
	const struct http_endpoint *endpoint = exchange->endpoint;
	char tries[HTTP_TRIES_TEXT];

	exchange->tries = request->tries;
	exchange->took_ms = clock_now_ms() - request->started_ms;
	exchange->out_of_time = out_of_time;
	if (exchange->status)
		return;
	http_tries_text(exchange, tries);
	if (tries[0])
		error_wrap(&exchange->error, "%s", tries);
	if (request->active)
		error_wrap(&exchange->error, "%s at %s, to which %s leads", endpoint->name,
		    request->active, endpoint->url);
	else
		error_wrap(&exchange->error, "%s at %s", endpoint->name, endpoint->url);
	http_redact(exchange, exchange->error.message); /* for `active` */
}
