/*
 * listing: the Secrets of a selection, page by page, in bounded memory.
 *
 * lib/kube's pager adapts the pages to the sizes of the Secrets.  A list that has expired (410)
 * begins again.
 */
#ifndef ROTATE_LISTING_H
#define ROTATE_LISTING_H

#include "lib/kube/list.h"
#include "lib/rotate/secret_filter.h"

struct listing {
	struct kube *kube;
	const struct secret_filter *selection;
	size_t target; /* the namespace or name at hand */
	struct kube_pager pager;
	bool done, running;
	struct http_exchange exchange;
};

/* Borrows both. */
void listing_init(struct listing *listing, struct kube *kube, const struct secret_filter *selection)
    __attribute__((nonnull));
/* Prepare listing->exchange for the next page; not when it is done. */
int listing_request(struct listing *listing, struct error *err)
    __attribute__((nonnull, warn_unused_result));

enum listing_result {
	LISTING_FAILED = -1, /* *err */
	LISTING_PAGE,	     /* *page is filled */
	LISTING_AGAIN,	     /* the page was too large, or not there: ask for the next */
	LISTING_ANEW,	     /* the list has expired: it begins from its start */
};
/*
 * Read the answer.  LISTING_AGAIN with *err set: a Secret asked for by name can't be read, for that
 * reason, and the next one is due.
 */
enum listing_result listing_result(struct listing *listing, struct kube_secret_page *page,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* The name, NAMESPACE/NAME, that the exchange at hand is about; NULL for a list. */
const char *listing_name(const struct listing *listing) __attribute__((nonnull));
void listing_free(struct listing *listing) __attribute__((nonnull));

#endif
