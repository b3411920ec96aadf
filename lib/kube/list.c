#include "lib/kube/answer.h"

#include "lib/kube/answer.h"

static int add_parameter(
    struct secret_buffer *path, const char *name, const char *value, struct error *err)
{
	if (!value || !*value)
		return 0;
	if (secret_buffer_append_format(path, err, "&%s=", name) < 0)
		return -1;
	return http_append_escaped(path, value, err);
}

int kube_list_request(struct kube *kube, const char *api, const char *resource,
    const struct kube_list *list, struct http_exchange *exchange, struct error *err)
{
	if (kube_group_request(kube, "GET", api, list->namespace, resource, NULL, exchange, err) <
		0 ||
	    secret_buffer_append_format(&exchange->path, err, "?limit=%d", list->limit) < 0 ||
	    add_parameter(&exchange->path, "labelSelector", list->selector, err) < 0 ||
	    add_parameter(&exchange->path, "continue", list->next, err) < 0)
		return -1;
	exchange->response_limit = list->bytes_max ? list->bytes_max : HTTP_RESPONSE_LARGE;
	return 0;
}

static int check(const struct http_exchange *exchange, const char *resource, struct error *err)
{
	if (kube_answer_check(exchange, err) == 0)
		return 0;
	if (exchange->status == 403)
		error_hint(err, "a Role (for all namespaces: a ClusterRole) must allow list on %s",
		    resource);
	if (exchange->status == 410)
		error_hint(err, "the list changed too much meanwhile: begin anew");
	return -1;
}

struct json *kube_list_parse(const struct http_exchange *exchange, const char *kind,
    const char *resource, char **next, struct error *err)
{
	*next = NULL;
	if (check(exchange, resource, err) < 0)
		return NULL;
	struct json *document = kube_answer_parse(exchange, kind, err);
	if (!document)
		return NULL;
	/* Go writes an empty list as null, too; anything else would pass for an empty one. */
	enum json_type items = json_type(document, json_member(document, JSON_ROOT, "items"));
	if (items != JSON_ARRAY && items != JSON_NULL) {
		error_set(err, ERROR_INVALID, "the Kubernetes API's answer holds no list of items");
		json_free(document);
		return NULL;
	}
	json_node token = json_path(document, JSON_ROOT, "metadata", "continue", NULL);
	if (json_type(document, token) == JSON_NOTHING || json_string_is(document, token, ""))
		return document;
	int result = json_copy_string(document, token, next, err);
	if (*next)
		return document;
	if (result == 0)
		error_set(err, ERROR_INVALID,
		    "the Kubernetes API's answer holds a malformed continue token");
	json_free(document);
	return NULL;
}

int kube_list_wrap(const struct kube_list *list, const char *what, struct error *err)
{
	if (!list->namespace)
		return error_wrap(err, "listing %s in all namespaces", what);
	return error_wrap(err, "listing %s in namespace %s", what, list->namespace);
}
