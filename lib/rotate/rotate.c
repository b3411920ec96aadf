#include "lib/rotate/rotate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/rotate/keyset.h"
#include "lib/rotate/rewrap.h"
#include "lib/sealed/sealed.h"

/* Secrets a page: of usual ones a small answer, and one batch of rewraps. */
#define PAGE_LIMIT 500
/* A pass that finds something old is followed by another, for what was written meanwhile. */
#define PASSES_MAX 3
/* Expired lists in a row: the API server compacts faster than we read. */
#define RESTARTS_MAX 5

struct rotation {
	const struct rotate_settings *settings;
	struct rotate_summary *summary;
	struct http_client *client;
	struct vault vault;
	struct kube kube;
	struct keyset keys;
	struct strings complained;
};

typedef int page_handler(
    struct rotation *rotation, struct kube_secret_page *page, size_t *found, struct error *err);

static const char *namespace_of(const struct rotation *rotation)
{
	return rotation->settings->all_namespaces ? NULL : rotation->kube.namespace;
}

/* The next page; one that is too large for us is asked for again by halves. */
static int next_page(struct rotation *rotation, int *limit, const char *next,
    struct kube_secret_page *page, struct error *err)
{
	struct kube_list list = {.namespace = namespace_of(rotation),
	    .selector = SEALED_SELECTOR,
	    .limit = *limit,
	    .next = next};

	while (kube_secret_list(rotation->client, &rotation->kube, &list, page, err) < 0) {
		if (err->code != ERROR_TOO_LARGE || *limit == 1)
			return -1;
		error_clear(err);
		list.limit = *limit /= 2;
	}
	return 0;
}

/* What is counted a pass begins at nothing. */
static void begin_pass(struct rotate_summary *summary)
{
	summary->listed = summary->current = summary->other_key = 0;
	summary->deleted = summary->failed = 0;
}

/* Hand all pages to `handle`; *found sums up what it finds. */
static int each_page(
    struct rotation *rotation, page_handler *handle, size_t *found, struct error *err)
{
	char *next = NULL;
	int limit = PAGE_LIMIT, result = 0, restarts = 0;
	bool more = true;

	while (result == 0 && more) {
		struct kube_secret_page page = {0};
		size_t on_page = 0;

		result = next_page(rotation, &limit, next, &page, err);
		free(next);
		next = NULL;
		if (result < 0 && err->code == ERROR_GONE && restarts++ < RESTARTS_MAX) {
			/* From the start: what is done shows by its version, and costs nothing. */
			error_clear(err);
			begin_pass(rotation->summary);
			result = 0;
			continue;
		}
		if (result == 0)
			result = handle(rotation, &page, &on_page, err);
		*found += on_page;
		next = page.next;
		page.next = NULL;
		more = next != NULL;
		kube_secret_page_free(&page);
	}
	free(next);
	return result;
}

/* The keys that annotations name; a malformed one is that Secret's failure, later. */
static int gather_keys(
    struct rotation *rotation, struct kube_secret_page *page, size_t *found, struct error *err)
{
	*found = page->count;
	for (size_t i = 0; !rotation->settings->transit_key && i < page->count; i++) {
		const char *key = kube_secret_annotation(&page->secrets[i], SEALED_ANNOTATION_KEY);
		if (!key || keyset_add(&rotation->keys, key, err) == 0)
			continue;
		if (err->code != ERROR_USAGE)
			return -1;
		error_clear(err);
	}
	return 0;
}

static int find_keys(struct rotation *rotation, struct error *err)
{
	size_t secrets = 0;

	if (rotation->settings->transit_key &&
	    keyset_add(&rotation->keys, rotation->settings->transit_key, err) < 0)
		return -1;
	/* Also with --transit-key: a key is not rotated for Secrets that can't be listed. */
	if (each_page(rotation, gather_keys, &secrets, err) < 0)
		return -1;
	if (secrets == 0)
		log_write(LOG_WARNING, "no Secret labelled " SEALED_SELECTOR " in %s%s",
		    rotation->settings->all_namespaces ? "any namespace" : "namespace ",
		    rotation->settings->all_namespaces ? "" : rotation->kube.namespace);
	if (rotation->keys.count == 0 && secrets > 0)
		return error_set(err, ERROR_USAGE,
		    "none of %zu sealed Secrets says which Transit key it is sealed with: name it "
		    "with --transit-key",
		    secrets);
	return 0;
}

static int rewrap_page(
    struct rotation *rotation, struct kube_secret_page *page, size_t *found, struct error *err)
{
	struct rewrap rewrap = {.client = rotation->client,
	    .vault = &rotation->vault,
	    .kube = &rotation->kube,
	    .keys = &rotation->keys,
	    .settings = rotation->settings,
	    .summary = rotation->summary,
	    .complained = &rotation->complained};

	rotation->summary->listed += page->count;
	return rewrap_secrets(&rewrap, page->secrets, page->count, found, err);
}

static int rewrap_passes(struct rotation *rotation, struct error *err)
{
	struct rotate_summary *summary = rotation->summary;
	size_t old = 1;

	for (int pass = 0; old > 0 && pass < PASSES_MAX; pass++) {
		old = 0;
		begin_pass(summary);
		if (each_page(rotation, rewrap_page, &old, err) < 0)
			return -1;
	}
	if (summary->failed)
		return error_set(err, ERROR_REJECTED,
		    "%zu of %zu Secrets are left on an old version, for the reasons above: see to "
		    "them and run again; they still decrypt",
		    summary->failed, summary->listed);
	return 0;
}

static int run(struct rotation *rotation, struct error *err)
{
	if (kube_init(&rotation->kube, &rotation->settings->kube, err) < 0 ||
	    find_keys(rotation, err) < 0 ||
	    vault_session_begin(
		rotation->client, &rotation->vault, &rotation->settings->session, err) < 0 ||
	    keyset_rotate(&rotation->keys, rotation->client, &rotation->vault, err) < 0)
		return -1;
	for (size_t i = 0; i < rotation->keys.count; i++)
		rotation->summary->keys += !rotation->keys.keys[i].failed;
	return rewrap_passes(rotation, err);
}

int rotate(struct http_client *client, const struct rotate_settings *settings,
    struct rotate_summary *summary, struct error *err)
{
	struct rotation rotation = {.settings = settings, .summary = summary, .client = client};
	struct error revoke = ERROR_INIT;

	memset(summary, 0, sizeof(*summary));
	if (vault_init(&rotation.vault, &settings->vault, err) < 0)
		return -1;
	int result = run(&rotation, err);
	if (vault_session_end(client, &rotation.vault, &settings->session, &revoke) < 0)
		log_write(LOG_WARNING, "%s", revoke.message);
	keyset_free(&rotation.keys);
	strings_free(&rotation.complained);
	kube_free(&rotation.kube);
	vault_free(&rotation.vault);
	return result;
}
