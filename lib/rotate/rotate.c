#include "lib/rotate/rotate.h"

#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/pass.h"
#include "lib/rotate/retire.h"
#include "lib/rotate/rotation.h"

/* A pass that brought something on is followed by another, for what was written meanwhile. */
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

static bool has_phase(const struct rotation *rotation, enum rotate_phase phase)
{
	return rotation->settings->phase == ROTATE_ALL || rotation->settings->phase == phase;
}

/* -- the keys --------------------------------------------------------------------------------- */

static int check_keys(
    const struct rotation *rotation, const struct secret_filter *selection, struct error *err)
{
	const struct rotate_summary *summary = rotation->summary;
	size_t sealed = summary->listed - summary->unsealed - summary->missing;
	cleanup_free char *where = secret_filter_describe(selection, err);

	if (!where)
		return -1;
	if (sealed == 0 && summary->missing == 0)
		log_write(LOG_WARNING, "no sealed Secret among the %s", where);
	if (rotation->keys.count == 0 && sealed > 0)
		return error_set(err, ERROR_USAGE,
		    "none of %zu sealed Secrets says which Transit key it is sealed with: name it "
		    "with --transit-key",
		    sealed);
	return 0;
}

static int gather_keys(
    struct rotation *rotation, const struct secret_filter *selection, struct error *err)
{
	const char *asked = rotation->settings->transit_key;
	size_t ignored;

	if (asked && !keyset_add(&rotation->keys, asked, err))
		return -1;
	/* Nothing to find.  But no key is rotated for Secrets that can't be listed. */
	if (asked && !has_phase(rotation, ROTATE_ROTATE))
		return 0;
	if (pass_run(rotation, selection, PASS_GATHER, &ignored, err) < 0)
		return -1;
	return check_keys(rotation, selection, err);
}

static int settle_keys(struct rotation *rotation, struct error *err)
{
	const struct rotate_settings *settings = rotation->settings;

	if (!has_phase(rotation, ROTATE_ROTATE))
		return keyset_read(
		    &rotation->keys, rotation->client, &rotation->vault, &settings->session, err);
	if (settings->dry_run)
		return keyset_plan_rotation(&rotation->keys, rotation->client, &rotation->vault,
		    &settings->session, settings->min_age_ms, err);
	return keyset_rotate(&rotation->keys, rotation->client, &rotation->vault,
	    &settings->session, settings->min_age_ms, &rotation->summary->keys, err);
}

/* -- the Secrets ------------------------------------------------------------------------------ */

static int look(struct rotation *rotation, const struct secret_filter *selection, struct error *err)
{
	size_t old;

	return pass_run(rotation, selection, PASS_LOOK, &old, err);
}

static int rewrap(
    struct rotation *rotation, const struct secret_filter *selection, struct error *err)
{
	size_t old = 1;

	for (int pass = 0; old > 0 && pass < PASSES_MAX; pass++)
		if (pass_run(rotation, selection, PASS_REWRAP, &old, err) < 0)
			return -1;
	/* Somebody puts old ciphertext back all the time, or what is PATCHed is not stored. */
	return old > 0 ? look(rotation, selection, err) : 0;
}

static int judge(const struct rotation *rotation, struct error *err)
{
	const struct rotate_summary *summary = rotation->summary;
	size_t left = summary->failed + (rotation->settings->dry_run ? 0 : summary->old);

	if (left == 0)
		return 0;
	return error_set(err, ERROR_REJECTED,
	    "%zu of %zu Secrets are left on an old version, for the reasons above: see to them and "
	    "run again; they still decrypt",
	    left, summary->listed);
}

static int work_on_secrets(
    struct rotation *rotation, const struct secret_filter *selection, struct error *err)
{
	bool changes = has_phase(rotation, ROTATE_REWRAP) && !rotation->settings->dry_run;
	int result = changes ? rewrap(rotation, selection, err) : look(rotation, selection, err);

	return result < 0 ? -1 : judge(rotation, err);
}

static bool is_to_retire(const struct rotation *rotation)
{
	return rotation->settings->phase == ROTATE_RETIRE ||
	       (rotation->settings->phase == ROTATE_ALL && rotation->settings->retire);
}

static int run_phases(
    struct rotation *rotation, const struct secret_filter *selection, struct error *err)
{
	enum rotate_phase phase = rotation->settings->phase;

	if (gather_keys(rotation, selection, err) < 0 ||
	    vault_session_begin(
		rotation->client, &rotation->vault, &rotation->settings->session, err) < 0)
		return -1;
	rotation->vault_outage.answered = true;
	rotation->summary->logins++;
	if (settle_keys(rotation, err) < 0)
		return -1;
	if (phase != ROTATE_ROTATE && phase != ROTATE_RETIRE &&
	    work_on_secrets(rotation, selection, err) < 0)
		return -1;
	return is_to_retire(rotation) ? retire_versions(rotation, err) : 0;
}

/* -- the run ---------------------------------------------------------------------------------- */

/* What would be found wrong at the end of a long run is told at its beginning. */
static int check_retire_namespaces(const struct rotate_settings *settings, struct error *err)
{
	struct secret_filter whole;
	int result = secret_filter_init_all(&whole, settings->retire_namespaces, err);

	secret_filter_free(&whole);
	return result;
}

static int run(struct rotation *rotation, struct error *err)
{
	struct secret_filter_settings settings = rotation->settings->filter;
	struct secret_filter selection;

	if (check_retire_namespaces(rotation->settings, err) < 0 ||
	    kube_init(&rotation->kube, &rotation->settings->kube, err) < 0)
		return -1;
	settings.namespace = rotation->kube.namespace;
	int result = secret_filter_init(&selection, &settings, err);
	if (result == 0)
		result = run_phases(rotation, &selection, err);
	secret_filter_free(&selection);
	return result;
}

int rotate(struct http_client *client, const struct rotate_settings *settings,
    struct rotate_summary *summary, struct error *err)
{
	struct rotation rotation = {.settings = settings,
	    .summary = summary,
	    .client = client,
	    .vault_outage = {.server = "Vault"},
	    .kube_outage = {.server = "the Kubernetes API"}};
	struct error revoke = ERROR_INIT;
	int64_t begun_ms = clock_now_ms();

	memset(summary, 0, sizeof(*summary));
	if (vault_init(&rotation.vault, &settings->vault, err) < 0)
		return -1;
	int result = run(&rotation, err);
	if (vault_session_end(client, &rotation.vault, &settings->session, &revoke) < 0)
		log_write(LOG_WARNING, "%s", revoke.message);
	summary->took_ms = clock_now_ms() - begun_ms;
	struct error untaken = ERROR_INIT;
	if (summary_take_keys(summary, &rotation.keys, &untaken) < 0)
		log_write(LOG_WARNING, "%s", untaken.message);
	strings_free(&rotation.unseen);
	keyset_free(&rotation.keys);
	kube_free(&rotation.kube);
	vault_free(&rotation.vault);
	return result;
}
