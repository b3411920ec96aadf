/* Decide after each try: a final response, a redirect to follow, a retry, or an error. */
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/http/request.h"
#include "lib/http/url.h"

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
 * Return the part of `target` before the exchange's path: "", or the prefix of the endpoint's URL,
 * which a gateway may remove.  Return NULL if `target` has another path.
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

/* Return why a redirect must not be followed, or NULL for a standby's redirect. */
static const char *redirect_problem(
    const struct http_request *request, const struct http_url *target)
{
	const struct http_endpoint *endpoint = request->exchange->endpoint;

	if (!endpoint->follow_standby || request->exchange->status != 307)
		return "check the address, and for a login page or a proxy in between";
	if (request->active)
		return "it is the second; check the api_addr of Vault's nodes";
	if (strcmp(target->scheme, "https") != 0)
		return "plain http would expose the token; check the api_addr of Vault's nodes";
	if (!http_is_https(endpoint->url))
		return "the address is plain http; use https";
	if (endpoint->insecure)
		return "TLS would not verify the host that gets the token; name Vault's CA certificate";
	if (!find_prefix(request->exchange, target))
		return "it leads to another path; check the api_addr of Vault's nodes";
	return NULL;
}

/* Direct the next try to the server of `target`.  Return false with the exchange's error set. */
static bool follow_redirect(struct http_request *request, const struct http_url *target)
{
	struct http_exchange *exchange = request->exchange;
	struct error *err = &exchange->error;
	const char *problem = redirect_problem(request, target);
	cleanup_free char *origin = http_url_origin(target, err);

	if (!origin)
		return false;
	if (problem) {
		error_set(err, ERROR_REJECTED, "redirect to %s not followed: %s", origin, problem);
		return false;
	}
	request->active = string_format(err, "%s%s", origin, find_prefix(exchange, target));
	if (!request->active)
		return false;
	http_redact(exchange, origin);
	log_write(LOG_DEBUG, "%s: following a standby's redirect to %s", exchange->endpoint->name,
	    origin);
	return http_request_set_target(request, err) == 0;
}

/* Follow a standby's 307.  Return false for any other, with the exchange's error if it has a URL.
 */
static bool handle_redirect(struct http_request *request)
{
	struct error *err = &request->exchange->error;
	struct http_url target;
	char *text = NULL;

	if (curl_easy_getinfo(request->easy, CURLINFO_REDIRECT_URL, &text) || !text)
		return false;
	if (http_url_parse(&target, text, err) < 0) {
		error_wrap(err, "redirect not followed");
		return false;
	}
	bool followed = follow_redirect(request, &target);
	http_url_free(&target);
	return followed;
}

/* Return true if the server itself throttled the request.  A gateway's 503 does not prove that. */
static bool is_certainly_throttled(const struct http_exchange *exchange)
{
	const char *text = secret_buffer_string(&exchange->response);

	return http_is_throttled(exchange->status) &&
	       (exchange->status != 503 || text[strspn(text, " \t\r\n")] == '{');
}

/* Return true if the request may succeed later, judged by its status. */
static bool is_retryable(const struct http_exchange *exchange)
{
	bool retryable = exchange->once
			     ? is_certainly_throttled(exchange)
			     : http_is_throttled(exchange->status) || exchange->status >= 500;

	return retryable && !(exchange->permanent && exchange->permanent(exchange));
}

/* Record that a try without a clear response may have changed something. */
static void record_uncertainty(struct http_exchange *exchange)
{
	if (strcmp(exchange->method, "GET") != 0)
		exchange->uncertain = true;
}

/* Read the response's status.  Return true for a redirect that is followed. */
static bool read_status(struct http_request *request)
{
	struct http_exchange *exchange = request->exchange;
	long status = 0;

	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
	exchange->status = (int)status;
	if (is_redirect(exchange->status))
		return handle_redirect(request);
	if (exchange->status >= 500 && !is_certainly_throttled(exchange))
		record_uncertainty(exchange);
	return false;
}

enum http_verdict http_request_judge(struct http_request *request, CURLcode result)
{
	struct http_exchange *exchange = request->exchange;
	bool again;

	if (result == CURLE_OK || (result == CURLE_WRITE_ERROR && request->enough)) {
		if (read_status(request))
			return HTTP_REDIRECTED;
		again = is_retryable(exchange);
	} else {
		bool sent = request->sent > 0;
		again = http_request_explain(request, result) && !(exchange->once && sent);
		if (sent)
			record_uncertainty(exchange);
	}
	http_redact(exchange, exchange->error.message);
	request->tries++;
	if (!again || request->tries > exchange->endpoint->retries)
		return HTTP_FINISHED;
	return HTTP_TRY_AGAIN;
}

/* Return the wait that the server requests, at most HTTP_RETRY_AFTER_MAX_MS; 0 if none. */
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
		error_wrap(&exchange->error, "%s at %s (redirected from %s)", endpoint->name,
		    request->active, endpoint->url);
	else
		error_wrap(&exchange->error, "%s at %s", endpoint->name, endpoint->url);
	http_redact(exchange, exchange->error.message); /* `active` may contain a credential */
}
