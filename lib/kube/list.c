#include <stdlib.h>
#include <string.h>

#include "lib/kube/internal.h"

/* -- requests and responses of any kind ------------------------------------------------------- */

static int add_parameter(
    struct secret_buffer *path, const char *name, const char *value, struct error *err)
{
	if (!is_set(value))
		return 0;
	if (secret_buffer_append_format(path, err, "&%s=", name) < 0)
		return -1;
	return http_append_escaped(path, value, err);
}

static int list_request(struct kube *kube, const struct kube_object_kind *kind,
    const struct kube_list *list, struct http_exchange *exchange, struct error *err)
{
	if (kube_request(kube, "GET", kind, list->namespace, NULL, exchange, err) < 0 ||
	    secret_buffer_append_format(&exchange->path, err, "?limit=%d", list->limit) < 0 ||
	    add_parameter(&exchange->path, "labelSelector", list->selector, err) < 0 ||
	    add_parameter(&exchange->path, "continue", list->next, err) < 0)
		return -1;
	exchange->response_limit = list->bytes_max ? list->bytes_max : HTTP_RESPONSE_LARGE;
	return 0;
}

/* Set *next to the continue token of the response, newly allocated; NULL on the last page. */
static int list_read_next(
    const struct json *document, const struct kube_list *list, char **next, struct error *err)
{
	json_node token = json_path(document, JSON_ROOT, "metadata", "continue", NULL);

	*next = NULL;
	if (json_type(document, token) == JSON_NOTHING || json_string_is(document, token, ""))
		return 0;
	if (json_copy_string(document, token, next, err) < 0)
		return -1;
	if (!*next)
		return error_set(
		    err, ERROR_INVALID, "Kubernetes API response: malformed continue token");
	if (!list->next || strcmp(*next, list->next) != 0)
		return 0;
	free(*next);
	*next = NULL;
	return error_set(err, ERROR_INVALID,
	    "Kubernetes API response: its continue token is that of the requested page");
}

/* Parse a page, which borrows the response.  *next is newly allocated, or NULL on the last page. */
static struct json *list_parse(const struct http_exchange *exchange,
    const struct kube_object_kind *kind, const struct kube_list *list, char **next,
    struct error *err)
{
	*next = NULL;
	if (kube_check(exchange, kind, list->namespace, err) < 0) {
		if (exchange->status == 410)
			error_hint(err, "start the list again, because it has expired");
		return NULL;
	}
	struct json *document = kube_parse(exchange, kind->list_kind, err);
	if (!document)
		return NULL;
	/* Go writes an empty list as null, too.  Any other value is not an empty list. */
	enum json_type items = json_type(document, json_member(document, JSON_ROOT, "items"));
	if (items != JSON_ARRAY && items != JSON_NULL)
		error_set(err, ERROR_INVALID, "Kubernetes API response: no list of items");
	else if (list_read_next(document, list, next, err) == 0)
		return document;
	json_free(document);
	return NULL;
}

/* Prefix an error with the list's kind and namespace.  Return -1. */
static int list_wrap(
    const struct kube_object_kind *kind, const struct kube_list *list, struct error *err)
{
	if (!list->namespace)
		return error_wrap(err, "listing %s in all namespaces", kind->plural);
	return error_wrap(err, "listing %s in namespace %s", kind->plural, list->namespace);
}

/* -- Secrets ---------------------------------------------------------------------------------- */

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
	return list_request(kube, &kube_secret_kind, list, exchange, err);
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
	    list_parse(exchange, &kube_secret_kind, list, &page->next, err);
	page->bytes = exchange->response.length;
	if (document &&
	    read_items(document, json_member(document, JSON_ROOT, "items"), page, err) == 0)
		return 0;
	kube_secret_page_free(page);
	return list_wrap(&kube_secret_kind, list, err);
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
		list_wrap(&kube_secret_kind, list, err);
	http_exchange_free(&exchange);
	return result;
}

/* -- other kinds ------------------------------------------------------------------------------ */

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
	int result = list_request(kube, kind, list, &page->exchange, err);
	if (result == 0)
		result = http_run_one(client, &page->exchange, err);
	if (result == 0)
		page->document = list_parse(&page->exchange, kind, list, &page->next, err);
	if (!page->document) {
		kube_object_page_free(page);
		return list_wrap(kind, list, err);
	}
	page->items = json_member(page->document, JSON_ROOT, "items");
	page->count = json_count(page->document, page->items);
	page->bytes = page->exchange.response.length;
	return 0;
}

/* -- pager ------------------------------------------------------------------------------------ */

void kube_pager_init(struct kube_pager *pager)
{
	*pager = (struct kube_pager){.limit = KUBE_PAGE_LIMIT_FIRST};
}

void kube_pager_free(struct kube_pager *pager)
{
	free(pager->next);
	pager->next = NULL;
}

struct kube_list kube_pager_list(
    const struct kube_pager *pager, const char *namespace, const char *selector)
{
	return (struct kube_list){.namespace = namespace,
	    .selector = selector,
	    .limit = pager->limit,
	    .next = pager->next,
	    .bytes_max = KUBE_PAGE_BYTES_MAX};
}

void kube_pager_advance(struct kube_pager *pager, char **next, size_t count, size_t bytes)
{
	size_t fitting = KUBE_PAGE_LIMIT_MAX, twice = 2 * (size_t)pager->limit;

	free(pager->next);
	pager->next = *next;
	*next = NULL;
	if (count == 0)
		return;
	if (bytes > 0)
		fitting = KUBE_PAGE_BYTES / (bytes / count + 1);
	if (fitting > twice)
		fitting = twice;
	if (fitting > KUBE_PAGE_LIMIT_MAX)
		fitting = KUBE_PAGE_LIMIT_MAX;
	pager->limit = fitting ? (int)fitting : 1;
}

enum kube_pager_retry kube_pager_retry(struct kube_pager *pager, struct error *err)
{
	if (err->code == ERROR_TOO_LARGE && pager->limit > 1) {
		error_clear(err);
		pager->limit = pager->limit > 4 ? pager->limit / 4 : 1;
		return KUBE_PAGER_SMALLER;
	}
	if (err->code != ERROR_GONE || pager->restarts++ == KUBE_PAGE_RESTARTS_MAX)
		return KUBE_PAGER_FAILED;
	error_clear(err);
	kube_pager_free(pager);
	return KUBE_PAGER_RESTARTED;
}
