#include "lib/http/json_response.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/cleanup.h"

struct json *http_json_parse(const struct http_exchange *exchange, struct error *err)
{
	const struct http_endpoint *endpoint = exchange->endpoint;
	const char *description = http_describe_body(exchange);
	char what[64];

	snprintf(what, sizeof(what), "%s response", endpoint->name);
	struct json *document = json_parse(
	    secret_buffer_string(&exchange->response), exchange->response.length, what, err);
	if (document)
		return document;
	if (description)
		error_set(err, ERROR_INVALID, "%s: %s", what, description);
	error_hint(err, "check the address %s", endpoint->url);
	return NULL;
}

/* Join a text of several lines, such as Vault's lists of errors, into one line. */
static void join_lines(char *text)
{
	size_t length = strlen(text);

	while (length > 0 && strchr(" \t\n", text[length - 1]))
		text[--length] = '\0';
	for (; *text; text++)
		if (*text == '\n' || *text == '\t')
			*text = ' ';
}

int http_json_check(const struct http_exchange *exchange,
    char *(*read_message)(const struct json *document), struct error *err)
{
	struct error unreadable = ERROR_INIT;
	cleanup_free char *message = NULL;

	if (exchange->status >= 200 && exchange->status < 300)
		return 0;
	if (exchange->status) {
		cleanup_json struct json *document = http_json_parse(exchange, &unreadable);
		if (document)
			message = read_message(document);
	}
	if (message)
		join_lines(message);
	return http_check(
	    exchange, message || !unreadable.code ? message : unreadable.message, err);
}
