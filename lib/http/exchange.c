#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"
#include "lib/http/request.h"

/* A longer text from a server is shortened to fit into a log line. */
#define DETAIL_MAX 512

bool http_is_throttled(int status)
{
	switch (status) {
	case 412: /* a performance standby without the latest state */
	case 429:
	case 472: /* a disaster-recovery standby */
	case 473: /* a performance standby */
	case 503:
		return true;
	default:
		return false;
	}
}

void http_tries_text(const struct http_exchange *exchange, char text[HTTP_TRIES_TEXT])
{
	text[0] = '\0';
	if (exchange->tries > 1)
		snprintf(text, HTTP_TRIES_TEXT, "tried %d times in %lld.%02lld s", exchange->tries,
		    (long long)exchange->took_ms / 1000, (long long)exchange->took_ms / 10 % 100);
}

int http_path_length(const struct http_exchange *exchange)
{
	return (int)strcspn(secret_buffer_string(&exchange->path), "?");
}

static enum error_code status_code(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERROR_DENIED;
	case 404:
		return ERROR_NOT_FOUND;
	case 409:
		return ERROR_CONFLICT;
	case 410:
		return ERROR_GONE;
	case 413:
		return ERROR_TOO_LARGE;
	default:
		return http_is_throttled(status) || status >= 500 ? ERROR_UNAVAILABLE
								  : ERROR_REJECTED;
	}
}

/* Set *err for a response with this status; `detail` is the server's message or NULL. */
static int describe_status(
    const struct http_exchange *exchange, const char *detail, struct error *err)
{
	char tries[HTTP_TRIES_TEXT];
	cleanup_free char *text = NULL;

	if (exchange->error.code)
		detail = exchange->error.message;
	if (detail && !(text = strdup(detail)))
		return error_memory(err);
	if (text) {
		http_redact(exchange, text);
		utf8_shorten(text, DETAIL_MAX);
	}
	http_tries_text(exchange, tries);
	return error_set(err, status_code(exchange->status), "%s: %s %.*s: %s%sstatus %d%s%s",
	    exchange->endpoint->name, exchange->method, http_path_length(exchange),
	    secret_buffer_string(&exchange->path), tries, tries[0] ? ": " : "", exchange->status,
	    text ? ": " : "", text ? text : "");
}

int http_check(const struct http_exchange *exchange, const char *detail, struct error *err)
{
	if (exchange->status >= 200 && exchange->status < 300)
		return 0;
	if (exchange->status == 0)
		*err = exchange->error;
	else
		describe_status(exchange, detail, err);
	if (exchange->uncertain && exchange->status >= 400 && exchange->status < 500)
		error_hint(err,
		    "check the result, because an earlier try got no answer and may have been carried out");
	if (exchange->out_of_time)
		error_hint(err, "raise --timeout, which leaves no time for another try");
	return -1;
}

/* Search the whole response, ignoring case. */
static bool response_contains(const struct http_exchange *exchange, const char *phrase)
{
	return strcasestr(secret_buffer_string(&exchange->response), phrase) != NULL;
}

const char *http_describe_body(const struct http_exchange *exchange)
{
	const char *text = secret_buffer_string(&exchange->response);

	text += strspn(text, UTF8_BYTE_ORDER_MARK " \t\r\n");
	if (*text == '{' || *text == '[')
		return NULL;
	if (response_contains(exchange, "HTTP request to an HTTPS server") ||
	    response_contains(exchange, "HTTP request was sent to HTTPS port"))
		return "an HTTPS port's refusal of plain HTTP (use https://)";
	if (*text == '<')
		return "an HTML page (of a login, a proxy or another server)";
	return NULL;
}

void http_exchange_free(struct http_exchange *exchange)
{
	secret_buffer_free(&exchange->path);
	secret_buffer_free(&exchange->credential);
	secret_buffer_free(&exchange->body);
	secret_buffer_free(&exchange->response);
	memset(exchange, 0, sizeof(*exchange));
}

int http_append_escaped(struct secret_buffer *path, const char *text, struct error *err)
{
	static const char unreserved[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *text; text++) {
		int result = strchr(unreserved, *text) ? secret_buffer_append(path, text, 1, err)
						       : secret_buffer_append_format(path, err,
							     "%%%02X", (unsigned char)*text);
		if (result < 0)
			return -1;
	}
	return 0;
}
