#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kube/answer.h"
#include "lib/kube/list.h"
#include "lib/kube/secret_json.h"

void kube_secret_page_free(struct kube_secret_page *page)
{
	for (size_t i = 0; i < page->count; i++)
		kube_secret_free(&page->secrets[i]);
	free(page->secrets);
	free(page->next);
	memset(page, 0, sizeof(*page));
}

int kube_secret_list_request(struct kube *kube, const struct kube_list *list,
    struct http_exchange *exchange, struct error *err)
{
	return kube_list_request(kube, KUBE_CORE, "secrets", list, exchange, err);
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

int kube_secret_list_result(const struct http_exchange *exchange, const struct kube_list *list,
    struct kube_secret_page *page, struct error *err)
{
	memset(page, 0, sizeof(*page));
	cleanup_json struct json *document =
	    kube_list_parse(exchange, "SecretList", "secrets", &page->next, err);
	page->bytes = exchange->response.length;
	if (document && page->next && list->next && strcmp(page->next, list->next) == 0) {
		error_set(err, ERROR_INVALID,
		    "the Kubernetes API's answer goes on with the page that was asked for");
	} else if (document && read_items(document, json_member(document, JSON_ROOT, "items"), page,
				   err) == 0) {
		return 0;
	}
	kube_secret_page_free(page);
	return kube_list_wrap(list, "Secrets", err);
}

int kube_secret_list(struct http_client *client, struct kube *kube, const struct kube_list *list,
    struct kube_secret_page *page, struct error *err)
{
	struct http_exchange exchange;
	int result = kube_secret_list_request(kube, list, &exchange, err);

	memset(page, 0, sizeof(*page));
	if (result == 0)
		result = http_run_one(client, &exchange, err);
	if (result == 0)
		result = kube_secret_list_result(&exchange, list, page, err);
	else
		kube_list_wrap(list, "Secrets", err);
	http_exchange_free(&exchange);
	return result;
}
