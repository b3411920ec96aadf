/* Read the pages of a pass. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/pass.h"

/* The next page waits while this many bytes of ciphertext are in progress. */
#define BYTES_MAX ((size_t)1024 * 1024)
/*
 * The next page waits while this many Secrets are in progress, which take more memory than values.
 */
#define TASKS_MAX 1000

void pass_init_pages(struct pass_pages *pages)
{
	*pages = (struct pass_pages){0};
	kube_pager_init(&pages->pager);
}

void pass_free_pages(struct pass_pages *pages)
{
	http_exchange_free(&pages->exchange);
	kube_pager_free(&pages->pager);
}

/* -- requests --------------------------------------------------------------------------------- */

/* A Secret selected by name. */
struct page_name {
	char *namespace, *name; /* owned */
};

static void page_name_free(struct page_name *name)
{
	free(name->namespace);
	free(name->name);
}

/* Return whether the current target is the name of a Secret.  If so, set *name. */
static bool get_name(const struct pass *pass, struct page_name *name)
{
	const struct strings *names = &pass->filter->names;

	*name = (struct page_name){NULL, NULL};
	if (names->count == 0)
		return false;
	const char *whole = names->items[pass->pages.target], *slash = strchr(whole, '/');
	name->namespace = strndup(whole, (size_t)(slash - whole));
	name->name = strdup(slash + 1);
	return true;
}

static struct kube_list get_list(const struct pass *pass)
{
	const struct strings *namespaces = &pass->filter->namespaces;

	return kube_pager_list(&pass->pages.pager,
	    namespaces->count ? namespaces->items[pass->pages.target] : NULL,
	    pass->filter->selector);
}

static int prepare_page(struct pass *pass, struct error *err)
{
	struct http_exchange *exchange = &pass->pages.exchange;
	struct page_name name;

	http_exchange_free(exchange);
	if (get_name(pass, &name)) {
		int result = name.namespace && name.name
				 ? kube_secret_get_request(
				       &pass->run->kube, name.namespace, name.name, exchange, err)
				 : error_memory(err);
		page_name_free(&name);
		return result;
	}
	struct kube_list list = get_list(pass);
	return kube_secret_list_request(&pass->run->kube, &list, exchange, err);
}

/* Begin the list again.  No work is repeated, because rewrapped Secrets have the newest version. */
static void restart_list(struct pass *pass)
{
	struct rotate_summary *summary = pass->run->summary;

	pass->restarting = false;
	if (summary->passes == 1)
		summary->already_new = 0;
	summary_begin_pass(summary);
	keyset_reset_counts(&pass->run->keys);
	pass->run->oldest_keyless = 0;
}

bool pass_wants_page(const struct pass *pass)
{
	return !pass->pages.done && !pass->restarting && pass->bytes < BYTES_MAX &&
	       pass->tasks < TASKS_MAX;
}

int pass_start_page(struct pass *pass, struct error *err)
{
	if (pass->restarting && pass->tasks == 0)
		restart_list(pass);
	if (pass->pages.running || !pass_wants_page(pass) ||
	    pass_server_is_waiting(&pass->run->kube_server))
		return 0;
	if (prepare_page(pass, err) < 0 ||
	    http_start(pass->run->client, &pass->pages.exchange, err) < 0)
		return -1;
	pass->pages.running = true;
	return 0;
}

/* -- responses -------------------------------------------------------------------------------- */

static int examine_listed(struct pass *pass, struct kube_secret *secret, struct error *err)
{
	struct rotate_summary *summary = pass->run->summary;

	if (!secret_shard_has(&pass->filter->shard, secret->namespace, secret->name)) {
		summary->other_shard++;
		return 0;
	}
	summary->listed++;
	return pass_examine(pass, secret, NULL, err);
}

/* Move to the next of `count` namespaces or names. */
static void advance_target(struct pass_pages *pages, size_t count)
{
	pages->done = ++pages->target >= count;
}

/* Handle the response for a Secret selected by name. */
static int end_name(struct pass *pass, const struct page_name *name, struct error *err)
{
	struct rotate_summary *summary = pass->run->summary;
	struct kube_secret secret;
	int result = 0;

	if (!name->namespace || !name->name)
		return error_memory(err);
	if (kube_secret_result(&pass->pages.exchange, name->namespace, name->name, &secret, err) ==
	    0) {
		result = examine_listed(pass, &secret, err);
		kube_secret_free(&secret);
	} else if (error_is_outage(err)) {
		return pass_wait_for(pass, &pass->run->kube_server, err);
	} else {
		summary->listed++;
		summary->failed++;
		summary->missing++;
		summary_fail(summary, name->namespace, name->name, err);
		error_clear(err);
	}
	advance_target(&pass->pages, pass->filter->names.count);
	pass_server_answered(&pass->run->kube_server);
	return result;
}

/* Handle a page that could not be read. */
static int handle_failed_page(struct pass *pass, struct error *err)
{
	switch (kube_pager_retry(&pass->pages.pager, err)) {
	case KUBE_PAGER_FAILED:
		return pass_wait_for(pass, &pass->run->kube_server, err);
	case KUBE_PAGER_RESTARTED:
		log_write(LOG_INFO, "the list of Secrets has expired; it begins again");
		pass->pages.target = 0;
		pass->restarting = true;
		break;
	case KUBE_PAGER_SMALLER:
		break;
	}
	pass_server_answered(&pass->run->kube_server);
	return 0;
}

static int end_list_page(struct pass *pass, struct error *err)
{
	struct pass_pages *pages = &pass->pages;
	struct kube_list list = get_list(pass);
	struct kube_secret_page page;
	int result = 0;

	if (kube_secret_list_result(&pages->exchange, &list, &page, err) < 0)
		return handle_failed_page(pass, err);
	kube_pager_advance(&pages->pager, &page.next, page.count, page.bytes);
	if (!pages->pager.next)
		advance_target(pages, pass->filter->namespaces.count);
	for (size_t i = 0; result == 0 && i < page.count; i++)
		result = examine_listed(pass, &page.secrets[i], err);
	kube_secret_page_free(&page);
	pass_server_answered(&pass->run->kube_server);
	return result;
}

int pass_end_page(struct pass *pass, struct error *err)
{
	struct page_name name;
	int result;

	pass->pages.running = false;
	pass->seen_ms = clock_now_ms();
	pass->run->summary->pages++;
	if (get_name(pass, &name))
		result = end_name(pass, &name, err);
	else
		result = end_list_page(pass, err);
	page_name_free(&name);
	http_exchange_free(&pass->pages.exchange);
	return result;
}
