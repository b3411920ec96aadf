#include "lib/seal/manifests.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/base/signals.h"
#include "lib/base/strings.h"
#include "lib/manifest/batch.h"
#include "lib/seal/internal.h"
#include "lib/sealed/foreign.h"

/* A Secret of a document; the document's state is an array of them. */
struct waiting_secret {
	const struct manifest_secret *found;
	struct seal_settings settings; /* with the manifest's own */
	struct sealing sealing;	       /* its `existing` borrows the manifest's data */
	char *namespace;
	char *version;	/* resourceVersion in the manifest; NULL: none */
	bool plaintext; /* it has values to seal */
};

/* The state of a Transit key, which is read once in a run. */
struct known_key {
	struct transit_key key;
	struct transit_key_state state;
	bool missing; /* at the beginning */
	struct known_key *next;
};

struct manifests_run {
	struct seal_session *session;
	const struct seal_settings *settings;
	const struct manifests_sink *sink;
	struct manifests_summary *summary;
	bool first; /* the next text to print begins a file */
	struct known_key *keys;
};

static void free_waiting_secret(struct waiting_secret *secret)
{
	struct sealing *sealing = &secret->sealing;

	free(secret->namespace);
	free(secret->version);
	free(sealing->name);
	free(sealing->existing.name);
	free(sealing->existing.namespace);
	transit_key_free(&sealing->key);
	variables_free(&sealing->values);
	kube_secret_free(&sealing->change);
}

static void job_release(struct manifest_document *document)
{
	struct waiting_secret *secrets = document->state;

	for (size_t i = 0; secrets && i < document->manifest.count; i++)
		free_waiting_secret(&secrets[i]);
	free(secrets);
}

static void free_keys(struct manifests_run *run)
{
	while (run->keys) {
		struct known_key *known = run->keys;

		run->keys = known->next;
		transit_key_free(&known->key);
		free(known);
	}
}

/*
 * One Secret: what is to be sealed, and how.
 */

static bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* The manifest's own namespace, else the one in force; NULL: nobody names it. */
static int find_namespace(
    struct manifests_run *run, struct waiting_secret *secret, struct error *err)
{
	const char *own = secret->found->object.namespace;
	const char *asked = run->session->settings->kube.namespace;
	const char *namespace = own ? own : run->session->namespace;

	if (own && !kube_valid_namespace(own))
		return error_set(err, ERROR_INVALID, "\"%s\" can't be a namespace's name", own);
	if (own && is_set(asked) && !same_text(own, asked))
		return error_set(err, ERROR_USAGE,
		    "its namespace is %s, but %s is asked for: leave out -n, or change the "
		    "manifest",
		    own, asked);
	secret->namespace = namespace ? strdup(namespace) : NULL;
	secret->sealing.namespace = secret->namespace;
	return namespace && !secret->namespace ? error_memory(err) : 0;
}

static int find_name(struct waiting_secret *secret, struct error *err)
{
	const char *name = secret->found->object.name;

	if (name && !kube_valid_name(name))
		return error_set(err, ERROR_INVALID,
		    "\"%s\" can't be a Secret's name: lower case letters, digits, '-' and '.', up "
		    "to 253, beginning and ending with a letter or digit",
		    name);
	secret->sealing.name = strdup(name ? name : "(metadata.generateName)");
	return secret->sealing.name ? 0 : error_memory(err);
}

/* What stands in the manifest is what the Secret was up to now. */
static int take_existing(struct waiting_secret *secret, struct error *err)
{
	struct sealing *sealing = &secret->sealing;

	sealing->existing = secret->found->object;
	sealing->existing.name = strdup(sealing->name);
	sealing->existing.namespace = strdup(secret->namespace ? secret->namespace : "");
	sealing->exists = true;
	return sealing->existing.name && sealing->existing.namespace ? 0 : error_memory(err);
}

/* As annotated, else as the sealed values have it, else as asked for. */
static int find_layout(struct waiting_secret *secret, struct error *err)
{
	const char *annotated =
	    kube_secret_annotation(&secret->found->object, SEALED_ANNOTATION_LAYOUT);
	struct sealing *sealing = &secret->sealing;
	enum seal_layout asked = secret->settings.layout;

	if (!annotated)
		return sealing_settle_layout(sealing, err);
	sealing->document = same_text(annotated, "document");
	if (asked != LAYOUT_AS_IS && (asked == LAYOUT_DOCUMENT) != sealing->document)
		return error_set(
		    err, ERROR_USAGE, "its layout is %s: leave out --layout", annotated);
	return 0;
}

static int add_value(struct waiting_secret *secret, const struct kube_entry *entry,
    const char *file, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	if (secret_buffer_append(
		&value, secret_buffer_string(&entry->value), entry->value.length, err) < 0)
		return -1;
	if (!secret->settings.force_foreign && foreign_check("data", entry->key, &value, err) < 0)
		return -1;
	if (secret->sealing.document && sealed_document_check(&value, entry->key, err) < 0)
		return -1;
	if (!secret->settings.force_foreign && secret->sealing.document &&
	    foreign_check_document("data", entry->key, &value, err) < 0)
		return -1;
	return variables_add(&secret->sealing.values, entry->key, &value, file, err);
}

static int add_values(struct waiting_secret *secret, const char *file, struct error *err)
{
	for (size_t i = 0; i < secret->found->object.data_count; i++) {
		const struct kube_entry *entry = &secret->found->object.data[i];

		if (!sealed_entry_is_ciphertext(entry) && add_value(secret, entry, file, err) < 0)
			return -1;
	}
	return 0;
}

static bool same_key(const struct transit_key *a, const struct transit_key *b)
{
	return same_text(a->mount, b->mount) && same_text(a->name, b->name);
}

static struct known_key *find_known(const struct manifests_run *run, const struct transit_key *key)
{
	struct known_key *known = run->keys;

	while (known && !same_key(&known->key, key))
		known = known->next;
	return known;
}

static int remember_key(struct manifests_run *run, const struct sealing *sealing, struct error *err)
{
	struct known_key *known = calloc(1, sizeof(*known));

	if (!known)
		return error_memory(err);
	known->key.mount = strdup(sealing->key.mount);
	known->key.name = strdup(sealing->key.name);
	known->state = sealing->state;
	known->missing = sealing->key_missing;
	known->next = run->keys;
	run->keys = known;
	return known->key.mount && known->key.name ? 0 : error_memory(err);
}

static int find_scope(struct manifests_run *run, struct waiting_secret *secret, struct error *err)
{
	struct sealing *sealing = &secret->sealing;
	const struct known_key *known = find_known(run, &sealing->key);

	if (known) {
		sealing->state = known->state;
		sealing->key_missing = known->missing;
	}
	if (sealing_find_scope(sealing, err) < 0 || (!known && remember_key(run, sealing, err) < 0))
		return -1;
	if (sealing->scope != SEALED_STRICT || secret->found->object.name)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "a strictly bound value is sealed for its Secret's name, which metadata.generateName "
	    "leaves open: name it, or use --scope namespace-wide");
}

/*
 * A manifest of plaintext may name the key for its own values: whoever wrote it has them.  No
 * ciphertext can contradict it.
 */
static void take_key(struct waiting_secret *secret)
{
	const struct kube_secret *object = &secret->found->object;

	if (is_set(secret->settings.transit_key) || object->data_count == 0)
		return;
	for (size_t i = 0; i < object->data_count; i++)
		if (sealed_entry_is_ciphertext(&object->data[i]))
			return;
	secret->settings.transit_key = kube_secret_annotation(object, SEALED_ANNOTATION_KEY);
}

static int prepare(
    struct manifests_run *run, struct waiting_secret *secret, const char *file, struct error *err)
{
	struct sealing *sealing = &secret->sealing;

	secret->settings = *run->settings;
	secret->settings.adopt = true; /* plaintext beside ciphertext is what this is about */
	take_key(secret);
	sealing->settings = &secret->settings;
	sealing->session = run->session;
	if (find_namespace(run, secret, err) < 0 || find_name(secret, err) < 0 ||
	    take_existing(secret, err) < 0 || find_layout(secret, err) < 0 ||
	    add_values(secret, file, err) < 0)
		return -1;
	struct seal_changes changes = {.values = sealing->values};
	sealing->changes = &changes;
	if (sealing_check_marks(sealing, err) < 0 || sealing_find_key(sealing, err) < 0 ||
	    seal_session_log_in(run->session, err) < 0 || find_scope(run, secret, err) < 0)
		return -1;
	sealing->changes = NULL;
	return sealing_check_type(sealing, err) < 0 ? -1 : sealing_mark(sealing, err);
}

static bool holds_plaintext(const struct kube_secret *object)
{
	for (size_t i = 0; i < object->data_count; i++)
		if (!sealed_entry_is_ciphertext(&object->data[i]))
			return true;
	return false;
}

/* A password may begin as ciphertext does: what is not sealed must not pass for it. */
static int check_ciphertexts(const struct kube_secret *object, struct error *err)
{
	int64_t version;

	for (size_t i = 0; i < object->data_count; i++) {
		const struct kube_entry *entry = &object->data[i];
		if (sealed_entry_is_ciphertext(entry) &&
		    sealed_version(entry->value.data, entry->value.length, &version, err) < 0)
			return error_wrap(err, "data key \"%s\"", entry->key);
	}
	return 0;
}

static bool writes_to_api(const struct manifests_run *run)
{
	return run->sink->target == MANIFESTS_TO_API;
}

static int examine_secret_in(struct manifests_run *run, struct manifest_document *document,
    struct waiting_secret *secret, struct manifest_secret *found, struct error *err)
{
	const struct manifest *manifest = &document->manifest;

	secret->found = found;
	if (check_ciphertexts(&found->object, err) < 0)
		return manifest_wrap(manifest, found, err);
	secret->plaintext = holds_plaintext(&found->object);
	if (!secret->plaintext && !writes_to_api(run))
		return 0;
	if (writes_to_api(run) &&
	    manifest_read_metadata(manifest, found, &secret->version, err) < 0)
		return -1;
	if (manifest_check_rendered(found, err) < 0 ||
	    prepare(run, secret, document->file->file.name, err) < 0)
		return manifest_wrap(manifest, found, err);
	document->values += secret->sealing.values.count;
	document->waits = true;
	return 0;
}

static int job_examine(void *context, struct manifest_document *document, struct error *err)
{
	struct manifest *manifest = &document->manifest;
	struct waiting_secret *secrets = calloc(manifest->count + 1, sizeof(*secrets));
	struct manifests_run *run = context;

	document->state = secrets;
	if (!secrets)
		return error_memory(err);
	/* A stream may have taken its time to send the document. */
	seal_session_restart_timeout(run->session);
	for (size_t i = 0; i < manifest->count; i++)
		if (examine_secret_in(run, document, &secrets[i], &manifest->secrets[i], err) < 0)
			return -1;
	return 0;
}

/*
 * Encrypting.
 */

/* Add manifest_wrap's position to an error of the Secret that failed. */
static int wrap_failed(
    const struct manifest_document *first, const struct sealing *failed, struct error *err)
{
	for (const struct manifest_document *each = first; each; each = each->next) {
		const struct waiting_secret *secrets = each->state;

		for (size_t i = 0; i < each->manifest.count; i++)
			if (&secrets[i].sealing == failed)
				return manifest_wrap(&each->manifest, secrets[i].found, err);
	}
	return error_wrap(err, "%s", first->file->file.name);
}

static int job_transform(void *context, struct manifest_document *first, struct error *err)
{
	struct manifests_run *run = context;
	struct sealing *failed = NULL;
	size_t count = 0, at = 0;

	for (const struct manifest_document *each = first; each; each = each->next)
		count += each->manifest.count;
	cleanup_free struct sealing **sealings = calloc(count + 1, sizeof(struct sealing *));
	if (!sealings)
		return error_memory(err);
	for (const struct manifest_document *each = first; each; each = each->next) {
		struct waiting_secret *secrets = each->state;

		for (size_t i = 0; i < each->manifest.count; i++)
			if (secrets[i].plaintext || writes_to_api(run))
				sealings[at++] = &secrets[i].sealing;
	}
	if (at == 0)
		return 0;
	seal_session_restart_timeout(run->session);
	if (signals_check(err) < 0 || seal_session_log_in(run->session, err) < 0)
		return -1;
	if (sealings_encrypt(sealings, at, &failed, err) < 0)
		return wrap_failed(first, failed, err);
	return 0;
}

/*
 * Writing to the API.
 */

/* "FILE: line 3: Secret demo/app: ...", unless the error names the Secret itself. */
static int wrap_written(const struct manifest_document *document,
    const struct waiting_secret *secret, struct error *err)
{
	const struct sealing *sealing = &secret->sealing;
	cleanup_free char *name =
	    string_format(err, "Secret %s/%s", sealing->namespace, sealing->name);

	if (name && !strstr(err->message, name))
		error_wrap(err, "%s", name);
	return manifest_wrap(&document->manifest, secret->found, err);
}

static int write_secret(
    struct manifests_run *run, const struct waiting_secret *secret, struct error *err)
{
	const struct kube_secret *object = &secret->found->object;
	struct seal_settings settings = *run->settings;
	struct seal_outcome outcome = {0};

	if (signals_check(err) < 0)
		return -1;
	if (!object->name)
		return error_set(err, ERROR_USAGE,
		    "metadata.generateName: a Secret that is written to the API has a name");
	seal_session_restart_timeout(run->session);
	settings.based_on = secret->version;
	int result = sealing_write_manifest(&secret->sealing, object, &settings, &outcome, err);
	if (result == 0) {
		run->summary->written++;
		result =
		    run->sink->written(run->sink->context, &outcome.secret, outcome.change, err);
	}
	seal_outcome_free(&outcome);
	return result;
}

static int write_secrets(
    struct manifests_run *run, const struct manifest_document *document, struct error *err)
{
	const struct waiting_secret *secrets = document->state;

	for (size_t i = 0; i < document->manifest.count; i++) {
		if (write_secret(run, &secrets[i], err) < 0)
			return wrap_written(document, &secrets[i], err);
		progress_update(run->summary->written, 0);
	}
	return 0;
}

/*
 * The new text.
 */

static int append_text(
    const struct manifest_document *document, struct secret_buffer *text, struct error *err)
{
	const struct manifest *manifest = &document->manifest;
	const struct waiting_secret *secrets = document->state;
	cleanup_free struct manifest_change *changes =
	    calloc(manifest->count + 1, sizeof(*changes));
	size_t count = 0;

	if (!changes)
		return error_memory(err);
	for (size_t i = 0; i < manifest->count; i++)
		if (secrets[i].plaintext)
			changes[count++] = (struct manifest_change){
			    &manifest->secrets[i], &secrets[i].sealing.change, true};
	return count > 0 ? manifest_change(manifest, changes, count, text, err) : 0;
}

static void count_secrets(
    struct manifests_summary *summary, const struct manifest_document *document)
{
	const struct waiting_secret *secrets = document->state;

	for (size_t i = 0; i < document->manifest.count; i++) {
		summary->sealed += secrets[i].plaintext;
		summary->untouched += !secrets[i].plaintext;
		document->file->secrets += secrets[i].plaintext;
	}
	summary->others += document->manifest.count == 0 && document->manifest.tree.count > 0;
}

static int job_settle(void *context, struct manifest_document *document, struct secret_buffer *text,
    struct error *err)
{
	struct manifests_run *run = context;
	const struct manifests_summary *summary = run->summary;

	if (!writes_to_api(run) && append_text(document, text, err) < 0)
		return -1;
	count_secrets(run->summary, document);
	if (writes_to_api(run))
		return write_secrets(run, document, err);
	progress_update(summary->sealed + summary->untouched, 0);
	return 0;
}

static int job_print(void *context, const char *bytes, size_t length, struct error *err)
{
	struct manifests_run *run = context;
	bool first = run->first;

	run->first = false;
	return run->sink->print(run->sink->context, bytes, length, first, err);
}

static void job_finish(void *context, const struct manifest_batch_file *file)
{
	(void)context;
	if (file->secrets == 0)
		log_write(LOG_INFO, "%s: nothing to seal", file->file.name);
	else
		log_write(LOG_INFO, "%s: %zu Secret%s sealed", file->file.name, file->secrets,
		    file->secrets > 1 ? "s" : "");
}

/*
 * Files.
 */

static int read_input(
    struct manifests_run *run, struct manifest_batch *batch, const char *name, struct error *err)
{
	run->first = true;
	if (run->sink->target == MANIFESTS_IN_PLACE)
		return manifest_batch_read_file(batch, name, err);
	if (strcmp(name, "-") == 0)
		return manifest_batch_read_stream(batch, STDIN_FILENO, "standard input", err);
	/* A pipe is waited for without a limit, as standard input is. */
	cleanup_close int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_system(err, "%s", name);
	return manifest_batch_read_stream(batch, fd, name, err);
}

int manifests_seal(struct seal_session *session, const struct seal_settings *settings,
    const struct strings *files, const struct manifests_sink *sink,
    struct manifests_summary *summary, struct error *err)
{
	struct manifests_run run = {
	    .session = session, .settings = settings, .sink = sink, .summary = summary};
	struct manifest_job job = {.context = &run,
	    .refuse_foreign = !settings->force_foreign,
	    .print = sink->target == MANIFESTS_TO_STDOUT ? job_print : NULL,
	    .examine = job_examine,
	    .transform = job_transform,
	    .settle = job_settle,
	    .release = job_release,
	    .finish = sink->target == MANIFESTS_IN_PLACE ? job_finish : NULL};
	struct manifest_batch batch;
	int result = 0;

	manifest_batch_init(&batch, &job);
	/* Each file is done before the next is read, so that an error leaves whole files. */
	for (size_t i = 0; result == 0 && i < files->count; i++) {
		result = read_input(&run, &batch, files->items[i], err);
		if (result == 0)
			result = manifest_batch_flush(&batch, err);
	}
	manifest_batch_free(&batch);
	free_keys(&run);
	return result;
}
