/* The pages of a pass. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/pass_parts.h"

static int take_page(struct pass *pass, struct kube_secret_page *page, struct error *err)
{
	struct rotate_summary *summary = pass->rotation->summary;

	for (size_t i = 0; i < page->count; i++) {
		struct kube_secret *secret = &page->secrets[i];

		if (!secret_shard_has(&pass->selection->shard, secret->namespace, secret->name)) {
			summary->other_shard++;
			continue;
		}
		summary->listed++;
		if (pass_examine(pass, secret, 0, err) < 0)
			return -1;
	}
	return 0;
}

/* A Secret asked for by name that can't be read. */
static void miss_name(struct pass *pass, const char *whole, const struct error *reason)
{
	const char *slash = strchr(whole, '/');
	cleanup_free char *namespace = strndup(whole, (size_t)(slash - whole));

	pass->rotation->summary->listed++;
	pass->rotation->summary->failed++;
	pass->rotation->summary->missing++;
	if (namespace)
		summary_fail(pass->rotation->summary, namespace, slash + 1, reason);
}

int pass_end_listing(struct pass *pass, struct error *err)
{
	struct listing *listing = &pass->listing;
	const char *name = listing_name(listing);
	struct kube_secret_page page;
	int result = 0;

	listing->running = false;
	pass->seen_ms = clock_now_ms();
	pass->rotation->summary->pages++;
	switch (listing_result(listing, &page, err)) {
	case LISTING_FAILED:
		return pass_wait_for(pass, &pass->rotation->kube_outage, err);
	case LISTING_PAGE:
		result = take_page(pass, &page, err);
		kube_secret_page_free(&page);
		break;
	case LISTING_AGAIN:
		if (err->code != ERROR_NONE)
			miss_name(pass, name, err);
		error_clear(err);
		break;
	case LISTING_ANEW:
		log_write(LOG_INFO, "the list of Secrets has expired: it begins anew");
		pass->anew = true;
		break;
	}
	http_exchange_free(&listing->exchange);
	outage_ends(&pass->rotation->kube_outage);
	return result;
}

/* No work is done twice: what is done shows by its version, once all in hand has been stored. */
static void begin_anew(struct pass *pass)
{
	struct rotate_summary *summary = pass->rotation->summary;

	pass->anew = false;
	if (summary->passes == 1)
		summary->already_new = 0;
	summary_begin_pass(summary);
	keyset_reset_counts(&pass->rotation->keys);
	pass->rotation->oldest_keyless = 0;
}

bool pass_wants_page(const struct pass *pass)
{
	return !pass->listing.done && !pass->anew && pass->bytes < PASS_BYTES_MAX &&
	       pass->jobs < PASS_JOBS_MAX;
}

int pass_start_listing(struct pass *pass, struct error *err)
{
	struct listing *listing = &pass->listing;

	if (pass->anew && pass->jobs == 0)
		begin_anew(pass);
	if (listing->running || !pass_wants_page(pass) ||
	    outage_holds(&pass->rotation->kube_outage))
		return 0;
	if (listing_request(listing, err) < 0 ||
	    http_start(pass->rotation->client, &listing->exchange, err) < 0)
		return -1;
	listing->running = true;
	return 0;
}
