#include "lib/seal/seal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/seal/internal.h"

#define ANY (SEALING_API | SEALING_FILE | SEALING_MANIFEST | SEALING_APPLY)
#define CHANGES (SEALING_API | SEALING_FILE)
#define WRITING (1 << 4) /* not with check_only */

static int log_in(struct sealing *sealing, struct error *err)
{
	return seal_session_log_in(sealing->session, err);
}

/* All checks that need no key come before the key is created, by the first encryption. */
static const struct {
	const char *name;
	unsigned int when;
	int (*run)(struct sealing *sealing, struct error *err);
} steps[] = {
    {"name", SEALING_API | SEALING_APPLY, resolve_name},
    {"options", ANY & ~SEALING_APPLY, metadata_check_options},
    {"existing Secret", SEALING_API | SEALING_APPLY, resolve_existing},
    {"layout", ANY, resolve_layout},
    {"manifest", SEALING_APPLY, apply_manifest},
    {"changes", CHANGES, plan_check},
    {"plaintext", SEALING_MANIFEST, plan_plaintext},
    {"key", ANY, resolve_key},
    {"login", ANY, log_in},
    {"scope", ANY, resolve_scope},
    {"values", CHANGES, plan_values},
    {"plaintext", SEALING_APPLY, plan_plaintext},
    {"type", ANY & ~SEALING_APPLY, metadata_check_type},
    {"metadata", ANY, metadata_set},
    {"encrypt", ANY & ~SEALING_MANIFEST, encrypt_values},
    {"commit", SEALING_API | SEALING_APPLY | WRITING, commit},
};

int sealing_run(struct sealing *sealing, struct error *err)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (!(steps[i].when & sealing->kind) ||
		    (steps[i].when & WRITING && sealing->settings->check_only))
			continue;
		if (steps[i].run(sealing, err) < 0) {
			log_write(LOG_DEBUG, "sealing: step \"%s\" failed", steps[i].name);
			return -1;
		}
	}
	return 0;
}

/* Reject names that the API server would reject, and -n with a manifest of another namespace. */
static int check_manifest_names(
    const struct sealing *sealing, const struct kube_secret *object, struct error *err)
{
	const char *asked = sealing->session->settings->kube.namespace;
	const char *own = object->namespace;

	if (own && !kube_valid_namespace(own))
		return error_set(err, ERROR_INVALID, "\"%s\": not a valid namespace", own);
	if (own && is_set(asked) && strcmp(own, asked) != 0 && sealing->kind == SEALING_MANIFEST)
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

int sealing_begin_manifest(
    struct sealing *sealing, const struct kube_secret *object, struct error *err)
{
	const char *name = object->name ? object->name : "(metadata.generateName)";
	const char *namespace = object->namespace ? object->namespace : sealing->session->namespace;

	if (check_manifest_names(sealing, object, err) < 0)
		return -1;
	sealing->existing = *object;
	sealing->existing.name = strdup(name);
	sealing->existing.namespace = strdup(namespace ? namespace : "");
	sealing->exists = true;
	sealing->name = strdup(name);
	if (!sealing->name || !sealing->existing.name || !sealing->existing.namespace)
		return error_memory(err);
	sealing->namespace = namespace ? sealing->existing.namespace : NULL;
	return 0;
}

void sealing_free(struct sealing *sealing)
{
	if (sealing->kind & SEALING_TEXT) {
		free(sealing->existing.name);
		free(sealing->existing.namespace);
	} else {
		kube_secret_free(&sealing->existing);
	}
	free(sealing->name);
	seal_changes_free(&sealing->changes);
	transit_key_free(&sealing->key);
	variables_free(&sealing->values);
	kube_secret_free(&sealing->change);
}

/* Run the steps until no other process writes the Secret in between. */
static int run_until_written(
    const struct sealing *start, const struct seal_changes *changes, struct error *err)
{
	bool again = false;
	int result;

	for (int tries = 1; tries == 1 || again; tries++) {
		struct sealing sealing = *start;

		memset(sealing.outcome, 0, sizeof(*sealing.outcome));
		result = seal_changes_copy(changes, &sealing.changes, err);
		if (result == 0)
			result = sealing_run(&sealing, err);
		again = result < 0 && commit_try_again(&sealing, tries, err);
		sealing_free(&sealing);
	}
	return result;
}

int seal(struct seal_session *session, const struct seal_settings *settings,
    const struct seal_changes *changes, struct seal_outcome *outcome, struct error *err)
{
	struct sealing start = {.kind = SEALING_API,
	    .settings = settings,
	    .session = session,
	    .namespace = session->namespace,
	    .outcome = outcome};

	return run_until_written(&start, changes, err);
}

void seal_outcome_free(struct seal_outcome *outcome)
{
	kube_secret_free(&outcome->secret);
}

int sealing_apply(const struct sealing *manifest, const struct seal_settings *settings,
    const char *version, struct seal_outcome *outcome, struct error *err)
{
	const struct transit_key *key = &manifest->key;
	cleanup_free char *transit_key = string_format(err, "%s/%s", key->mount, key->name);
	static const struct seal_changes none;
	struct seal_settings own = *settings;
	struct sealing start = {.kind = SEALING_APPLY,
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
	return run_until_written(&start, &none, err);
}
