#include "lib/seal/selection.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/kube/list.h"
#include "lib/sealed/sealed.h"

struct walk_ctx {
	struct seal_session *session;
	const struct seal_selection *selection;
	int (*each)(void *context, struct kube_secret *secret, struct error *err);
	void *context;
	size_t done;
};

static int visit(struct walk_ctx *ctx, struct kube_secret *secret, struct error *err)
{
	seal_session_restart_timeout(ctx->session);
	if (ctx->each(ctx->context, secret, err) < 0)
		return -1;
	/* The total of a list is known only at its end. */
	progress_update(++ctx->done, (size_t)ctx->selection->name_count);
	return 0;
}

static int visit_named(struct walk_ctx *ctx, const char *name, struct error *err)
{
	struct seal_session *session = ctx->session;
	struct kube_secret secret;

	seal_session_restart_timeout(session);
	if (seal_session_get_secret(session, name, &secret, err) < 0)
		return -1;
	int result = visit(ctx, &secret, err);
	kube_secret_free(&secret);
	return result;
}

static int visit_page(struct walk_ctx *ctx, struct kube_secret_page *page, struct error *err)
{
	for (size_t i = 0; i < page->count; i++) {
		if (ctx->selection->all_secrets && !sealed_secret_has_ciphertext(&page->secrets[i]))
			continue;
		if (visit(ctx, &page->secrets[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Return true if the name was given before, because metrics must not contain a series twice. */
static bool is_repeated(const struct seal_selection *selection, int which)
{
	for (int i = 0; i < which; i++)
		if (strcmp(selection->names[i], selection->names[which]) == 0)
			return true;
	return false;
}

static int visit_all_named(struct walk_ctx *ctx, struct error *err)
{
	for (int i = 0; i < ctx->selection->name_count; i++)
		if (!is_repeated(ctx->selection, i) &&
		    visit_named(ctx, ctx->selection->names[i], err) < 0)
			return -1;
	return 0;
}

/* Return the label selector, newly allocated, or NULL with an error. */
static char *make_selector(const struct seal_selection *selection, struct error *err)
{
	const char *more = is_set(selection->selector) ? selection->selector : "";

	if (selection->all_secrets)
		return string_format(err, "%s", more);
	return string_format(err, "%s%s%s", SEALED_SELECTOR, *more ? "," : "", more);
}

/* Request the next page.  If it is too large, request fewer Secrets. */
static int next_page(struct walk_ctx *ctx, const char *selector, struct kube_pager *pager,
    struct kube_secret_page *page, struct error *err)
{
	struct seal_session *session = ctx->session;
	const char *namespace = ctx->selection->all_namespaces ? NULL : session->namespace;

	for (;;) {
		struct kube_list list = kube_pager_list(pager, namespace, selector);

		seal_session_restart_timeout(session);
		if (kube_secret_list(session->client, &session->kube, &list, page, err) == 0)
			return 0;
		/* Do not begin a new list, which would repeat Secrets. */
		if (err->code == ERROR_GONE || kube_pager_retry(pager, err) != KUBE_PAGER_SMALLER)
			return -1;
	}
}

static int visit_pages(
    struct walk_ctx *ctx, const char *selector, struct kube_pager *pager, struct error *err)
{
	do {
		struct kube_secret_page page;
		if (next_page(ctx, selector, pager, &page, err) < 0)
			return -1;
		kube_pager_advance(pager, &page.next, page.count, page.bytes);
		int result = visit_page(ctx, &page, err);
		kube_secret_page_free(&page);
		if (result < 0)
			return -1;
	} while (pager->next);
	return 0;
}

static int visit_listed(struct walk_ctx *ctx, struct error *err)
{
	cleanup_free char *selector = make_selector(ctx->selection, err);
	struct kube_pager pager;

	if (!selector)
		return -1;
	kube_pager_init(&pager);
	int result = visit_pages(ctx, selector, &pager, err);
	kube_pager_free(&pager);
	return result;
}

int seal_selection_each(struct seal_session *session, const struct seal_selection *selection,
    const char *what, int (*each)(void *context, struct kube_secret *secret, struct error *err),
    void *context, struct error *err)
{
	struct walk_ctx ctx = {session, selection, each, context, 0};
	bool listed =
	    selection->all_namespaces || selection->all_secrets || is_set(selection->selector);

	if (selection->name_count && listed)
		return error_set(
		    err, ERROR_USAGE, "NAME cannot be used with -A, -l or --all-secrets");
	progress_begin(what);
	int result = selection->name_count ? visit_all_named(&ctx, err) : visit_listed(&ctx, err);
	progress_end();
	return result;
}

void seal_selection_log_empty(
    const struct seal_session *session, const struct seal_selection *selection)
{
	bool all = selection->all_namespaces;
	bool labels = is_set(selection->selector);

	log_write(LOG_INFO, "no sealed Secrets in %s%s%s%s", all ? "any namespace" : "namespace ",
	    all ? "" : session->namespace, labels ? " with the labels " : "",
	    labels ? selection->selector : "");
}
