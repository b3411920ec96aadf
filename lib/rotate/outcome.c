/* Handle the results for Secrets in a pass, and servers that do not answer. */
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/rotate/pass.h"

/*
 * The wait before the next request to a server that did not answer.  It doubles up to the maximum.
 */
#define WAIT_MIN_MS 500
#define WAIT_MAX_MS 10000

/* -- servers ---------------------------------------------------------------------------------- */

void pass_server_answered(struct pass_server *server)
{
	server->answered = true;
	if (server->wait_ms == 0)
		return;
	server->wait_ms = server->until_ms = 0;
	log_write(LOG_INFO, "%s answers again; going on", server->name);
}

bool pass_server_is_waiting(const struct pass_server *server)
{
	return server->wait_ms > 0 && clock_now_ms() < server->until_ms;
}

int pass_wait_for(const struct pass *pass, struct pass_server *server, struct error *err)
{
	bool away = err->code == ERROR_NETWORK || err->code == ERROR_UNAVAILABLE;

	if (http_client_is_over(pass->run->client) || !away || !server->answered)
		return -1;
	if (server->wait_ms == 0) {
		struct error shown = *err;

		error_wrap(&shown, "waiting within --timeout");
		log_error(LOG_WARNING, &shown);
		server->wait_ms = WAIT_MIN_MS;
	} else if (server->until_ms <= clock_now_ms()) {
		server->wait_ms *= 2;
		if (server->wait_ms > WAIT_MAX_MS)
			server->wait_ms = WAIT_MAX_MS;
	}
	server->until_ms = clock_now_ms() + server->wait_ms;
	server->error = *err;
	error_clear(err);
	return 0;
}

/* -- tasks ------------------------------------------------------------------------------------ */

void pass_fail_task(struct pass *pass, struct pass_task *task, const struct error *reason)
{
	task->failed = true;
	summary_fail(pass->run->summary, task->change.namespace, task->change.name, reason);
}

void pass_drop_task(struct pass *pass, struct pass_task *task)
{
	pass->tasks--;
	pass->bytes -= task->bytes;
	if (task->earlier)
		task->earlier->later = task->later;
	else
		pass->in_progress = task->later;
	if (task->later)
		task->later->earlier = task->earlier;
	pass_task_free(task);
}

void pass_end_task(struct pass *pass, struct pass_task *task, size_t *outcome)
{
	++*outcome;
	pass_drop_task(pass, task);
}

void pass_finish_task(struct pass *pass, struct pass_task *task)
{
	struct rotate_summary *summary = pass->run->summary;

	pass_end_task(pass, task, task->failed ? &summary->failed : &summary->current);
}

static void start_task(struct pass *pass, struct pass_task *task, const struct pass_task *before)
{
	pass->tasks++;
	pass->bytes += task->bytes;
	task->later = pass->in_progress;
	if (pass->in_progress)
		pass->in_progress->earlier = task;
	pass->in_progress = task;
	task->counted = true;
	if (before) {
		task->counted = false;
		task->conflicts = before->conflicts;
		task->outages = before->outages;
		task->reread = before->reread || before->refused;
	}
	for (size_t i = 0; i < task->count; i++)
		pass_batch_add(&pass->batch, &task->values[i]);
}

/* -- classified Secrets ----------------------------------------------------------------------- */

/* Report a Secret with old values in a pass that changes nothing.  In a dry run, only log it. */
static void report_old(struct pass *pass, const struct pass_task *task)
{
	const struct transit_key *key = &task->key->key;
	long long oldest = pass->classifier.oldest, wanted = task->key->wanted_version;
	const char *namespace = task->change.namespace, *name = task->change.name;
	struct error reason = ERROR_INIT;

	if (pass->run->settings->dry_run && pass->mode == PASS_VERIFY) {
		log_write(LOG_INFO,
		    "dry run: would rewrap Secret %s/%s: %zu value%s, the oldest on version %lld, "
		    "to version %lld of Transit key %s/%s",
		    namespace, name, task->count, string_plural(task->count), oldest, wanted,
		    key->mount, key->name);
		return;
	}
	error_set(&reason, ERROR_REJECTED,
	    "Secret %s/%s: %zu value%s on an old version of Transit key %s/%s (the oldest is %lld, wanted is %lld)",
	    namespace, name, task->count, string_plural(task->count), key->mount, key->name, oldest,
	    wanted);
	summary_fail(pass->run->summary, namespace, name, &reason);
}

static void note_keyless_version(struct rotate_run *run, const struct pass_classifier *classifier)
{
	if (classifier->keyless && classifier->oldest > 0 &&
	    (run->oldest_keyless == 0 || classifier->oldest < run->oldest_keyless))
		run->oldest_keyless = classifier->oldest;
}

int pass_examine(struct pass *pass, struct kube_secret *secret, const struct pass_task *before,
    struct error *err)
{
	struct rotate_summary *summary = pass->run->summary;
	struct pass_classifier *classifier = &pass->classifier;

	if (pass->mode == PASS_COUNT && rotate_count_mentions(pass->run, secret, err) < 0)
		return -1;
	/* A Secret that is read again has already been counted in this pass. */
	classifier->count = !before;
	enum pass_class class = pass_classify(classifier, secret, err);
	note_keyless_version(pass->run, classifier);
	if (before && class != PASS_OLD)
		pass->old++;
	switch (class) {
	case PASS_UNSEALED:
		summary->unsealed++;
		break;
	case PASS_OTHER_KEY:
		summary->other_key++;
		break;
	case PASS_CURRENT:
		if (pass->mode == PASS_FIND_KEYS)
			break; /* versions are not known yet */
		summary->current++;
		if (!before && summary->passes == 1)
			summary->already_new++;
		break;
	case PASS_FAILED:
		if (err->code != ERROR_NONE)
			return -1;
		summary->failed++;
		break;
	case PASS_OLD:
		if (pass->mode == PASS_REWRAP) {
			start_task(pass, classifier->task, before);
			break;
		}
		pass->old++;
		summary->old++;
		report_old(pass, classifier->task);
		pass_task_free(classifier->task);
		break;
	}
	return 0;
}

/*
 * Return whether to log a skipped Secret only for debugging: its versions do not matter for
 * retiring, or it is not the first Secret of its failed key.
 */
static bool is_minor_for_count(const struct pass_classifier *classifier)
{
	struct keyset_key *key = classifier->failed_key;
	bool again = key && key->named;

	if (key)
		key->named = true;
	return again || (!classifier->keyless && !classifier->repairable);
}

/* Report why values of a Secret are skipped (the classifier's `skipped` callback). */
static void on_skipped(void *context, const struct kube_secret *secret, const struct error *reason)
{
	struct pass *pass = context;

	if (pass->mode == PASS_COUNT && is_minor_for_count(&pass->classifier))
		log_error(LOG_DEBUG, reason);
	else
		summary_fail(pass->run->summary, secret->namespace, secret->name, reason);
}

/* Look up a version (the classifier's `has_version` callback). */
static int on_version(
    void *context, struct keyset_key *key, int64_t version, bool *has, struct error *err)
{
	struct pass *pass = context;
	struct rotate_run *run = pass->run;

	if (keyset_has_version(&run->keys, key, version, pass->seen_ms, has, err) == 0)
		return 0;
	/* Vault does not answer now.  Accept the version; another pass or run checks it again. */
	*has = true;
	return pass_wait_for(pass, &run->vault_server, err);
}

void pass_init_classifier(struct pass *pass)
{
	bool finds_keys = pass->mode == PASS_FIND_KEYS;

	pass->classifier = (struct pass_classifier){.keys = &pass->run->keys,
	    .transit_key = pass->run->settings->transit_key,
	    .data_keys = &pass->filter->data_keys,
	    .add_keys = finds_keys,
	    .has_version = finds_keys ? NULL : on_version,
	    .skipped = on_skipped,
	    .context = pass};
}
