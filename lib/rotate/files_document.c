#include "lib/rotate/files_document.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/rotate/files_outside.h"

void files_document_free(struct files_document *document)
{
	for (size_t i = 0; document->secrets && i < document->manifest.count; i++)
		kube_secret_free(&document->secrets[i].change);
	for (size_t i = 0; i < document->count; i++)
		free(document->values[i].context);
	free(document->values);
	free(document->secrets);
	manifest_free(&document->manifest);
	free(document);
}

/*
 * Telling.
 */

void files_complain(struct files_run *run, const struct error *reason)
{
	if (run->silent)
		return;
	run->summary->broken++;
	log_write(LOG_ERROR, "%s", reason->message);
}

/* Nothing of it is ciphertext that can be seen; a verification mentions what may be a Secret. */
static void pass_over(const struct files_run *run, const struct error *reason, bool secret)
{
	bool verify = run->settings->phase == ROTATE_FILES_VERIFY;

	if (!run->silent)
		log_write(verify && secret ? LOG_WARNING : LOG_DEBUG,
		    "not checked, as it holds no ciphertext: %s", reason->message);
}

/* The line that a node of the document begins on. */
static size_t line_of(const struct files_document *document, uint32_t node)
{
	const struct manifest_tree *tree = &document->manifest.tree;
	const char *at = tree->text, *end = tree->text + tree->nodes[node].start;
	size_t line = tree->line;

	for (; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
		line++;
	return line;
}

static const char *name_of(const struct files_secret *secret)
{
	const char *name = secret->found->object.name;

	return name ? name : "(metadata.generateName)";
}

void files_complain_secret(const struct files_run *run, const struct files_document *document,
    struct files_secret *secret, const struct kube_entry *entry, struct error *reason)
{
	const struct manifest_secret *found = secret->found;
	uint32_t node = entry ? found->values[entry - found->object.data].key : found->node;

	secret->failed = true;
	if (run->silent)
		return;
	if (entry)
		error_wrap(reason, "data key \"%s\"", entry->key);
	error_wrap(reason, "%s:%zu: Secret %s%s%s", document->manifest.tree.what,
	    line_of(document, node), secret->namespace ? secret->namespace : "",
	    secret->namespace ? "/" : "", name_of(secret));
	log_write(LOG_ERROR, "%s", reason->message);
}

bool files_hold_ciphertext(const char *bytes, size_t length)
{
	/* As it is, and as base64 begins of it. */
	static const char *const marks[] = {"vault:v", "dmF1bHQ6"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (memmem(bytes, length, marks[i], strlen(marks[i])))
			return true;
	return false;
}

int files_check_time(const struct files_run *run, struct error *err)
{
	if (signals_check(err) < 0)
		return -1;
	if (!http_client_is_over(run->client))
		return 0;
	if (clock_now_ms() < http_client_deadline_ms(run->client))
		return error_set(err, ERROR_INTERRUPTED, "interrupted by a signal");
	return error_set(
	    err, ERROR_NETWORK, "the time limit is over: run again, or give more by --timeout");
}

/*
 * One Secret.
 */

bool files_is_sealed(const struct kube_secret *object)
{
	for (size_t i = 0; i < object->data_count; i++)
		if (sealed_entry_is_ciphertext(&object->data[i]))
			return true;
	return sealed_secret_is_labelled(object);
}

/* The Secret's Transit key, as text, in *text.  *ours: it is not another than --transit-key. */
static int find_key(const struct files_run *run, const struct files_secret *secret,
    const char **text, bool *ours, struct error *reason)
{
	const char *annotation =
	    kube_secret_annotation(&secret->found->object, SEALED_ANNOTATION_KEY);
	struct transit_key key;

	*ours = true;
	*text = annotation ? annotation : run->settings->transit_key;
	if (!*text)
		return error_set(reason, ERROR_USAGE,
		    "no Transit key is known: it has no annotation " SEALED_ANNOTATION_KEY
		    ": name the key with --transit-key");
	if (!annotation)
		return 0;
	if (transit_key_parse(&key, annotation, reason) < 0)
		return error_wrap(reason, "annotation " SEALED_ANNOTATION_KEY);
	transit_key_free(&key);
	*ours = !run->only.name || transit_key_is(&run->only, annotation);
	return 0;
}

struct keyset_key *files_know_key(struct files_run *run, const char *text, struct error *err)
{
	struct keyset_key *key = keyset_add(&run->keys, text, err);

	if (!key || run->pass == FILES_GATHER || key->failed || key->wanted_version > 0)
		return key;
	if (keyset_read_key(key, run->client, &run->vault, &run->settings->session, err) == 0)
		return key;
	if (error_is_outage(err))
		return NULL;
	log_write(LOG_ERROR, "%s", err->message);
	error_clear(err);
	key->failed = true;
	return key;
}

/* What its values are bound to must be known. */
static int find_scope(struct files_secret *secret, struct error *reason)
{
	const struct kube_secret *object = &secret->found->object;
	const char *text = kube_secret_annotation(object, SEALED_ANNOTATION_SCOPE);

	secret->scope = SEALED_UNBOUND;
	if (!text)
		return 0;
	if (sealed_scope_parse(text, &secret->scope, reason) < 0)
		return error_wrap(reason, "annotation " SEALED_ANNOTATION_SCOPE);
	if (secret->scope != SEALED_CLUSTER_WIDE &&
	    manifest_check_rendered(secret->found, reason) < 0)
		return error_wrap(reason, "scope %s binds to the namespace", text);
	if (secret->scope != SEALED_CLUSTER_WIDE && !secret->namespace)
		return error_set(reason, ERROR_USAGE,
		    "scope %s binds to the namespace, which it does not name: name it with -n",
		    text);
	if (secret->scope == SEALED_STRICT && !object->name)
		return error_set(reason, ERROR_USAGE,
		    "scope strict binds to the name, which metadata.generateName leaves open");
	return 0;
}

static void note_version(struct files_secret *secret, int64_t version)
{
	if (secret->old == 0 || version < secret->oldest)
		secret->oldest = version;
	if (secret->old == 0 || version > secret->newest)
		secret->newest = version;
	secret->old++;
}

static int add_value(
    struct files_document *document, struct files_secret *secret, size_t entry, struct error *err)
{
	const struct kube_secret *object = &secret->found->object;
	char *context = NULL;

	if (document->count == document->capacity) {
		size_t capacity = document->capacity ? 2 * document->capacity : 8;
		struct files_value *grown =
		    reallocarray(document->values, capacity, sizeof(*grown));
		if (!grown)
			return error_memory(err);
		document->values = grown;
		document->capacity = capacity;
	}
	if (secret->scope != SEALED_UNBOUND) {
		context = sealed_context(
		    secret->scope, secret->namespace, object->name, object->data[entry].key, err);
		if (!context)
			return -1;
	}
	document->values[document->count++] = (struct files_value){
	    .document = document, .secret = secret, .entry = entry, .context = context};
	return 0;
}

/* 1: the value is old; 0: it is new, or not ours; -1: it is not as it should be. */
static int look_at_value(const struct kube_secret *object, const struct kube_entry *entry,
    const struct keyset_key *key, int64_t *version, struct error *reason)
{
	/* Plaintext is nobody's fault where nobody says that it is sealed. */
	if (!sealed_entry_is_ciphertext(entry))
		return !sealed_secret_is_labelled(object)
			   ? 0
			   : error_set(reason, ERROR_INVALID,
				 "it is not sealed: seal it with secret-seal --in-place");
	if (sealed_version(entry->value.data, entry->value.length, version, reason) < 0)
		return -1;
	if (*version > key->wanted_version)
		return error_set(reason, ERROR_INVALID,
		    "its version is v%lld, but the newest of Transit key %s/%s is v%lld: it was "
		    "sealed with another key",
		    (long long)*version, key->key.mount, key->key.name,
		    (long long)key->wanted_version);
	return *version < key->wanted_version;
}

static int look_at_values(struct files_run *run, struct files_document *document,
    struct files_secret *secret, struct error *err)
{
	const struct kube_secret *object = &secret->found->object;
	const struct keyset_key *key = secret->key;

	for (size_t i = 0; i < object->data_count; i++) {
		const struct kube_entry *entry = &object->data[i];
		struct transit_item item = {.input_length = entry->value.length};
		struct error reason = ERROR_INIT;
		int64_t version;

		secret->bytes += entry->value.length;
		int old = look_at_value(object, entry, key, &version, &reason);
		if (old > 0) {
			note_version(secret, version);
			old = transit_check_size(&item, TRANSIT_REWRAP, &reason) < 0 ? -1 : 1;
		}
		if (old < 0)
			files_complain_secret(run, document, secret, entry, &reason);
		else if (old > 0 && run->pass == FILES_REWRAP &&
			 add_value(document, secret, i, err) < 0)
			return -1;
	}
	return 0;
}

/* Something of the Secret is old: can it be replaced? */
static int check_changeable(const struct manifest_secret *found, struct error *reason)
{
	if (found->object.immutable)
		return error_set(
		    reason, ERROR_REJECTED, "it is immutable: seal it again under a new name");
	if (found->obstacle_kind)
		return error_set(reason, ERROR_INVALID, "%s in it: write out what it stands for",
		    found->obstacle_kind);
	return 0;
}

/* Back to `count` of them. */
static void drop_values(struct files_document *document, size_t count)
{
	while (document->count > count)
		free(document->values[--document->count].context);
}

static void tell_old(const struct files_run *run, const struct files_document *document,
    const struct files_secret *secret)
{
	const struct rotate_files_settings *settings = run->settings;
	const struct keyset_key *key = secret->key;
	struct rotate_files_old old = {.file = document->manifest.tree.what,
	    .namespace = secret->namespace,
	    .name = name_of(secret),
	    .line = line_of(document, secret->found->node),
	    .values = secret->old,
	    .oldest = secret->oldest,
	    .newest = secret->newest,
	    .latest = key->wanted_version};

	settings->tell_old(settings->tell_context, &old);
}

static void complain_old(
    const struct files_run *run, const struct files_document *document, struct files_secret *secret)
{
	const struct keyset_key *key = secret->key;
	struct error reason = ERROR_INIT;
	bool failed = secret->failed;

	error_set(&reason, ERROR_REJECTED,
	    "%zu value%s of an old version (v%lld): the newest of Transit key %s/%s is v%lld",
	    secret->old, secret->old > 1 ? "s are" : " is", (long long)secret->oldest,
	    key->key.mount, key->key.name, (long long)key->wanted_version);
	files_complain_secret(run, document, secret, NULL, &reason);
	secret->failed = failed; /* it is counted as old */
}

/* Something is old. */
static void deal_with_old(struct files_run *run, struct files_document *document,
    struct files_secret *secret, size_t values_before)
{
	struct error reason = ERROR_INIT;

	if (run->settings->phase == ROTATE_FILES_VERIFY) {
		complain_old(run, document, secret);
	} else if (check_changeable(secret->found, &reason) < 0) {
		drop_values(document, values_before);
		files_complain_secret(run, document, secret, NULL, &reason);
	} else if (run->pass == FILES_TELL) {
		tell_old(run, document, secret);
	}
}

/* What is known of the Secret's key and binding suffices to look at its values. */
static int prepare(struct files_run *run, const struct files_document *document,
    struct files_secret *secret, const char *key, struct error *err)
{
	struct error reason = ERROR_INIT;

	secret->key = files_know_key(run, key, err);
	if (!secret->key)
		return -1;
	if (run->pass == FILES_GATHER)
		return 0;
	if (secret->key->failed)
		error_set(&reason, ERROR_REJECTED, "its Transit key %s can't be used", key);
	else if (find_scope(secret, &reason) == 0)
		return 0;
	files_complain_secret(run, document, secret, NULL, &reason);
	return 0;
}

static int look_at_secret(struct files_run *run, struct files_document *document,
    struct files_secret *secret, struct error *err)
{
	const struct kube_secret *object = &secret->found->object;
	const char *unsaid = is_set(run->settings->namespace) ? run->settings->namespace : NULL;
	struct error reason = ERROR_INIT;
	const char *key;
	bool ours;

	if (!files_is_sealed(object)) {
		if (manifest_check_rendered(secret->found, &reason) < 0) {
			manifest_wrap(&document->manifest, secret->found, &reason);
			pass_over(run, &reason, true);
		}
		return 0;
	}
	secret->namespace = object->namespace ? object->namespace : unsaid;
	run->summary->secrets++;
	secret->counts = true;
	if (find_key(run, secret, &key, &ours, &reason) < 0) {
		files_complain_secret(run, document, secret, NULL, &reason);
		return 0;
	}
	if (!ours) {
		run->summary->other_key++;
		secret->counts = false;
		return 0;
	}
	if (prepare(run, document, secret, key, err) < 0)
		return -1;
	if (secret->failed || run->pass == FILES_GATHER)
		return 0;
	size_t values_before = document->count;
	if (look_at_values(run, document, secret, err) < 0)
		return -1;
	if (secret->old > 0)
		deal_with_old(run, document, secret, values_before);
	return 0;
}

static int look_at_secrets(
    struct files_run *run, struct files_document *document, struct error *err)
{
	const struct manifest *manifest = &document->manifest;

	document->secrets = calloc(manifest->count + 1, sizeof(*document->secrets));
	if (!document->secrets)
		return error_memory(err);
	for (size_t i = 0; i < manifest->count; i++)
		document->secrets[i].found = &manifest->secrets[i];
	for (size_t i = 0; i < manifest->count; i++)
		if (look_at_secret(run, document, &document->secrets[i], err) < 0)
			return -1;
	return files_outside_note_document(run, document, err);
}

/*
 * A document that can't be read is told of where it could hold ciphertext: templates stand in many
 * a checkout, and what is no YAML before it is rendered need not be.
 */
static void refuse_document(
    struct files_run *run, const struct files_document *document, const struct error *reason)
{
	const struct secret_buffer *text = &document->manifest.text;

	if (files_hold_ciphertext(secret_buffer_string(text), text->length))
		files_complain(run, reason);
	else
		pass_over(run, reason,
		    memmem(secret_buffer_string(text), text->length, "Secret", 6) != NULL);
}

int files_document_read(struct files_run *run, struct files_document *document,
    struct secret_buffer *text, size_t line, const char *file, struct error *err)
{
	struct error reason = ERROR_INIT;

	if (manifest_read(&document->manifest, text, line, file, &reason) == 0)
		return look_at_secrets(run, document, err);
	if (reason.code == ERROR_SYSTEM) {
		*err = reason;
		return -1;
	}
	refuse_document(run, document, &reason);
	/* What was read of it up to there is not to be looked at. */
	manifest_free(&document->manifest);
	return 0;
}
