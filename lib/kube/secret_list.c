#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kube/answer.h"
#include "lib/kube/secret_json.h"

void kube_secret_page_free(struct kube_secret_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		kube_secret_free(&page->secrets[i]);
	free(page->secrets);
	free(page->next);
	memset(page, 0, sizeof(*page));
}

static int add_parameter(
    struct secret_buffer *path, const char *name, const char *value, struct error *err)
{
	if (!value || !*value)
		return 0;
	if (secret_buffer_append_format(path, err, "&%s=", name) < 0)
		return -1;
	return http_append_escaped(path, value, err);
}

static int list_request(struct kube *kube, const char *namespace, const char *selector, int limit,
    const char *next, struct http_exchange *exchange, struct error *err)
{
	if (kube_request(kube, "GET", namespace, "secrets", NULL, exchange, err) < 0 ||
	    secret_buffer_append_format(&exchange->path, err, "?limit=%d", limit) < 0 ||
	    add_parameter(&exchange->path, "labelSelector", selector, err) < 0 ||
	    add_parameter(&exchange->path, "continue", next, err) < 0)
		return -1;
	exchange->response_limit = HTTP_RESPONSE_LARGE;
	return 0;
}

static int read_items(
    const struct json *document, json_node items, struct kube_secret_page *page, struct error *err)
{
	size_t count = json_count(document, items);

	if (count == 0)
		return 0;
	page->secrets = calloc(count, sizeof(*page->secrets));
	if (!page->secrets)
		return error_memory(err);
	json_each (document, items, node) {
		if (kube_secret_read(document, node, true, &page->secrets[page->count], err) < 0)
			return error_wrap(err, "item %zu", page->count + 1);
		page->count++;
	}
	return 0;
}

static int read_page(
    const struct http_exchange *exchange, struct kube_secret_page *page, struct error *err)
{
	cleanup_json struct json *document = kube_answer_parse(exchange, "SecretList", err);

	if (!document)
		return -1;
	json_node next = json_path(document, JSON_ROOT, "metadata", "continue", NULL);
	if (json_type(document, next) != JSON_NOTHING && !json_string_is(document, next, "")) {
		page->next = json_strdup(document, next);
		if (!page->next)
			return error_set(err, ERROR_INVALID,
			    "the Kubernetes API's answer holds a malformed continue token");
	}
	return read_items(document, json_member(document, JSON_ROOT, "items"), page, err);
}

static int list_result(
    const struct http_exchange *exchange, struct kube_secret_page *page, struct error *err)
{
	if (kube_answer_check(exchange, err) == 0)
		return read_page(exchange, page, err);
	if (exchange->status == 403)
		error_hint(err, "a Role (for all namespaces: a ClusterRole) must allow list on "
				"secrets");
	if (exchange->status == 410)
		error_hint(err, "the list changed too much meanwhile: begin anew");
	return -1;
}

int kube_secret_list(struct http_client *client, struct kube *kube, const char *namespace,
    const char *selector, int limit, const char *next, struct kube_secret_page *page,
    struct error *err)
{
	struct http_exchange exchange;
	int result = list_request(kube, namespace, selector, limit, next, &exchange, err);

	memset(page, 0, sizeof(*page));
	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = list_result(&exchange, page, err);
	http_exchange_free(&exchange);
	if (result == 0)
		return 0;
	kube_secret_page_free(page);
	if (!namespace)
		return error_wrap(err, "listing Secrets in all namespaces");
	return error_wrap(err, "listing Secrets in namespace %s", namespace);
}
