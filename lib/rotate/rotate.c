#include "lib/rotate/rotate.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/pass.h"

/*
 * The maximum number of passes.  A pass that rewrapped a value is followed by another, since
 * Secrets may have changed in the meantime.
 */
#define PASSES_MAX 5

static const char *const phase_names[] = {
    [ROTATE_ALL] = "all",
    [ROTATE_ROTATE] = "rotate",
    [ROTATE_REWRAP] = "rewrap",
    [ROTATE_VERIFY] = "verify",
    [ROTATE_RETIRE] = "retire",
};

int rotate_phase_parse(const char *text, enum rotate_phase *phase)
{
	for (enum rotate_phase each = ROTATE_ALL; each <= ROTATE_RETIRE; each++)
		if (strcmp(text, phase_names[each]) == 0) {
			*phase = each;
			return 0;
		}
	return -1;
}

static bool has_phase(const struct rotate_run *run, enum rotate_phase phase)
{
	return run->settings->phase == ROTATE_ALL || run->settings->phase == phase;
}

/* -- the keys --------------------------------------------------------------------------------- */

/* Return the number of sealed Secrets in the pass that finds the keys. */
static size_t sealed_count(const struct rotate_summary *summary)
{
	return summary->listed - summary->unsealed - summary->missing;
}

static int check_keys(
    const struct rotate_run *run, const struct secret_filter *filter, struct error *err)
{
	const struct rotate_summary *summary = run->summary;
	size_t sealed = sealed_count(summary);
	cleanup_free char *where = secret_filter_describe(filter, err);

	if (!where)
		return -1;
	if (sealed == 0 && summary->missing == 0)
		log_write(LOG_WARNING, "no sealed Secret among the %s", where);
	if (run->keys.count == 0 && sealed > 0)
		return error_set(err, ERROR_USAGE,
		    "no Transit key is named by the annotations of %zu sealed Secrets; pass --transit-key",
		    sealed);
	return 0;
}

static int find_keys(struct rotate_run *run, const struct secret_filter *filter, struct error *err)
{
	const char *only = run->settings->transit_key;
	size_t ignored;

	if (only && !keyset_add(&run->keys, only, err))
		return -1;
	/* If the key is known, only check that the Secrets can be listed before rotating it. */
	if (only && !has_phase(run, ROTATE_ROTATE) && !run->settings->confirm)
		return 0;
	if (pass_run(run, filter, PASS_FIND_KEYS, &ignored, err) < 0)
		return -1;
	return check_keys(run, filter, err);
}

/* Ask for confirmation.  A person's time to answer is not a part of the time limit. */
static int confirm_run(
    struct rotate_run *run, const struct secret_filter *filter, struct error *err)
{
	int64_t begun_ms = clock_now_ms();
	struct rotate_plan plan = {.server = run->kube.endpoint.url,
	    .secrets = sealed_count(run->summary),
	    .keys = &run->keys};

	if (!run->settings->confirm || run->keys.count == 0)
		return 0;
	cleanup_free char *where = secret_filter_describe(filter, err);
	plan.where = where;
	int result = where ? run->settings->confirm(run->settings, &plan, err) : -1;
	int64_t waited_ms = clock_now_ms() - begun_ms;
	http_client_set_deadline(run->client, http_client_deadline_ms(run->client) + waited_ms);
	run->kube.deadline_ms += waited_ms;
	return result;
}

static int rotate_keys(struct rotate_run *run, struct error *err)
{
	const struct rotate_settings *settings = run->settings;

	if (!has_phase(run, ROTATE_ROTATE))
		return keyset_read(&run->keys, err);
	if (settings->dry_run)
		return keyset_plan_rotation(&run->keys, settings->min_age_ms, err);
	return keyset_rotate(&run->keys, settings->min_age_ms, &run->summary->keys, err);
}

/* -- the Secrets ------------------------------------------------------------------------------ */

static int verify_secrets(
    struct rotate_run *run, const struct secret_filter *filter, struct error *err)
{
	size_t old;

	return pass_run(run, filter, PASS_VERIFY, &old, err);
}

static int rewrap_secrets(
    struct rotate_run *run, const struct secret_filter *filter, struct error *err)
{
	size_t old = 1;

	for (int pass = 0; old > 0 && pass < PASSES_MAX; pass++)
		if (pass_run(run, filter, PASS_REWRAP, &old, err) < 0)
			return -1;
	/* Another process keeps writing old ciphertext, or PATCHes are not stored. */
	return old > 0 ? verify_secrets(run, filter, err) : 0;
}

static int process_secrets(
    struct rotate_run *run, const struct secret_filter *filter, struct error *err)
{
	bool changes = has_phase(run, ROTATE_REWRAP) && !run->settings->dry_run;
	const struct rotate_summary *summary = run->summary;

	if ((changes ? rewrap_secrets(run, filter, err) : verify_secrets(run, filter, err)) < 0)
		return -1;
	size_t left = summary->failed + (run->settings->dry_run ? 0 : summary->old);
	if (left == 0)
		return 0;
	return error_set(err, ERROR_REJECTED,
	    "%zu of %zu Secrets are left on an old version; fix the problems above and run again "
	    "(until then they are decrypted as before)",
	    left, summary->listed);
}

/* -- the run ---------------------------------------------------------------------------------- */

static bool should_retire(const struct rotate_run *run)
{
	return run->settings->phase == ROTATE_RETIRE ||
	       (run->settings->phase == ROTATE_ALL && run->settings->retire);
}

static int run_phases(struct rotate_run *run, const struct secret_filter *filter, struct error *err)
{
	enum rotate_phase phase = run->settings->phase;

	if (find_keys(run, filter, err) < 0 || confirm_run(run, filter, err) < 0 ||
	    vault_session_begin(run->client, &run->vault, &run->settings->session, err) < 0)
		return -1;
	run->vault_server.answered = true;
	run->summary->logins++;
	if (rotate_keys(run, err) < 0)
		return -1;
	if (phase != ROTATE_ROTATE && phase != ROTATE_RETIRE &&
	    process_secrets(run, filter, err) < 0)
		return -1;
	return should_retire(run) ? rotate_retire(run, err) : 0;
}

/* Check the namespaces for retiring now, not at the end of a long run. */
static int check_retire_namespaces(const struct rotate_settings *settings, struct error *err)
{
	struct secret_filter filter;
	int result = secret_filter_init_all(&filter, settings->retire_namespaces, err);

	secret_filter_free(&filter);
	return result;
}

static int run_with_filter(struct rotate_run *run, struct error *err)
{
	struct secret_filter_settings settings = run->settings->filter;
	struct secret_filter filter;

	if (check_retire_namespaces(run->settings, err) < 0 ||
	    kube_init(&run->kube, &run->settings->kube, err) < 0)
		return -1;
	settings.namespace = run->kube.namespace;
	int result = secret_filter_init(&filter, &settings, err);
	if (result == 0)
		result = run_phases(run, &filter, err);
	secret_filter_free(&filter);
	return result;
}

/* End the session and complete the summary.  Failures here are only warnings. */
static void end_run(struct rotate_run *run)
{
	struct error revoke = ERROR_INIT, copy = ERROR_INIT;

	if (vault_session_end(run->client, &run->vault, &run->settings->session, &revoke) < 0)
		log_error(LOG_WARNING, &revoke);
	if (summary_take_keys(run->summary, &run->keys, &copy) < 0)
		log_error(LOG_WARNING, &copy);
	strings_free(&run->unseen);
	keyset_free(&run->keys);
	kube_free(&run->kube);
	vault_free(&run->vault);
}

int rotate(struct http_client *client, const struct rotate_settings *settings,
    struct rotate_summary *summary, struct error *err)
{
	struct rotate_run run = {.settings = settings,
	    .summary = summary,
	    .client = client,
	    .keys = {.client = client, .vault = &run.vault, .session = &settings->session},
	    .vault_server = {.name = "Vault"},
	    .kube_server = {.name = "the Kubernetes API"}};
	int64_t begun_ms = clock_now_ms();

	memset(summary, 0, sizeof(*summary));
	if (vault_init(&run.vault, &settings->vault, err) < 0)
		return -1;
	int result = run_with_filter(&run, err);
	end_run(&run);
	summary->took_ms = clock_now_ms() - begun_ms;
	return result;
}
