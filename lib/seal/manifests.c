#include "lib/seal/manifests.h"

#include <fcntl.h>
#include <stddef.h>
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
#include "lib/seal/rule_search.h"

/* A Secret in a document.  The state of a document is an array of these. */
struct waiting_secret {
	const struct manifest_document *document;
	const struct manifest_secret *found;
	struct seal_settings settings; /* settings of the run and the rule, with adopt */
	struct seal_task task;	       /* its `existing` borrows from the manifest */
	char *version;		       /* resourceVersion in the manifest; NULL: none */
	bool plaintext;		       /* has values to seal */
};

struct manifests_run {
	struct seal_session *session;
	const struct seal_settings *settings;
	const struct manifests_sink *sink;
	struct manifests_summary *summary;
	bool first;	  /* the next text to print begins a file */
	const char *path; /* of the manifest; NULL: standard input */
	struct rule_search rules;
	struct resolve_known_key *keys; /* key states read so far */
};

static void free_waiting_secret(struct waiting_secret *secret)
{
	free(secret->version);
	seal_task_free(&secret->task);
}

static void job_release(struct manifest_document *document)
{
	struct waiting_secret *secrets = document->state;

	for (size_t i = 0; secrets && i < document->manifest.count; i++)
		free_waiting_secret(&secrets[i]);
	free(secrets);
}

/* Examining Secrets. */

static int prepare_task(struct manifests_run *run, struct waiting_secret *secret, struct error *err)
{
	struct seal_task *task = &secret->task;

	secret->settings = *run->settings;
	secret->settings.adopt = true; /* a manifest may have plaintext beside ciphertext */
	*task = (struct seal_task){.kind = SEAL_TASK_MANIFEST,
	    .settings = &secret->settings,
	    .session = run->session,
	    .keys = &run->keys};
	if (seal_task_begin_manifest(task, &secret->found->object, err) < 0 ||
	    rule_search_apply(&run->rules, run->path, task->namespace, &task->existing,
		&secret->settings, NULL, err) < 0)
		return -1;
	return seal_task_run(task, err);
}

static bool holds_plaintext(const struct kube_secret *object)
{
	for (size_t i = 0; i < object->data_count; i++)
		if (!sealed_entry_is_ciphertext(&object->data[i]))
			return true;
	return false;
}

/*
 * Reject malformed ciphertext: a password may begin like ciphertext, and must not pass as sealed.
 */
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

	secret->document = document;
	secret->found = found;
	if (check_ciphertexts(&found->object, err) < 0)
		return manifest_wrap(manifest, found, err);
	secret->plaintext = holds_plaintext(&found->object);
	if (!secret->plaintext && !writes_to_api(run))
		return 0;
	if (writes_to_api(run) &&
	    manifest_read_metadata(manifest, found, &secret->version, err) < 0)
		return -1;
	if (manifest_check_rendered(found, err) < 0 || prepare_task(run, secret, err) < 0)
		return manifest_wrap(manifest, found, err);
	document->values += secret->task.values.count;
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
	/* Do not count the time of waiting for the stream. */
	seal_session_restart_timeout(run->session);
	for (size_t i = 0; i < manifest->count; i++)
		if (examine_secret_in(run, document, &secrets[i], &manifest->secrets[i], err) < 0)
			return -1;
	return 0;
}

/*
 * Encrypting.
 */

/* Prefix the message with the position of the Secret that failed. */
static int wrap_failed(const struct seal_task *failed, struct error *err)
{
	const char *bytes = (const char *)failed - offsetof(struct waiting_secret, task);
	const struct waiting_secret *secret = (const struct waiting_secret *)(const void *)bytes;

	return manifest_wrap(&secret->document->manifest, secret->found, err);
}

static int job_transform(void *context, struct manifest_document *first, struct error *err)
{
	struct manifests_run *run = context;
	struct seal_task *failed = NULL;
	size_t count = 0, at = 0;

	for (const struct manifest_document *each = first; each; each = each->next)
		count += each->manifest.count;
	cleanup_free struct seal_task **tasks = calloc(count + 1, sizeof(struct seal_task *));
	if (!tasks)
		return error_memory(err);
	for (const struct manifest_document *each = first; each; each = each->next) {
		struct waiting_secret *secrets = each->state;

		for (size_t i = 0; i < each->manifest.count; i++)
			if (secrets[i].plaintext || writes_to_api(run))
				tasks[at++] = &secrets[i].task;
	}
	if (at == 0)
		return 0;
	seal_session_restart_timeout(run->session);
	if (signals_check(err) < 0 || seal_session_log_in(run->session, err) < 0)
		return -1;
	if (encrypt_tasks(tasks, at, &failed, err) == 0)
		return 0;
	return failed ? wrap_failed(failed, err) : error_wrap(err, "%s", first->file->name);
}

/*
 * Writing to the API.
 */

/*
 * Prefix the message with "FILE: line 3: Secret demo/app: ", unless it contains the Secret's name.
 */
static int wrap_written(const struct waiting_secret *secret, struct error *err)
{
	const struct seal_task *task = &secret->task;
	cleanup_free char *name = string_format(err, "Secret %s/%s", task->namespace, task->name);

	if (name && !strstr(err->message, name))
		error_wrap(err, "%s", name);
	return manifest_wrap(&secret->document->manifest, secret->found, err);
}

static int apply_secret(
    struct manifests_run *run, const struct waiting_secret *secret, struct error *err)
{
	const struct kube_secret *object = &secret->found->object;
	struct seal_outcome outcome = {0};

	if (signals_check(err) < 0)
		return -1;
	if (!object->name)
		return error_set(err, ERROR_USAGE,
		    "metadata.generateName: a Secret that is written to the API has a name");
	seal_session_restart_timeout(run->session);
	int result = seal_task_apply(&secret->task, run->settings, secret->version, &outcome, err);
	if (result == 0) {
		run->summary->written++;
		result =
		    run->sink->written(run->sink->context, &outcome.secret, outcome.change, err);
	}
	seal_outcome_free(&outcome);
	return result;
}

static int apply_secrets(
    struct manifests_run *run, const struct manifest_document *document, struct error *err)
{
	const struct waiting_secret *secrets = document->state;

	for (size_t i = 0; i < document->manifest.count; i++) {
		if (apply_secret(run, &secrets[i], err) < 0)
			return wrap_written(&secrets[i], err);
		progress_update(run->summary->written, 0);
	}
	return 0;
}

/* Writing the new text. */

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
			    &manifest->secrets[i], &secrets[i].task.change, true};
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
		return apply_secrets(run, document, err);
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

static void job_finish(void *context, const struct manifest_file *file)
{
	(void)context;
	if (file->secrets == 0)
		log_write(LOG_INFO, "%s: nothing to seal", file->name);
	else
		log_write(LOG_INFO, "%s: %zu Secret%s sealed", file->name, file->secrets,
		    string_plural(file->secrets));
}

/*
 * Files.
 */

static int read_input(
    struct manifests_run *run, struct manifest_batch *batch, const char *name, struct error *err)
{
	run->first = true;
	run->path = strcmp(name, "-") == 0 ? NULL : name;
	if (run->sink->target == MANIFESTS_IN_PLACE)
		return manifest_batch_read_file(batch, name, err);
	if (!run->path)
		return manifest_batch_read_stream(batch, STDIN_FILENO, "standard input", err);
	/* Opening a pipe waits without a limit, as reading standard input does. */
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
	/* Finish each file before the next is read, so that files are complete after an error. */
	for (size_t i = 0; result == 0 && i < files->count; i++) {
		result = read_input(&run, &batch, files->items[i], err);
		if (result == 0)
			result = manifest_batch_flush(&batch, err);
	}
	manifest_batch_free(&batch);
	resolve_free_keys(&run.keys);
	rule_search_free(&run.rules);
	return result;
}
