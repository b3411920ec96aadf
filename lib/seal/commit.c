#include <openssl/rand.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/seal/internal.h"

/*
 * Of several concurrent writers one succeeds each time.  After more tries than this, some process
 * must be changing the Secret without end.
 */
#define TRIES_MAX 30
#define WAIT_FIRST_MS 10
#define WAIT_MAX_MS 500

/* Check that the server stored the change. */
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

static int patch_secret(struct sealing *sealing, struct error *err)
{
	struct seal_session *session = sealing->session;
	struct kube_secret *change = &sealing->change;

	change->resource_version = strdup(sealing->existing.resource_version);
	if (!change->resource_version)
		return error_memory(err);
	if (kube_secret_patch(
		session->client, &session->kube, change, &sealing->outcome->secret, err) == 0)
		return 0;
	if (err->code != ERROR_CONFLICT)
		return -1;
	return error_hint(err, "changed by another process, and not written%s",
	    sealing->settings->based_on ? "" : "; run again");
}

static int write_secret(struct sealing *sealing, struct error *err)
{
	struct seal_session *session = sealing->session;

	if (sealing->exists)
		return patch_secret(sealing, err);
	return kube_secret_create(
	    session->client, &session->kube, &sealing->change, &sealing->outcome->secret, err);
}

/* Read the Secret again, and compare it unless another process has changed it since. */
static int read_back(struct sealing *sealing, struct error *err)
{
	struct seal_session *session = sealing->session;
	const struct kube_secret *stored = &sealing->outcome->secret;
	struct kube_secret now = {0};

	if (compare_stored(&sealing->change, stored, err) < 0)
		return -1;
	if (sealing->settings->dry_run)
		return 0;
	if (kube_secret_get(
		session->client, &session->kube, sealing->namespace, sealing->name, &now, err) < 0)
		return error_wrap(err, "written, but it cannot be read back");
	int result = strcmp(now.resource_version, stored->resource_version) == 0
			 ? compare_stored(&sealing->change, &now, err)
			 : 0;
	kube_secret_free(&now);
	return result;
}

static int name_change(struct sealing *sealing, struct error *err)
{
	struct kube_secret *change = &sealing->change;
	const char *namespace = sealing->namespace;

	change->name = strdup(sealing->name);
	change->namespace = namespace ? strdup(namespace) : NULL;
	return !change->name || (namespace && !change->namespace) ? error_memory(err) : 0;
}

int commit(struct sealing *sealing, struct error *err)
{
	enum seal_dry_run dry_run = sealing->settings->dry_run;
	struct seal_outcome *outcome = sealing->outcome;

	if (name_change(sealing, err) < 0)
		return -1;
	if (dry_run == DRY_RUN_CLIENT) {
		outcome->secret = sealing->change;
		sealing->change = (struct kube_secret){0};
		return 0;
	}
	sealing->session->kube.dry_run = dry_run == DRY_RUN_SERVER;
	if (write_secret(sealing, err) < 0) {
		sealing->conflict = err->code == ERROR_CONFLICT;
		return -1;
	}
	if (read_back(sealing, err) < 0)
		return -1;
	if (dry_run == DRY_RUN_NONE)
		outcome->change = sealing->exists ? SEAL_UPDATED : SEAL_CREATED;
	return sealing->kind == SEALING_APPLY ? apply_warn(sealing, err) : 0;
}

/*
 * Return whether the Secret has changed since it was read: the ciphertext that Vault rejected may
 * be an old one that a rotation has replaced and retired.
 */
static bool is_overtaken(const struct sealing *sealing, const struct error *err)
{
	struct seal_session *session = sealing->session;
	struct kube_secret now = {0};
	struct error unread = ERROR_INIT;

	if (!sealing->exists || (err->code != ERROR_INVALID && err->code != ERROR_REJECTED) ||
	    kube_secret_get(session->client, &session->kube, sealing->namespace, sealing->name,
		&now, &unread) < 0)
		return false;
	bool changed = strcmp(now.resource_version, sealing->existing.resource_version) != 0;
	kube_secret_free(&now);
	return changed;
}

bool commit_try_again(const struct sealing *sealing, int tries, struct error *err)
{
	int64_t limit_ms = tries < 6 ? WAIT_FIRST_MS << tries : WAIT_MAX_MS;
	uint32_t random;

	if (sealing->settings->based_on || tries >= TRIES_MAX || signals_caught() ||
	    (!sealing->conflict && !is_overtaken(sealing, err)))
		return false;
	RAND_bytes((uint8_t *)&random, sizeof(random));
	poll(NULL, 0, (int)(random % limit_ms));
	log_write(LOG_DEBUG, "%s; trying again", err->message);
	error_clear(err);
	return true;
}
