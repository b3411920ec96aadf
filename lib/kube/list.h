/* list: read lists page by page, of Secrets, or of any other kind as JSON. */
#ifndef KUBE_LIST_H
#define KUBE_LIST_H

#include "lib/base/json_reader.h"
#include "lib/kube/secret.h"

/* A request for a page.  All strings are borrowed. */
struct kube_list {
	const char *namespace; /* NULL: all namespaces */
	const char *selector;  /* label selector; NULL: none */
	int limit;	       /* objects per page */
	const char *next;      /* the continue token of the previous page; NULL: the first page */
	size_t bytes_max;      /* of the response; 0: HTTP_RESPONSE_LARGE */
};

struct kube_secret_page {
	struct kube_secret *secrets;
	size_t count;
	char *next;   /* the continue token, or NULL on the last page */
	size_t bytes; /* of the response */
};
void kube_secret_page_free(struct kube_secret_page *page) __attribute__((nonnull));
/*
 * List Secrets.  ERROR_GONE if `next` has expired, ERROR_TOO_LARGE if the page must be smaller; see
 * kube_pager_retry.
 */
int kube_secret_list_request(struct kube *kube, const struct kube_list *list,
    struct http_exchange *exchange, struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_list_result(const struct http_exchange *exchange, const struct kube_list *list,
    struct kube_secret_page *page, struct error *err) __attribute__((nonnull, warn_unused_result));
int kube_secret_list(struct http_client *client, struct kube *kube, const struct kube_list *list,
    struct kube_secret_page *page, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * A pager reads a list page by page in bounded memory.  A page has no limit in bytes (500 Secrets
 * of 1 MiB are 700 MB), so the first page is small, the size of later pages depends on the sizes so
 * far, and a page that was too large is requested again with fewer objects.
 */
#define KUBE_PAGE_LIMIT_FIRST 100
#define KUBE_PAGE_LIMIT_MAX 1000		      /* objects */
#define KUBE_PAGE_BYTES ((size_t)1024 * 1024)	      /* preferred size */
#define KUBE_PAGE_BYTES_MAX ((size_t)4 * 1024 * 1024) /* a Secret of any size fits */
/* An object of any kind: etcd stores 1.5 MiB, which JSON escapes can make six times as long. */
#define KUBE_OBJECT_BYTES_MAX ((size_t)12 * 1024 * 1024)
/* Limit of expired lists: the API server compacts faster than the list can be read. */
#define KUBE_PAGE_RESTARTS_MAX 5

struct kube_pager {
	char *next; /* the continue token; NULL for the first page, or after the last */
	int limit;
	int restarts;
};
void kube_pager_init(struct kube_pager *pager) __attribute__((nonnull));
void kube_pager_free(struct kube_pager *pager) __attribute__((nonnull));
/* Return the request for the next page.  It borrows the arguments and the pager's token. */
struct kube_list kube_pager_list(const struct kube_pager *pager, const char *namespace,
    const char *selector) __attribute__((nonnull(1)));
/* Record a page of `count` objects and `bytes`, and move its continue token from *next. */
void kube_pager_advance(struct kube_pager *pager, char **next, size_t count, size_t bytes)
    __attribute__((nonnull));
enum kube_pager_retry {
	KUBE_PAGER_FAILED = -1, /* *err is unchanged */
	KUBE_PAGER_SMALLER,	/* request the page again with fewer objects */
	KUBE_PAGER_RESTARTED,	/* the list has expired; request its first page */
};
/* Decide how to continue after a failed page.  Clear *err unless KUBE_PAGER_FAILED is returned. */
enum kube_pager_retry kube_pager_retry(struct kube_pager *pager, struct error *err)
    __attribute__((nonnull, warn_unused_result));

struct kube_object_page {
	struct json *document;
	json_node items;
	size_t count;
	char *next;   /* the continue token, or NULL on the last page */
	size_t bytes; /* of the response */
	struct http_exchange exchange;
};
/* List objects of the kind.  The page is zeroed on error; otherwise the caller frees it. */
int kube_object_list(struct http_client *client, struct kube *kube,
    const struct kube_object_kind *kind, const struct kube_list *list,
    struct kube_object_page *page, struct error *err) __attribute__((nonnull, warn_unused_result));
void kube_object_page_free(struct kube_object_page *page) __attribute__((nonnull));

#endif
