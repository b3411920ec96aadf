#include "lib/kube/answer.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kube/credential.h"

/* The kinds in which the API server gives metadata alone. */
#define METADATA "PartialObjectMetadata"

static int add_segment(struct secret_buffer *path, const char *segment, struct error *err)
{
	/* libcurl resolves dots as browsers do, so that they would lead to another object. */
	if (!*segment || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
		return error_set(
		    err, ERROR_USAGE, "\"%s\" can't be the name of a Kubernetes object", segment);
	if (secret_buffer_append_string(path, "/", err) < 0)
		return -1;
	return http_append_escaped(path, segment, err);
}

int kube_group_request(struct kube *kube, const char *method, const char *api,
    const char *namespace, const char *resource, const char *name, struct http_exchange *exchange,
    struct error *err)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->endpoint = &kube->endpoint;
	exchange->method = method;
	if (strcmp(method, "GET") != 0)
		exchange->content_type = "application/json";
	if (secret_buffer_append_string(&exchange->path, api, err) < 0)
		return -1;
	if (namespace && (secret_buffer_append_string(&exchange->path, "/namespaces", err) < 0 ||
			     add_segment(&exchange->path, namespace, err) < 0))
		return -1;
	if (add_segment(&exchange->path, resource, err) < 0 ||
	    (name && add_segment(&exchange->path, name, err) < 0))
		return -1;
	return kube_add_credential(kube, exchange, err);
}

int kube_request(struct kube *kube, const char *method, const char *namespace, const char *resource,
    const char *name, struct http_exchange *exchange, struct error *err)
{
	return kube_group_request(
	    kube, method, KUBE_CORE, namespace, resource, name, exchange, err);
}

/* A server that is too old to know the first gives the second. */
void kube_ask_for_metadata(struct http_exchange *exchange)
{
	exchange->accept = "application/json;as=" METADATA ";g=meta.k8s.io;v=v1,application/json";
}

/* "Reason: message" of a v1/Status: newly allocated, or NULL when it is none. */
static char *status_text(const struct json *document)
{
	struct error ignored = ERROR_INIT;
	cleanup_free char *reason =
	    json_strdup(document, json_member(document, JSON_ROOT, "reason"));
	cleanup_free char *message =
	    json_strdup(document, json_member(document, JSON_ROOT, "message"));

	if (!json_string_is(document, json_member(document, JSON_ROOT, "kind"), "Status") ||
	    !message)
		return NULL;
	for (char *c = message; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	if (!reason || !*reason || strcmp(reason, message) == 0)
		return string_format(&ignored, "%s", message);
	return string_format(&ignored, "%s: %s", reason, message);
}

static struct json *parse(const struct http_exchange *exchange, struct error *err)
{
	const char *look = http_describe_body(exchange);
	struct json *document = json_parse(secret_buffer_string(&exchange->response),
	    exchange->response.length, "the Kubernetes API's answer", err);

	if (document)
		return document;
	if (look)
		error_set(err, ERROR_INVALID, "the Kubernetes API's answer is %s", look);
	error_hint(err, "is there a Kubernetes API server at %s?", exchange->endpoint->url);
	return NULL;
}

int kube_answer_check(const struct http_exchange *exchange, struct error *err)
{
	struct error unreadable = ERROR_INIT;
	cleanup_free char *text = NULL;

	if (exchange->status >= 200 && exchange->status < 300)
		return 0;
	if (exchange->status) {
		cleanup_json struct json *document = parse(exchange, &unreadable);
		if (document)
			text = status_text(document);
	}
	if (http_check(exchange,
		text		  ? text
		: unreadable.code ? unreadable.message
				  : NULL,
		err) == 0)
		return 0;
	if (exchange->status == 401)
		error_hint(err, "the token or client certificate was not accepted: has it expired, "
				"and is it one of this cluster?");
	return -1;
}

static bool is_of_kind(
    const struct http_exchange *exchange, const struct json *document, const char *kind)
{
	json_node node = json_member(document, JSON_ROOT, "kind");

	if (json_string_is(document, node, kind))
		return true;
	return exchange->accept && json_string_is(document, node, METADATA);
}

struct json *kube_answer_parse(
    const struct http_exchange *exchange, const char *kind, struct error *err)
{
	struct json *document = parse(exchange, err);

	if (document && !is_of_kind(exchange, document, kind)) {
		error_set(err, ERROR_INVALID,
		    "the Kubernetes API's answer is no %s: is there an API server at %s?", kind,
		    exchange->endpoint->url);
		json_free(document);
		return NULL;
	}
	return document;
}
