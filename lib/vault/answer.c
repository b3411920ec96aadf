#include "lib/vault/answer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"

/* More of the server's words is not read: http_check cuts them. */
#define ERRORS_MAX 2048

struct json *vault_answer_parse(const struct http_exchange *exchange, struct error *err)
{
	const char *look = http_describe_body(exchange);
	struct json *document = json_parse(secret_buffer_string(&exchange->response),
	    exchange->response.length, "Vault's answer", err);

	if (document)
		return document;
	if (look)
		error_set(err, ERROR_INVALID, "Vault's answer is %s", look);
	error_hint(err, "is there a Vault at %s?", exchange->endpoint->url);
	return NULL;
}

/* The server's own words: errors[] joined by "; ".  Newly allocated, or NULL. */
static char *own_words(const struct json *document)
{
	struct error ignored = ERROR_INIT;
	json_node errors = json_member(document, JSON_ROOT, "errors");
	char *joined = NULL;

	json_each (document, errors, node) {
		cleanup_free char *text = json_strdup(document, node);
		if (!text)
			continue;
		utf8_shorten(text, ERRORS_MAX);
		/* Vault breaks its lists of errors into lines. */
		for (char *c = text; *c; c++)
			if (*c == '\n' || *c == '\t')
				*c = ' ';
		char *longer = joined ? string_format(&ignored, "%s; %s", joined, text)
				      : string_format(&ignored, "%s", text);
		free(joined);
		joined = longer;
		if (joined && strlen(joined) > ERRORS_MAX)
			break;
	}
	return joined;
}

int vault_answer_check(const struct http_exchange *exchange, struct error *err)
{
	struct error unreadable = ERROR_INIT;
	cleanup_free char *words = NULL;

	if (exchange->status >= 200 && exchange->status < 300)
		return 0;
	if (exchange->status) {
		cleanup_json struct json *document = vault_answer_parse(exchange, &unreadable);
		if (document)
			words = own_words(document);
	}
	if (http_check(exchange,
		words		  ? words
		: unreadable.code ? unreadable.message
				  : NULL,
		err) == 0)
		return 0;
	if (words && strstr(words, "Vault is sealed"))
		error_hint(err, "unseal it, or wait until its operators have");
	if (exchange->status == 472 || exchange->status == 473)
		error_hint(err, "a standby of Vault answers: give the address of the active node");
	return -1;
}

/* A token that is spent would be answered with no more than "permission denied". */
static int add_token(struct vault_token *token, struct http_exchange *exchange, struct error *err)
{
	if (vault_token_is_spent(token))
		return error_set(err, ERROR_DENIED,
		    "the Vault token was good for %lld request%s, and more are needed: raise "
		    "token_num_uses of the role, or set it to 0",
		    (long long)token->num_uses, token->num_uses == 1 ? "" : "s");
	token->requests++;
	if (secret_buffer_append_string(&exchange->credential, "X-Vault-Token: ", err) < 0)
		return -1;
	return secret_buffer_append(
	    &exchange->credential, token->value.data, token->value.length, err);
}

int vault_request(struct vault *vault, bool post, const char *mount, const char *rest,
    struct http_exchange *exchange, struct error *err)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->endpoint = &vault->endpoint;
	exchange->method = post ? "POST" : "GET";
	if (post)
		exchange->content_type = "application/json";
	if (secret_buffer_append_string(&exchange->path, "/v1", err) < 0)
		return -1;
	cleanup_free char *whole = string_format(err, "%s/%s", mount, rest);
	if (!whole)
		return -1;
	for (char *saved = NULL, *part = strtok_r(whole, "/", &saved); part;
	     part = strtok_r(NULL, "/", &saved)) {
		if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
			return error_set(
			    err, ERROR_USAGE, "\"%s\" can't stand in a Vault path", part);
		if (secret_buffer_append_string(&exchange->path, "/", err) < 0 ||
		    http_append_escaped(&exchange->path, part, err) < 0)
			return -1;
	}
	return vault->token.value.length ? add_token(&vault->token, exchange, err) : 0;
}
