#include "lib/rotate/listing.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

void listing_init(struct listing *listing, struct kube *kube, const struct selection *selection)
{
	*listing =
	    (struct listing){.kube = kube, .selection = selection, .limit = PAGE_LIMIT_FIRST};
}

static struct kube_list list_of(const struct listing *listing)
{
	const struct strings *in = &listing->selection->namespaces;

	return (struct kube_list){.namespace = in->count ? in->items[listing->target] : NULL,
	    .selector = listing->selection->selector,
	    .limit = listing->limit,
	    .next = listing->next,
	    .bytes_max = PAGE_BYTES_MAX};
}

const char *listing_name(const struct listing *listing)
{
	const struct strings *names = &listing->selection->names;

	return names->count ? names->items[listing->target] : NULL;
}

/* NAMESPACE/NAME in two; newly allocated. */
static int split_name(const char *whole, char **namespace, char **name, struct error *err)
{
	const char *slash = strchr(whole, '/');

	*namespace = strndup(whole, (size_t)(slash - whole));
	*name = strdup(slash + 1);
	return *namespace && *name ? 0 : error_memory(err);
}

int listing_request(struct listing *listing, struct error *err)
{
	const char *whole = listing_name(listing);
	struct kube_list list = list_of(listing);
	cleanup_free char *namespace = NULL, *name = NULL;

	http_exchange_free(&listing->exchange);
	if (!whole)
		return kube_secret_list_request(listing->kube, &list, &listing->exchange, err);
	if (split_name(whole, &namespace, &name, err) < 0)
		return -1;
	return kube_secret_get_request(listing->kube, namespace, name, &listing->exchange, err);
}

/* The next namespace or name, if there is one. */
static void advance(struct listing *listing, size_t targets)
{
	listing->done = ++listing->target >= targets;
}

static enum listing_result name_result(
    struct listing *listing, struct kube_secret_page *page, struct error *err)
{
	cleanup_free char *namespace = NULL, *name = NULL;

	memset(page, 0, sizeof(*page));
	page->secrets = calloc(1, sizeof(*page->secrets));
	if (!page->secrets) {
		error_memory(err);
		return LISTING_FAILED;
	}
	if (split_name(listing_name(listing), &namespace, &name, err) < 0) {
		kube_secret_page_free(page);
		return LISTING_FAILED;
	}
	if (kube_secret_result(&listing->exchange, namespace, name, page->secrets, err) == 0) {
		page->count = 1;
		advance(listing, listing->selection->names.count);
		return LISTING_PAGE;
	}
	kube_secret_page_free(page);
	if (error_is_outage(err))
		return LISTING_FAILED;
	advance(listing, listing->selection->names.count);
	return LISTING_AGAIN;
}

/* Pages of about PAGE_BYTES; they grow slowly, since what comes may be larger. */
static void adapt(struct listing *listing, const struct kube_secret_page *page)
{
	size_t fitting = PAGE_LIMIT_MAX;

	if (page->count == 0)
		return;
	if (page->bytes > 0)
		fitting = PAGE_BYTES / (page->bytes / page->count + 1);
	if (fitting > 2 * (size_t)listing->limit)
		fitting = 2 * (size_t)listing->limit;
	if (fitting > PAGE_LIMIT_MAX)
		fitting = PAGE_LIMIT_MAX;
	listing->limit = fitting ? (int)fitting : 1;
}

static enum listing_result restart(struct listing *listing, struct error *err)
{
	if (listing->restarts++ == LISTING_RESTARTS_MAX)
		return LISTING_FAILED;
	error_clear(err);
	free(listing->next);
	listing->next = NULL;
	listing->target = 0;
	return LISTING_ANEW;
}

enum listing_result listing_result(
    struct listing *listing, struct kube_secret_page *page, struct error *err)
{
	struct kube_list list = list_of(listing);
	size_t targets = listing->selection->namespaces.count;

	if (listing_name(listing))
		return name_result(listing, page, err);
	if (kube_secret_list_result(&listing->exchange, &list, page, err) < 0) {
		if (err->code == ERROR_GONE)
			return restart(listing, err);
		if (err->code != ERROR_TOO_LARGE || listing->limit == 1)
			return LISTING_FAILED;
		error_clear(err);
		listing->limit = listing->limit / 4 + 1;
		return LISTING_AGAIN;
	}
	adapt(listing, page);
	free(listing->next);
	listing->next = page->next;
	page->next = NULL;
	if (!listing->next)
		advance(listing, targets);
	return LISTING_PAGE;
}

void listing_free(struct listing *listing)
{
	http_exchange_free(&listing->exchange);
	free(listing->next);
	listing->next = NULL;
}
