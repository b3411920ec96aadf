#include <openssl/rand.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/seal/internal.h"

/*
 * Limit of tries.  Each time, one of several concurrent writers succeeds; after more tries than
 * this, another process probably changes the Secret in an endless loop.
 */
#define TRIES_MAX 30
#define WAIT_FIRST_MS 10
#define WAIT_MAX_MS 500

/* Check that the server stored the data values of the change. */
static int compare_stored(
    const struct kube_secret *sent, const struct kube_secret *stored, struct error *err)
{
	for (size_t i = 0; i < sent->data_count; i++) {
		const struct kube_entry *wanted = &sent->data[i];
		const struct kube_entry *entry = kube_secret_entry(stored, wanted->key);
		if (wanted->removed ? entry != NULL
				    : !entry || !secret_buffer_equal(&entry->value, &wanted->value))
			return error_set(err, ERROR_INVALID,
			    "Secret %s/%s: data key \"%s\" was stored with another value; check "
			    "for admission webhooks that change Secrets",
			    sent->namespace, sent->name, wanted->key);
	}
	return 0;
}

static int patch_secret(struct seal_task *task, struct error *err)
{
	struct seal_session *session = task->session;
	struct kube_secret *change = &task->change;

	change->resource_version = strdup(task->existing.resource_version);
	if (!change->resource_version)
		return error_memory(err);
	if (kube_secret_patch(
		session->client, &session->kube, change, &task->outcome->secret, err) == 0)
		return 0;
	if (err->code == ERROR_CONFLICT && !task->settings->based_on)
		error_hint(err, "run again, because it was changed by another process");
	return -1;
}

static int write_secret(struct seal_task *task, struct error *err)
{
	struct seal_session *session = task->session;

	if (task->exists)
		return patch_secret(task, err);
	return kube_secret_create(
	    session->client, &session->kube, &task->change, &task->outcome->secret, err);
}

/* Read the Secret again and compare it, unless another process has changed it since. */
static int read_back(struct seal_task *task, struct error *err)
{
	struct seal_session *session = task->session;
	const struct kube_secret *stored = &task->outcome->secret;
	struct kube_secret now = {0};

	if (compare_stored(&task->change, stored, err) < 0)
		return -1;
	if (task->settings->dry_run)
		return 0;
	if (kube_secret_get(
		session->client, &session->kube, task->namespace, task->name, &now, err) < 0)
		return error_wrap(err, "written, but it cannot be read back");
	int result = strcmp(now.resource_version, stored->resource_version) == 0
			 ? compare_stored(&task->change, &now, err)
			 : 0;
	kube_secret_free(&now);
	return result;
}

static int name_change(struct seal_task *task, struct error *err)
{
	struct kube_secret *change = &task->change;
	const char *namespace = task->namespace;

	change->name = strdup(task->name);
	change->namespace = namespace ? strdup(namespace) : NULL;
	return !change->name || (namespace && !change->namespace) ? error_memory(err) : 0;
}

int commit(struct seal_task *task, struct error *err)
{
	enum seal_dry_run dry_run = task->settings->dry_run;
	struct seal_outcome *outcome = task->outcome;

	if (name_change(task, err) < 0)
		return -1;
	if (dry_run == DRY_RUN_CLIENT) {
		outcome->secret = task->change;
		task->change = (struct kube_secret){0};
		return 0;
	}
	task->session->kube.dry_run = dry_run == DRY_RUN_SERVER;
	if (write_secret(task, err) < 0) {
		task->conflict = err->code == ERROR_CONFLICT;
		return -1;
	}
	task->written = true;
	if (read_back(task, err) < 0)
		return -1;
	if (dry_run == DRY_RUN_NONE)
		outcome->change = task->exists ? SEAL_UPDATED : SEAL_CREATED;
	return task->kind == SEAL_TASK_APPLY ? apply_warn(task, err) : 0;
}

/*
 * Return true if the Secret has changed since it was read.  Vault may then have rejected an old
 * ciphertext that a rotation has replaced.
 */
static bool is_overtaken(const struct seal_task *task, const struct error *err)
{
	struct seal_session *session = task->session;
	struct kube_secret now = {0};
	struct error unread = ERROR_INIT;

	if (!task->exists || task->written ||
	    (err->code != ERROR_INVALID && err->code != ERROR_REJECTED) ||
	    kube_secret_get(
		session->client, &session->kube, task->namespace, task->name, &now, &unread) < 0)
		return false;
	bool changed = strcmp(now.resource_version, task->existing.resource_version) != 0;
	kube_secret_free(&now);
	return changed;
}

bool commit_try_again(const struct seal_task *task, int tries, struct error *err)
{
	int64_t limit_ms = tries < 6 ? WAIT_FIRST_MS << tries : WAIT_MAX_MS;
	uint32_t random;

	if (task->settings->based_on || tries >= TRIES_MAX || signals_caught() ||
	    (!task->conflict && !is_overtaken(task, err)))
		return false;
	RAND_bytes((uint8_t *)&random, sizeof(random));
	poll(NULL, 0, (int)(random % limit_ms));
	log_write(LOG_DEBUG, "%s; trying again", err->message);
	error_clear(err);
	return true;
}
