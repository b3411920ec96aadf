#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/kube/answer.h"

void kube_object_page_free(struct kube_object_page *page)
{
	json_free(page->document);
	free(page->next);
	http_exchange_free(&page->exchange);
	memset(page, 0, sizeof(*page));
}

int kube_object_list(struct http_client *client, struct kube *kube,
    const struct kube_object_kind *kind, const struct kube_list *list,
    struct kube_object_page *page, struct error *err)
{
	memset(page, 0, sizeof(*page));
	int result = kube_list_request(kube, kind->api, kind->resource, list, &page->exchange, err);
	if (result == 0)
		result = http_run_one(client, &page->exchange, err);
	if (result == 0)
		page->document = kube_list_parse(
		    &page->exchange, kind->list_kind, kind->resource, &page->next, err);
	if (!page->document) {
		kube_object_page_free(page);
		return kube_list_wrap(list, kind->plural, err);
	}
	page->items = json_member(page->document, JSON_ROOT, "items");
	page->count = json_count(page->document, page->items);
	page->bytes = page->exchange.response.length;
	return 0;
}
