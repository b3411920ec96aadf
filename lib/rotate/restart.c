#include "lib/rotate/restart.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/kube/list.h"
#include "lib/kube/workload.h"

/* Metadata of workloads is some KB each, most of it managed fields. */
#define PAGE_LIMIT 250
/* Of an answer: what a rotation's memory has room for. */
#define PAGE_BYTES_MAX ((size_t)8 * 1024 * 1024)
/* Lists that expire before their end: the API server compacts faster than we read. */
#define ANEW_MAX 5

struct restarting {
	struct http_client *client;
	struct kube *kube;
	bool dry_run;
	char time[KUBE_TIME_SIZE]; /* the same for all */
	struct restarts *restarts;
};

static bool asks_for_it(const struct kube_workload *workload)
{
	const char *value = kube_workload_annotation(workload, RESTART_ANNOTATION);

	return value && strcmp(value, "true") == 0;
}

/* Log what stops one workload or kind only; -1 when it stops all. */
static int fail(struct restarting *restarting, struct error *err)
{
	if (error_is_outage(err))
		return -1;
	log_write(LOG_ERROR, "%s", err->message);
	error_clear(err);
	restarting->restarts->failed++;
	return 0;
}

/* -- finding ---------------------------------------------------------------------------------- */

static int note_page(
    const struct kube_workload_page *page, struct strings *found, struct error *err)
{
	for (size_t i = 0; i < page->count; i++) {
		const struct kube_workload *workload = &page->workloads[i];
		if (!asks_for_it(workload))
			continue;
		cleanup_free char *name =
		    string_format(err, "%s/%s", workload->namespace, workload->name);
		if (!name || strings_append(found, name, err) < 0)
			return -1;
	}
	return 0;
}

/* The next page; one that is too large for us is asked for again by halves. */
static int next_page(const struct restarting *restarting, enum kube_workload_kind kind,
    struct kube_list *list, struct kube_workload_page *page, struct error *err)
{
	while (
	    kube_workload_list(restarting->client, restarting->kube, kind, list, page, err) < 0) {
		if (err->code != ERROR_TOO_LARGE || list->limit == 1)
			return -1;
		error_clear(err);
		list->limit /= 2;
	}
	return 0;
}

/* Names of a kind's workloads in one namespace, or with NULL in all, as NAMESPACE/NAME. */
static int find_once(const struct restarting *restarting, enum kube_workload_kind kind,
    const char *namespace, struct strings *found, struct error *err)
{
	struct kube_list list = {
	    .namespace = namespace, .limit = PAGE_LIMIT, .bytes_max = PAGE_BYTES_MAX};
	cleanup_free char *next = NULL;

	do {
		struct kube_workload_page page;
		list.next = next;
		if (next_page(restarting, kind, &list, &page, err) < 0)
			return -1;
		free(next);
		next = page.next;
		page.next = NULL;
		int result = note_page(&page, found, err);
		kube_workload_page_free(&page);
		if (result < 0)
			return -1;
	} while (next);
	return 0;
}

/* A list that expires in the middle begins anew. */
static int find(const struct restarting *restarting, enum kube_workload_kind kind,
    const char *namespace, struct strings *found, struct error *err)
{
	for (int tries = 0; find_once(restarting, kind, namespace, found, err) < 0; tries++) {
		if (err->code != ERROR_GONE || tries == ANEW_MAX)
			return -1;
		error_clear(err);
		strings_free(found);
	}
	return 0;
}

/* -- restarting ------------------------------------------------------------------------------- */

static int restart(struct restarting *restarting, enum kube_workload_kind kind,
    const char *whole_name, struct error *err)
{
	const char *name = strchr(whole_name, '/') + 1, *kind_name = kube_workload_kind_name(kind);
	cleanup_free char *namespace =
	    string_format(err, "%.*s", (int)(name - 1 - whole_name), whole_name);

	if (!namespace)
		return -1;
	if (restarting->dry_run)
		log_write(LOG_INFO, "dry run: would restart %s %s", kind_name, whole_name);
	else if (kube_workload_restart(restarting->client, restarting->kube, kind, namespace, name,
		     restarting->time, err) == 0)
		log_write(LOG_INFO, "%s %s: restarted", kind_name, whole_name);
	else if (err->code != ERROR_NOT_FOUND)
		return fail(restarting, err);
	else {
		error_clear(err); /* gone meanwhile */
		return 0;
	}
	restarting->restarts->restarted++;
	return 0;
}

static int restart_kind(struct restarting *restarting, enum kube_workload_kind kind,
    const char *namespace, struct error *err)
{
	struct strings found = {0};
	int result = find(restarting, kind, namespace, &found, err);

	if (result < 0)
		result = fail(restarting, err);
	else
		for (size_t i = 0; result == 0 && i < found.count; i++)
			result = restart(restarting, kind, found.items[i], err);
	strings_free(&found);
	return result;
}

int restart_annotated(struct http_client *client, struct kube *kube,
    const struct strings *namespaces, bool dry_run, struct restarts *restarts, struct error *err)
{
	struct restarting restarting = {
	    .client = client, .kube = kube, .dry_run = dry_run, .restarts = restarts};
	size_t places = namespaces->count ? namespaces->count : 1;

	*restarts = (struct restarts){0};
	kube_time(restarting.time);
	for (enum kube_workload_kind kind = 0; kind < KUBE_WORKLOAD_KINDS; kind++)
		for (size_t i = 0; i < places; i++) {
			const char *namespace = namespaces->count ? namespaces->items[i] : NULL;
			if (restart_kind(&restarting, kind, namespace, err) < 0)
				return error_wrap(err, "restarting annotated workloads");
		}
	return 0;
}
