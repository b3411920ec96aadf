#include <stdlib.h>

#include "lib/kube/list.h"

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
