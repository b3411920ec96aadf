#include "lib/seal/seal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/manifest/manifest.h"
#include "lib/seal/internal.h"

#define ANY (SEAL_TASK_API | SEAL_TASK_FILE | SEAL_TASK_MANIFEST | SEAL_TASK_APPLY)
#define CHANGES (SEAL_TASK_API | SEAL_TASK_FILE)
#define WRITING (1 << 4) /* not with check_only */

static int log_in(struct seal_task *task, struct error *err)
{
	return seal_session_log_in(task->session, err);
}

/*
 * The steps in their order.  All checks that do not need the key come before the first encryption,
 * which creates a missing key.
 */
static const struct {
	const char *name;
	unsigned int when;
	int (*run)(struct seal_task *task, struct error *err);
} steps[] = {
    {"name", SEAL_TASK_API | SEAL_TASK_APPLY, resolve_name},
    {"options", ANY & ~SEAL_TASK_APPLY, metadata_check_options},
    {"existing Secret", SEAL_TASK_API | SEAL_TASK_APPLY, resolve_existing},
    {"layout", ANY, resolve_layout},
    {"manifest", SEAL_TASK_APPLY, apply_manifest},
    {"changes", CHANGES, plan_check},
    {"plaintext", SEAL_TASK_MANIFEST, plan_plaintext},
    {"key", ANY, resolve_key},
    {"login", ANY, log_in},
    {"scope", ANY, resolve_scope},
    {"values", CHANGES, plan_values},
    {"plaintext", SEAL_TASK_APPLY, plan_plaintext},
    {"type", ANY & ~SEAL_TASK_APPLY, metadata_check_type},
    {"metadata", ANY, metadata_set},
    {"encrypt", ANY & ~SEAL_TASK_MANIFEST, encrypt_values},
    {"commit", SEAL_TASK_API | SEAL_TASK_APPLY | WRITING, commit},
};

int seal_task_run(struct seal_task *task, struct error *err)
{
	static const struct seal_changes none;

	if (!task->changes)
		task->changes = &none;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (!(steps[i].when & task->kind) ||
		    (steps[i].when & WRITING && task->settings->check_only))
			continue;
		if (steps[i].run(task, err) < 0) {
			log_write(LOG_DEBUG, "sealing: step \"%s\" failed", steps[i].name);
			return -1;
		}
	}
	return 0;
}

/*
 * Reject names that the API server would reject, and a namespace that differs from -n.  In a
 * manifest that is changed they may be placeholders, see check_bound_names.
 */
static int check_manifest_names(
    const struct seal_task *task, const struct kube_secret *object, struct error *err)
{
	const char *asked = task->session->settings->kube.namespace;
	const char *own = object->namespace;

	if (task->kind != SEAL_TASK_MANIFEST)
		return 0;
	if (own && !kube_valid_namespace(own))
		return error_set(err, ERROR_INVALID, "\"%s\": not a valid namespace", own);
	if (own && is_set(asked) && strcmp(own, asked) != 0)
		return error_set(err, ERROR_USAGE,
		    "its namespace is %s, and -n is %s; leave out -n, or change the manifest", own,
		    asked);
	if (object->name && !kube_valid_name(object->name))
		return error_set(err, ERROR_INVALID,
		    "\"%s\": not a valid Secret name; use lower-case letters, digits, '-' and '.', "
		    "up to 253, with a letter or digit first and last",
		    object->name);
	return 0;
}

int seal_task_begin_manifest(
    struct seal_task *task, const struct kube_secret *object, struct error *err)
{
	const char *name = manifest_shown_name(object);
	const char *namespace = object->namespace ? object->namespace : task->session->namespace;

	if (check_manifest_names(task, object, err) < 0)
		return -1;
	task->existing = *object;
	task->existing.name = strdup(name);
	task->existing.namespace = strdup(namespace ? namespace : "");
	task->exists = true;
	task->name = strdup(name);
	if (!task->name || !task->existing.name || !task->existing.namespace)
		return error_memory(err);
	task->namespace = namespace ? task->existing.namespace : NULL;
	return 0;
}

void seal_task_free(struct seal_task *task)
{
	if (task->kind & SEAL_TASK_TEXT) {
		free(task->existing.name);
		free(task->existing.namespace);
	} else {
		kube_secret_free(&task->existing);
	}
	free(task->name);
	transit_key_free(&task->key);
	variables_free(&task->values);
	kube_secret_free(&task->change);
}

/* Run the steps.  Run them again after a conflict with another process (commit_try_again). */
static int run_until_written(const struct seal_task *start, struct error *err)
{
	bool again = false;
	int result;

	for (int tries = 1; tries == 1 || again; tries++) {
		struct seal_task task = *start;

		memset(task.outcome, 0, sizeof(*task.outcome));
		result = seal_task_run(&task, err);
		again = result < 0 && commit_try_again(&task, tries, err);
		seal_task_free(&task);
	}
	return result;
}

int seal(struct seal_session *session, const struct seal_settings *settings,
    const struct seal_changes *changes, struct seal_outcome *outcome, struct error *err)
{
	struct seal_task start = {.kind = SEAL_TASK_API,
	    .settings = settings,
	    .session = session,
	    .changes = changes,
	    .namespace = session->namespace,
	    .outcome = outcome};

	return run_until_written(&start, err);
}

void seal_outcome_free(struct seal_outcome *outcome)
{
	kube_secret_free(&outcome->secret);
}

int seal_task_apply(const struct seal_task *manifest, const struct seal_settings *settings,
    const char *version, struct seal_outcome *outcome, struct error *err)
{
	const struct transit_key *key = &manifest->key;
	cleanup_free char *transit_key = string_format(err, "%s/%s", key->mount, key->name);
	struct seal_settings own = *settings;
	struct seal_task start = {.kind = SEAL_TASK_APPLY,
	    .settings = &own,
	    .session = manifest->session,
	    .namespace = manifest->namespace,
	    .manifest = manifest,
	    .manifest_version = version,
	    .state = manifest->state,
	    .key_missing = manifest->key_missing,
	    .from_annotations = manifest->from_annotations && settings->no_verify,
	    .outcome = outcome};

	if (!transit_key)
		return -1;
	own.name = manifest->name;
	own.transit_key = transit_key;
	own.scope = manifest->scope == SEALED_UNBOUND ? NULL : sealed_scope_name(manifest->scope);
	own.layout = manifest->document ? LAYOUT_DOCUMENT : LAYOUT_PER_KEY;
	own.must_exist = false;
	own.based_on = NULL;
	return run_until_written(&start, err);
}
