#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/http/json_response.h"
#include "lib/kube/internal.h"

/* The kind of responses that contain only metadata. */
#define METADATA "PartialObjectMetadata"

/* -- credentials ------------------------------------------------------------------------------ */

int kube_token_add(const struct kube *kube, struct http_exchange *exchange, struct error *err)
{
	cleanup_secret struct secret_buffer file = SECRET_BUFFER_INIT;
	const struct secret_buffer *token = &kube->token;

	if (kube->token_file) {
		if (http_credential_read_file(
			&file, kube->token_file, "token for the Kubernetes API", err) < 0)
			return -1;
		token = &file;
	}
	if (token->length == 0)
		return 0;
	if (secret_buffer_append_string(&exchange->credential, "Authorization: Bearer ", err) < 0)
		return -1;
	return secret_buffer_append(&exchange->credential, token->data, token->length, err);
}

/* -- requests --------------------------------------------------------------------------------- */

static int path_append(struct secret_buffer *path, const char *segment, struct error *err)
{
	/* libcurl resolves dots as browsers do, which would change the object. */
	if (!*segment || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
		return error_set(
		    err, ERROR_USAGE, "\"%s\": not the name of a Kubernetes object", segment);
	if (secret_buffer_append_string(path, "/", err) < 0)
		return -1;
	return http_append_escaped(path, segment, err);
}

int kube_request(struct kube *kube, const char *method, const struct kube_object_kind *kind,
    const char *namespace, const char *name, struct http_exchange *exchange, struct error *err)
{
	memset(exchange, 0, sizeof(*exchange));
	exchange->endpoint = &kube->endpoint;
	exchange->method = method;
	if (strcmp(method, "PATCH") == 0)
		exchange->content_type = "application/merge-patch+json";
	else if (strcmp(method, "GET") != 0)
		exchange->content_type = "application/json";
	if (secret_buffer_append_string(&exchange->path, kind->api, err) < 0)
		return -1;
	if (namespace && (secret_buffer_append_string(&exchange->path, "/namespaces", err) < 0 ||
			     path_append(&exchange->path, namespace, err) < 0))
		return -1;
	if (path_append(&exchange->path, kind->resource, err) < 0 ||
	    (name && path_append(&exchange->path, name, err) < 0))
		return -1;
	return kube_token_add(kube, exchange, err);
}

/* A server that does not support the first type returns the second. */
void kube_ask_for_metadata(struct http_exchange *exchange)
{
	exchange->accept = "application/json;as=" METADATA ";g=meta.k8s.io;v=v1,application/json";
}

/* -- responses -------------------------------------------------------------------------------- */

/* Return "Reason: message" of a v1/Status, newly allocated, or NULL. */
static char *status_message(const struct json *document)
{
	struct error ignored = ERROR_INIT;
	cleanup_free char *reason =
	    json_strdup(document, json_member(document, JSON_ROOT, "reason"));
	cleanup_free char *message =
	    json_strdup(document, json_member(document, JSON_ROOT, "message"));

	if (!json_string_is(document, json_member(document, JSON_ROOT, "kind"), "Status") ||
	    !message)
		return NULL;
	if (!is_set(reason) || strcmp(reason, message) == 0)
		return string_format(&ignored, "%s", message);
	return string_format(&ignored, "%s: %s", reason, message);
}

/* Return the verb that a Role must allow for the request.  Only a list has a limit in its query. */
static const char *role_verb(const struct http_exchange *exchange)
{
	if (strcmp(exchange->method, "POST") == 0)
		return "create";
	if (strcmp(exchange->method, "PATCH") == 0)
		return "patch";
	return strstr(secret_buffer_string(&exchange->path), "?limit=") ? "list" : "get";
}

static void hint_permission(const struct http_exchange *exchange,
    const struct kube_object_kind *kind, const char *namespace, struct error *err)
{
	const char *verb = role_verb(exchange);

	if (namespace)
		error_hint(err, "a Role in namespace %s must allow %s on %s", namespace, verb,
		    kind->resource);
	else
		error_hint(err, "a ClusterRole must allow %s on %s", verb, kind->resource);
}

int kube_check(const struct http_exchange *exchange, const struct kube_object_kind *kind,
    const char *namespace, struct error *err)
{
	if (http_json_check(exchange, status_message, err) == 0)
		return 0;
	switch (exchange->status) {
	case 401:
		error_hint(err, "check that the token or client certificate is still valid, and "
				"for this cluster");
		break;
	case 403:
		hint_permission(exchange, kind, namespace, err);
		break;
	case 404:
		error_hint(err, "check the name and the namespace");
		break;
	case 409:
		if (strcmp(exchange->method, "POST") == 0)
			error_hint(
			    err, "use another name, because a %s of this name exists", kind->name);
		break;
	default:
		break;
	}
	return -1;
}

struct json *kube_parse(const struct http_exchange *exchange, const char *kind, struct error *err)
{
	struct json *document = http_json_parse(exchange, err);
	json_node found = json_member(document, JSON_ROOT, "kind");

	if (!document || json_string_is(document, found, kind) ||
	    (exchange->accept && json_string_is(document, found, METADATA)))
		return document;
	error_set(err, ERROR_INVALID, "Kubernetes API response: not a %s; check the address %s",
	    kind, exchange->endpoint->url);
	json_free(document);
	return NULL;
}

bool kube_object_is_absent(
    const struct http_exchange *exchange, const struct kube_object_kind *kind, const char *name)
{
	struct error unreadable = ERROR_INIT;

	if (exchange->status != 404)
		return false;
	cleanup_json struct json *status = http_json_parse(exchange, &unreadable);
	if (!status)
		return false;
	json_node details = json_member(status, JSON_ROOT, "details");
	return json_string_is(status, json_member(status, JSON_ROOT, "kind"), "Status") &&
	       json_string_is(status, json_member(status, JSON_ROOT, "reason"), "NotFound") &&
	       json_string_is(status, json_member(status, details, "kind"), kind->resource) &&
	       json_string_is(status, json_member(status, details, "name"), name);
}

int kube_check_same_object(const struct http_exchange *exchange, const char *namespace,
    const char *name, const char *found_namespace, const char *found_name, struct error *err)
{
	if (strcmp(found_namespace, namespace) == 0 && strcmp(found_name, name) == 0)
		return 0;
	error_set(err, ERROR_INVALID, "Kubernetes API response: another object: %s/%s",
	    found_namespace, found_name);
	http_redact(exchange, err->message);
	return -1;
}
