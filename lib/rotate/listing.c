#include "lib/rotate/listing.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

void listing_init(struct listing *listing, struct kube *kube, const struct secret_filter *selection)
{
	*listing = (struct listing){.kube = kube, .selection = selection};
	kube_pager_init(&listing->pager);
}

static struct kube_list list_of(const struct listing *listing)
{
	const struct strings *in = &listing->selection->namespaces;

	return kube_pager_list(&listing->pager, in->count ? in->items[listing->target] : NULL,
	    listing->selection->selector);
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

/* The page has failed. */
static enum listing_result retry(struct listing *listing, struct error *err)
{
	switch (kube_pager_retry(&listing->pager, err)) {
	case KUBE_PAGER_SMALLER:
		return LISTING_AGAIN;
	case KUBE_PAGER_RESTARTED:
		listing->target = 0;
		return LISTING_ANEW;
	case KUBE_PAGER_FAILED:
		break;
	}
	return LISTING_FAILED;
}

enum listing_result listing_result(
    struct listing *listing, struct kube_secret_page *page, struct error *err)
{
	struct kube_list list = list_of(listing);
	size_t targets = listing->selection->namespaces.count;

	if (listing_name(listing))
		return name_result(listing, page, err);
	if (kube_secret_list_result(&listing->exchange, &list, page, err) < 0)
		return retry(listing, err);
	kube_pager_advance(&listing->pager, &page->next, page->count, page->bytes);
	if (!listing->pager.next)
		advance(listing, targets);
	return LISTING_PAGE;
}

void listing_free(struct listing *listing)
{
	http_exchange_free(&listing->exchange);
	kube_pager_free(&listing->pager);
}
