#include "lib/seal/manifests.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/progress.h"
#include "lib/base/signals.h"
#include "lib/manifest/manifest.h"
#include "lib/manifest/stream.h"
#include "lib/seal/internal.h"
#include "lib/sealed/foreign.h"

/*
 * Text that waits for its values to be sealed.  Half of what a request takes: its values are in
 * memory several times over while they are sealed and read back.
 */
#define WAITING_MAX (TRANSIT_BATCH_BYTES / 2)

/* A Secret of a document that waits. */
struct waiting_secret {
	const struct manifest_secret *found;
	struct seal_settings settings; /* with what the manifest says */
	struct sealing sealing;	       /* its `existing` borrows the manifest's data */
	char *namespace;
	char *version; /* resourceVersion in the manifest; NULL: none */
	bool fresh;    /* it holds plaintext */
};

struct waiting {
	struct manifest manifest;
	struct waiting_secret *secrets; /* one for each of the manifest's */
	size_t values;			/* that are to be sealed */
	struct waiting *next;
};

/* A key's state is asked for once a run. */
struct known_key {
	struct transit_key key;
	struct transit_key_state state;
	bool missing; /* at the beginning */
	struct known_key *next;
};

struct run {
	struct seal_session *session;
	const struct seal_settings *settings;
	const struct manifests_sink *sink;
	struct manifests_summary *summary;
	const char *file;
	struct known_key *keys;
	struct waiting *first, **last; /* in the stream's order */
	size_t values, secrets, bytes; /* of those */
};

/*
 * Freeing.
 */

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

static void free_waiting(struct waiting *waiting)
{
	for (size_t i = 0; waiting->secrets && i < waiting->manifest.count; i++)
		free_waiting_secret(&waiting->secrets[i]);
	free(waiting->secrets);
	manifest_free(&waiting->manifest);
	free(waiting);
}

static void free_queue(struct run *run)
{
	while (run->first) {
		struct waiting *waiting = run->first;

		run->first = waiting->next;
		free_waiting(waiting);
	}
	run->last = &run->first;
	run->values = run->secrets = run->bytes = 0;
}

static void free_keys(struct run *run)
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
static int find_namespace(struct run *run, struct waiting_secret *secret, struct error *err)
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

static struct known_key *find_known(const struct run *run, const struct transit_key *key)
{
	struct known_key *known = run->keys;

	while (known && !same_key(&known->key, key))
		known = known->next;
	return known;
}

static int remember_key(struct run *run, const struct sealing *sealing, struct error *err)
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

static int find_scope(struct run *run, struct waiting_secret *secret, struct error *err)
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

static int prepare(struct run *run, struct waiting_secret *secret, struct error *err)
{
	struct sealing *sealing = &secret->sealing;

	secret->settings = *run->settings;
	secret->settings.adopt = true; /* plaintext beside ciphertext is what this is about */
	take_key(secret);
	sealing->settings = &secret->settings;
	sealing->session = run->session;
	if (find_namespace(run, secret, err) < 0 || find_name(secret, err) < 0 ||
	    take_existing(secret, err) < 0 || find_layout(secret, err) < 0 ||
	    add_values(secret, run->file, err) < 0)
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

static int look_at_secret(struct run *run, struct waiting *waiting, size_t index, struct error *err)
{
	struct waiting_secret *secret = &waiting->secrets[index];

	secret->found = &waiting->manifest.secrets[index];
	if (check_ciphertexts(&secret->found->object, err) < 0)
		return manifest_wrap(&waiting->manifest, secret->found, err);
	secret->fresh = holds_plaintext(&secret->found->object);
	if (!secret->fresh && !run->sink->written)
		return 0;
	if (run->sink->written && manifest_read_metadata(&waiting->manifest,
				      &waiting->manifest.secrets[index], &secret->version, err) < 0)
		return -1;
	if (manifest_check_rendered(secret->found, err) < 0)
		return manifest_wrap(&waiting->manifest, secret->found, err);
	if (prepare(run, secret, err) < 0)
		return manifest_wrap(&waiting->manifest, secret->found, err);
	waiting->values += secret->sealing.values.count;
	return 0;
}

static int look_at(struct run *run, struct waiting *waiting, struct error *err)
{
	const struct manifest *manifest = &waiting->manifest;

	waiting->secrets = calloc(manifest->count + 1, sizeof(*waiting->secrets));
	if (!waiting->secrets)
		return error_memory(err);
	for (size_t i = 0; i < manifest->count; i++)
		if (look_at_secret(run, waiting, i, err) < 0)
			return -1;
	return 0;
}

/*
 * To the API.
 */

/* "FILE: line 3: Secret demo/app: ...", where the error does not say itself which Secret it is. */
static int wrap_written(
    const struct waiting *waiting, const struct waiting_secret *secret, struct error *err)
{
	const struct sealing *sealing = &secret->sealing;
	cleanup_free char *name =
	    string_format(err, "Secret %s/%s", sealing->namespace, sealing->name);

	if (name && !strstr(err->message, name))
		error_wrap(err, "%s", name);
	return manifest_wrap(&waiting->manifest, secret->found, err);
}

static int write_secret(struct run *run, const struct waiting_secret *secret, struct error *err)
{
	const struct kube_secret *object = &secret->found->object;
	struct seal_outcome outcome = {0};

	if (signals_check(err) < 0)
		return -1;
	if (!object->name)
		return error_set(err, ERROR_USAGE,
		    "metadata.generateName: a Secret that is written to the API has a name");
	seal_session_restart_timeout(run->session);
	struct seal_settings settings = *run->settings;
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

static int write_secrets(struct run *run, struct waiting *waiting, struct error *err)
{
	for (size_t i = 0; i < waiting->manifest.count; i++) {
		if (write_secret(run, &waiting->secrets[i], err) < 0)
			return wrap_written(waiting, &waiting->secrets[i], err);
		progress_update(run->summary->written, 0);
	}
	return 0;
}

/*
 * The queue.
 */

/* The Secrets with new values, and all that are to be written; NULL on error. */
static struct sealing **list_sealings(const struct run *run, size_t *count, struct error *err)
{
	struct sealing **sealings = calloc(run->secrets + 1, sizeof(struct sealing *));

	*count = 0;
	if (!sealings)
		error_memory(err);
	for (struct waiting *waiting = run->first; sealings && waiting; waiting = waiting->next)
		for (size_t i = 0; i < waiting->manifest.count; i++)
			if (waiting->secrets[i].fresh || run->sink->written)
				sealings[(*count)++] = &waiting->secrets[i].sealing;
	return sealings;
}

/* Say where the one that failed stands. */
static int wrap_failed(const struct run *run, const struct sealing *failed, struct error *err)
{
	for (const struct waiting *waiting = run->first; waiting; waiting = waiting->next)
		for (size_t i = 0; i < waiting->manifest.count; i++)
			if (&waiting->secrets[i].sealing == failed)
				return manifest_wrap(
				    &waiting->manifest, waiting->secrets[i].found, err);
	return error_wrap(err, "%s", run->file);
}

static int encrypt_queue(struct run *run, struct error *err)
{
	struct sealing *failed = NULL;
	size_t count;
	cleanup_free struct sealing **sealings = list_sealings(run, &count, err);

	if (!sealings)
		return -1;
	if (count == 0)
		return 0;
	seal_session_restart_timeout(run->session);
	if (seal_session_log_in(run->session, err) < 0)
		return -1;
	return sealings_encrypt(sealings, count, &failed, err) < 0 ? wrap_failed(run, failed, err)
								   : 0;
}

static int change_text(const struct waiting *waiting, struct secret_buffer *text, struct error *err)
{
	const struct manifest *manifest = &waiting->manifest;
	struct manifest_change *changes = calloc(manifest->count + 1, sizeof(*changes));
	size_t count = 0;

	if (!changes)
		return error_memory(err);
	for (size_t i = 0; i < manifest->count; i++)
		if (waiting->secrets[i].fresh)
			changes[count++] = (struct manifest_change){
			    &manifest->secrets[i], &waiting->secrets[i].sealing.change, true};
	int result = manifest_change(manifest, changes, count, text, err);
	free(changes);
	return result;
}

static int put_text(struct run *run, const struct waiting *waiting, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct manifests_sink *sink = run->sink;

	if (!sink->text)
		return 0;
	if (change_text(waiting, &text, err) < 0)
		return -1;
	return sink->text(sink->context, secret_buffer_string(&text), text.length, err);
}

static void count(struct manifests_summary *summary, const struct waiting *waiting)
{
	for (size_t i = 0; i < waiting->manifest.count; i++)
		++*(waiting->secrets[i].fresh ? &summary->sealed : &summary->untouched);
	summary->others += waiting->manifest.count == 0 && waiting->manifest.tree.count > 0;
}

static int finish(struct run *run, struct waiting *waiting, struct error *err)
{
	const struct manifests_summary *summary = run->summary;

	if (put_text(run, waiting, err) < 0)
		return -1;
	count(run->summary, waiting);
	if (run->sink->written)
		return write_secrets(run, waiting, err);
	progress_update(summary->sealed + summary->untouched, 0);
	return 0;
}

/* Seal all that waits, and let it go. */
static int flush(struct run *run, struct error *err)
{
	if (signals_check(err) < 0 || encrypt_queue(run, err) < 0)
		return -1;
	for (struct waiting *waiting = run->first; waiting; waiting = waiting->next)
		if (finish(run, waiting, err) < 0)
			return -1;
	free_queue(run);
	return 0;
}

/* One more; what waits goes first when both would be too much for a request. */
static int enqueue(struct run *run, struct waiting *waiting, struct error *err)
{
	size_t bytes = waiting->manifest.text.length;

	if (run->first && (run->values + waiting->values > TRANSIT_BATCH_ITEMS ||
			      run->bytes + bytes > WAITING_MAX)) {
		if (flush(run, err) < 0) {
			free_waiting(waiting);
			return -1;
		}
	}
	*run->last = waiting;
	run->last = &waiting->next;
	run->values += waiting->values;
	run->secrets += waiting->manifest.count;
	run->bytes += bytes;
	return 0;
}

static int take_document(
    struct run *run, struct secret_buffer *text, size_t line, struct error *err)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting)
		return error_memory(err);
	/* It may have taken its time to come. */
	seal_session_restart_timeout(run->session);
	if (foreign_read_manifest(
		&waiting->manifest, text, line, run->file, run->settings->force_foreign, err) < 0 ||
	    look_at(run, waiting, err) < 0) {
		free_waiting(waiting);
		return -1;
	}
	return enqueue(run, waiting, err);
}

static int read_stream(struct run *run, int fd, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct manifest_stream stream;
	size_t line;
	int result;

	if (!run->settings->force_foreign && foreign_check_file(fd, run->file, err) < 0)
		return -1;
	manifest_stream_begin(&stream, fd, run->file);
	while ((result = manifest_stream_next(&stream, &text, &line, err)) == 1)
		if (take_document(run, &text, line, err) < 0) {
			result = -1;
			break;
		}
	manifest_stream_end(&stream);
	return result == 0 ? flush(run, err) : -1;
}

int manifests_seal(struct seal_session *session, const struct seal_settings *settings, int fd,
    const char *file, const struct manifests_sink *sink, struct manifests_summary *summary,
    struct error *err)
{
	struct run run = {.session = session,
	    .settings = settings,
	    .sink = sink,
	    .summary = summary,
	    .file = file};

	run.last = &run.first;
	int result = read_stream(&run, fd, err);
	free_queue(&run);
	free_keys(&run);
	return result;
}
