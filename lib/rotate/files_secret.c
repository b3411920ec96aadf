#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"
#include "lib/rotate/files_internal.h"
#include "lib/sealed/foreign.h"

/* -- key and scope ---------------------------------------------------------------------------- */

/* Set *name to the Secret's Transit key, and *ours to whether --transit-key includes it. */
static int secret_find_key_name(const struct files_run *run, const struct files_secret *secret,
    const char **name, bool *ours, struct error *reason)
{
	const char *annotation =
	    kube_secret_annotation(&secret->found->object, SEALED_ANNOTATION_KEY);
	struct transit_key key;

	*ours = true;
	*name = annotation ? annotation : run->settings->transit_key;
	if (!*name)
		return error_set(reason, ERROR_USAGE,
		    "no Transit key is known: it has no annotation " SEALED_ANNOTATION_KEY
		    "; pass --transit-key");
	if (!annotation)
		return 0;
	if (transit_key_parse(&key, annotation, reason) < 0)
		return error_wrap(reason, "annotation " SEALED_ANNOTATION_KEY);
	transit_key_free(&key);
	*ours = !run->only.name || transit_key_is(&run->only, annotation);
	return 0;
}

/* Set the scope, and check that the manifest contains the names that the scope binds to. */
static int secret_find_scope(struct files_secret *secret, struct error *reason)
{
	const struct kube_secret *object = &secret->found->object;
	const char *text = kube_secret_annotation(object, SEALED_ANNOTATION_SCOPE);

	secret->scope = SEALED_UNBOUND;
	if (!text)
		return 0;
	if (sealed_scope_parse(text, &secret->scope, reason) < 0)
		return error_wrap(reason, "annotation " SEALED_ANNOTATION_SCOPE);
	if (secret->scope == SEALED_CLUSTER_WIDE)
		return 0;
	if (manifest_check_rendered(secret->found, reason) < 0)
		return error_wrap(reason, "scope %s binds to the namespace", text);
	if (!secret->namespace)
		return error_set(reason, ERROR_USAGE,
		    "scope %s binds to the namespace, which the manifest lacks; pass -n NAMESPACE",
		    text);
	if (secret->scope == SEALED_STRICT && !object->name)
		return error_set(reason, ERROR_USAGE,
		    "scope strict binds to the name, and metadata.generateName leaves it open");
	return 0;
}

/* Set the key, with its newest version, and the scope, which are needed to examine the values. */
static int secret_prepare(struct files_run *run, const struct manifest_document *document,
    struct files_secret *secret, const char *key, struct error *err)
{
	struct error reason = ERROR_INIT;

	secret->key = files_find_key(run, key, err);
	if (!secret->key)
		return -1;
	if (run->pass == FILES_GATHER)
		return 0;
	if (secret->key->failed)
		error_set(&reason, ERROR_REJECTED, "its Transit key %s can't be used", key);
	else if (secret_find_scope(secret, &reason) == 0)
		return 0;
	files_report_secret(run, document, secret, NULL, &reason);
	return 0;
}

/* -- values ----------------------------------------------------------------------------------- */

static int secret_add_value(struct manifest_document *document, struct files_secret *secret,
    const struct kube_entry *entry, struct error *err)
{
	struct files_state *state = document->state;
	char *context = NULL;

	if (secret->scope != SEALED_UNBOUND) {
		context = sealed_context(
		    secret->scope, secret->namespace, secret->found->object.name, entry->key, err);
		if (!context)
			return -1;
	}
	state->values[document->values++] =
	    (struct files_value){document, secret, entry, context, false};
	return 0;
}

static void document_drop_values(struct manifest_document *document, size_t count)
{
	struct files_state *state = document->state;

	while (document->values > count)
		free(state->values[--document->values].context);
}

/*
 * Check a value without ciphertext.  Without our label it need not be sealed, except in a
 * verification.
 */
static int secret_check_plaintext(const struct files_run *run, const struct manifest_secret *found,
    const struct kube_entry *entry, struct error *reason)
{
	bool labelled = sealed_secret_is_labelled(&found->object);

	if (!labelled &&
	    (!files_is_verification(run) || manifest_is_unknown(found, entry) ||
		foreign_tool(secret_buffer_string(&entry->value), entry->value.length)))
		return 0;
	return error_set(reason, ERROR_INVALID, "not sealed; seal it with secret-seal --in-place");
}

/*
 * Return 1 for an old value, 0 for a new or unsealed value, -1 with *reason for an invalid value.
 */
static int secret_check_value(const struct files_run *run, const struct files_secret *secret,
    const struct kube_entry *entry, int64_t *version, struct error *reason)
{
	const struct transit_item item = {.input_length = entry->value.length};
	const struct keyset_key *key = secret->key;

	if (!sealed_entry_is_ciphertext(entry))
		return secret_check_plaintext(run, secret->found, entry, reason);
	if (sealed_version(entry->value.data, entry->value.length, version, reason) < 0)
		return -1;
	if (*version > key->wanted_version)
		return error_set(reason, ERROR_INVALID,
		    "version v%lld is newer than the newest of Transit key %s/%s (v%lld); check "
		    "which key it was sealed with",
		    (long long)*version, key->key.mount, key->key.name,
		    (long long)key->wanted_version);
	if (*version == key->wanted_version)
		return 0;
	return transit_check_size(&item, TRANSIT_REWRAP, reason) < 0 ? -1 : 1;
}

static void secret_note_version(struct files_secret *secret, int64_t version)
{
	if (secret->old == 0 || version < secret->oldest)
		secret->oldest = version;
	if (secret->old == 0 || version > secret->newest)
		secret->newest = version;
	secret->old++;
}

static int secret_examine_values(struct files_run *run, struct manifest_document *document,
    struct files_secret *secret, struct error *err)
{
	const struct kube_secret *object = &secret->found->object;

	for (size_t i = 0; i < object->data_count; i++) {
		const struct kube_entry *entry = &object->data[i];
		struct error reason = ERROR_INIT;
		int64_t version = 0;

		secret->bytes += entry->value.length;
		int old = secret_check_value(run, secret, entry, &version, &reason);
		if (old < 0)
			files_report_secret(run, document, secret, entry, &reason);
		if (old <= 0)
			continue;
		secret_note_version(secret, version);
		if (run->pass == FILES_REWRAP && secret_add_value(document, secret, entry, err) < 0)
			return -1;
	}
	return 0;
}

/* -- Secrets with old values ------------------------------------------------------------------ */

/* Check that the text of a Secret with old values can be changed. */
static int secret_check_changeable(const struct manifest_secret *found, struct error *reason)
{
	if (found->object.immutable)
		return error_set(
		    reason, ERROR_REJECTED, "immutable; seal it again under a new name");
	if (found->obstacle_kind)
		return error_set(reason, ERROR_INVALID,
		    "%s in it; write out the value in its place", found->obstacle_kind);
	return 0;
}

/* Print "FILE: Secret demo/app: 3 values v1..v2 -> v4". */
static int secret_print_old(const struct files_run *run, const struct manifest_document *document,
    const struct files_secret *secret, struct error *err)
{
	char newest[32] = "";

	if (secret->newest > secret->oldest)
		snprintf(newest, sizeof(newest), "..v%lld", (long long)secret->newest);
	cleanup_free char *line =
	    string_format(err, "%s: Secret %s%s%s: %zu value%s v%lld%s -> v%lld",
		document->file->name, KUBE_NAMED(secret), secret->old, string_plural(secret->old),
		(long long)secret->oldest, newest, (long long)secret->key->wanted_version);
	if (!line)
		return -1;
	utf8_make_printable(line);
	run->settings->print_old(line);
	return 0;
}

/* Report old values as an error of a verification.  The Secret is counted as old, not as failed. */
static void secret_report_old_error(const struct files_run *run,
    const struct manifest_document *document, struct files_secret *secret)
{
	const struct keyset_key *key = secret->key;
	struct error reason = ERROR_INIT;
	bool failed = secret->failed;

	error_set(&reason, ERROR_REJECTED,
	    "%zu value%s of an old version (v%lld): the newest of Transit key %s/%s is v%lld",
	    secret->old, secret->old > 1 ? "s are" : " is", (long long)secret->oldest,
	    key->key.mount, key->key.name, (long long)key->wanted_version);
	files_report_secret(run, document, secret, NULL, &reason);
	secret->failed = failed;
}

static int secret_handle_old(struct files_run *run, struct manifest_document *document,
    struct files_secret *secret, size_t values_before, struct error *err)
{
	struct error reason = ERROR_INIT;

	if (files_is_verification(run)) {
		secret_report_old_error(run, document, secret);
	} else if (secret_check_changeable(secret->found, &reason) < 0) {
		document_drop_values(document, values_before);
		files_report_secret(run, document, secret, NULL, &reason);
	} else if (run->pass == FILES_REPORT) {
		return secret_print_old(run, document, secret, err);
	}
	return 0;
}

/* -- examining -------------------------------------------------------------------------------- */

/*
 * Report plaintext as an error of a verification.  Log a template, which is not an error but cannot
 * be verified.
 */
static void secret_examine_unsealed(const struct files_run *run,
    const struct manifest_document *document, struct files_secret *secret)
{
	const struct kube_secret *object = &secret->found->object;
	struct error reason = ERROR_INIT;

	for (size_t i = 0; i < object->data_count; i++)
		if (secret_check_plaintext(run, secret->found, &object->data[i], &reason) < 0)
			files_report_secret(run, document, secret, &object->data[i], &reason);
	run->summary->plaintext += secret->failed;
	if (manifest_check_rendered(secret->found, &reason) == 0)
		return;
	manifest_wrap(&document->manifest, secret->found, &reason);
	files_report_unchecked(run, &reason, true);
}

static int secret_examine_sealed(struct files_run *run, struct manifest_document *document,
    struct files_secret *secret, struct error *err)
{
	size_t values_before = document->values;
	struct error reason = ERROR_INIT;
	const char *key;
	bool ours;

	run->summary->secrets++;
	secret->counts = true;
	if (secret_find_key_name(run, secret, &key, &ours, &reason) < 0) {
		files_report_secret(run, document, secret, NULL, &reason);
		return 0;
	}
	if (!ours) {
		run->summary->other_key++;
		secret->counts = false;
		return 0;
	}
	if (secret_prepare(run, document, secret, key, err) < 0)
		return -1;
	if (secret->failed || run->pass == FILES_GATHER)
		return 0;
	if (secret_examine_values(run, document, secret, err) < 0)
		return -1;
	return secret->old > 0 ? secret_handle_old(run, document, secret, values_before, err) : 0;
}

static int secret_examine(struct files_run *run, struct manifest_document *document,
    struct files_secret *secret, struct error *err)
{
	const struct kube_secret *object = &secret->found->object;
	const char *default_namespace = run->settings->namespace;

	secret->name = manifest_shown_name(object);
	secret->namespace = object->namespace;
	if (!secret->namespace && is_set(default_namespace))
		secret->namespace = default_namespace;
	if (!files_is_sealed(object)) {
		secret_examine_unsealed(run, document, secret);
		return 0;
	}
	return secret_examine_sealed(run, document, secret, err);
}

static int state_new(struct manifest_document *document, struct error *err)
{
	const struct manifest *manifest = &document->manifest;
	struct files_state *state = document->state = calloc(1, sizeof(*state));
	size_t values = 1;

	if (!state)
		return error_memory(err);
	for (size_t i = 0; i < manifest->count; i++)
		values += manifest->secrets[i].object.data_count;
	state->secrets = calloc(manifest->count + 1, sizeof(*state->secrets));
	state->values = calloc(values, sizeof(*state->values));
	return state->secrets && state->values ? 0 : error_memory(err);
}

int files_examine(void *context, struct manifest_document *document, struct error *err)
{
	const struct manifest *manifest = &document->manifest;
	struct files_run *run = context;

	if (state_new(document, err) < 0)
		return -1;
	for (size_t i = 0; i < manifest->count; i++) {
		struct files_secret *secret = &((struct files_state *)document->state)->secrets[i];

		secret->found = &manifest->secrets[i];
		if (secret_examine(run, document, secret, err) < 0)
			return -1;
	}
	return files_note_document(run, document, err);
}

void files_release(struct manifest_document *document)
{
	struct files_state *state = document->state;

	if (!state)
		return;
	if (state->values)
		document_drop_values(document, 0);
	for (size_t i = 0; state->secrets && i < document->manifest.count; i++)
		kube_secret_free(&state->secrets[i].change);
	free(state->secrets);
	free(state->values);
	free(state);
}
