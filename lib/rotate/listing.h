/*
 * listing: the Secrets of a selection, page by page, in bounded memory.
 *
 * A list page has no limit in bytes: 500 Secrets of 1 MiB are 700 MB.  So pages begin small, their
 * size follows that of the Secrets seen, and an answer over PAGE_BYTES_MAX is given up and asked
 * for again in smaller pages.  A list that has expired (410) begins anew.
 */
#ifndef ROTATE_LISTING_H
#define ROTATE_LISTING_H

#include "lib/kube/kube.h"
#include "lib/rotate/selection.h"

#define PAGE_LIMIT_FIRST 100
#define PAGE_LIMIT_MAX 1000		 /* one batch of rewraps, and an answer of a moment */
#define PAGE_BYTES ((size_t)1024 * 1024) /* what is aimed at */
#define PAGE_BYTES_MAX ((size_t)4 * 1024 * 1024) /* one Secret fits in any case */
/* Expired lists in a row: the API server compacts faster than we read. */
#define LISTING_RESTARTS_MAX 5

struct listing {
	struct kube *kube;
	const struct selection *selection;
	size_t target; /* the namespace or name at hand */
	char *next;    /* the continue token, or NULL */
	int limit;
	int restarts;
	bool done, running;
	struct http_exchange exchange;
};

/* Borrows both. */
void listing_init(struct listing *listing, struct kube *kube, const struct selection *selection)
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
