#include "lib/rotate/examine.h"

#include <string.h>

#include "lib/sealed/sealed.h"

/* One Secret under examination. */
struct subject {
	struct examination *examination;
	struct kube_secret *secret;
	struct keyset_key *key;
	enum sealed_scope scope;
	bool labelled; /* it claims to be sealed, all of it */
	bool frozen;   /* it has something old and is immutable: that is said once */
};

static void leave(
    struct examination *examination, const struct kube_secret *secret, struct error *reason)
{
	examination->left_something = true;
	examination->left(examination->context, secret, reason);
	error_clear(reason);
}

static bool is_wanted(const struct examination *examination, const struct kube_entry *entry)
{
	return examination->data_keys->count == 0 ||
	       strings_contain(examination->data_keys, entry->key);
}

/* Anything in it that is ours to look at? */
static bool has_ciphertext(const struct examination *examination, const struct kube_secret *secret)
{
	for (size_t i = 0; i < secret->data_count; i++)
		if (is_wanted(examination, &secret->data[i]) &&
		    sealed_entry_is_ciphertext(&secret->data[i]))
			return true;
	return false;
}

/* An annotation that names no key at all does not say so: it may be a slip in the name of ours. */
static bool is_of_another_key(const struct examination *examination, const char *annotation)
{
	struct error ignored = ERROR_INIT;
	struct transit_key key;

	if (keyset_find(examination->keys, annotation) ||
	    transit_key_parse(&key, annotation, &ignored) < 0)
		return false;
	transit_key_free(&key);
	return true;
}

/* The name of its key, borrowed: NULL with no error when that is one the run leaves alone. */
static const char *key_name(
    const struct examination *examination, const struct kube_secret *secret, struct error *err)
{
	const char *annotation = kube_secret_annotation(secret, SEALED_ANNOTATION_KEY);
	const char *asked = examination->transit_key;

	if (annotation && asked && is_of_another_key(examination, annotation))
		return NULL;
	return annotation ? annotation : sealed_secret_key(secret, asked, err);
}

/* The Secret's key in the set; NULL without an error as above. */
static struct keyset_key *find_key(
    const struct examination *examination, const struct kube_secret *secret, struct error *err)
{
	const char *name = key_name(examination, secret, err);
	struct keyset_key *key;

	if (!name)
		return NULL;
	key = keyset_find(examination->keys, name);
	if (key && !key->failed)
		return key;
	if (key) {
		error_set(err, ERROR_REJECTED,
		    "Secret %s/%s: its Transit key %s can't be used in this run", secret->namespace,
		    secret->name, name);
		return NULL;
	}
	if (examination->add_keys) {
		key = keyset_add(examination->keys, name, err);
		if (!key && err->code == ERROR_USAGE)
			error_wrap(err, "Secret %s/%s: annotation " SEALED_ANNOTATION_KEY,
			    secret->namespace, secret->name);
		return key;
	}
	/* What names no key at all was refused when the keys were gathered; say so again. */
	struct transit_key parsed;
	if (transit_key_parse(&parsed, name, err) < 0)
		error_wrap(err, "Secret %s/%s: annotation " SEALED_ANNOTATION_KEY,
		    secret->namespace, secret->name);
	else
		transit_key_free(&parsed);
	return NULL;
}

static void note_version(struct examination *examination, int64_t version)
{
	if (examination->oldest == 0 || version < examination->oldest)
		examination->oldest = version;
}

/* The version of a ciphertext to which a newline was added: an editor takes it off again. */
static bool mendable_version(const struct secret_buffer *value, int64_t *version)
{
	struct error ignored = ERROR_INIT;
	const char *text = secret_buffer_string(value);
	size_t length = value->length;

	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	return length < value->length && sealed_version(text, length, version, &ignored) == 0;
}

/* Nobody knows the key: the oldest version in it is all that can be said. */
static void note_versions(struct examination *examination, const struct kube_secret *secret)
{
	struct error ignored = ERROR_INIT;
	int64_t version;

	examination->keyless = true;
	for (size_t i = 0; i < secret->data_count; i++) {
		const struct secret_buffer *value = &secret->data[i].value;
		if (sealed_version(
			secret_buffer_string(value), value->length, &version, &ignored) == 0 ||
		    mendable_version(value, &version))
			note_version(examination, version);
	}
}

static int wrap_entry(
    const struct subject *subject, const struct kube_entry *entry, struct error *err)
{
	return error_wrap(err, "Secret %s/%s: data key \"%s\"", subject->secret->namespace,
	    subject->secret->name, entry->key);
}

/* The old value goes into the job. */
static int take_old(
    struct subject *subject, struct kube_entry *entry, int64_t version, struct error *err)
{
	struct examination *examination = subject->examination;
	const struct kube_secret *secret = subject->secret;
	const struct transit_item item = {.input_length = entry->value.length};
	char *context = NULL;

	if (transit_check_size(&item, TRANSIT_REWRAP, err) < 0)
		return wrap_entry(subject, entry, err);
	if (!examination->job) {
		examination->job = job_new(secret, subject->key, err);
		if (!examination->job)
			return -1;
	}
	if (subject->scope != SEALED_UNBOUND) {
		context = sealed_context(
		    subject->scope, secret->namespace, secret->name, entry->key, err);
		if (!context)
			return -1;
	}
	return job_add(examination->job, entry->key, version, context, &entry->value, err);
}

/* Report once that an immutable Secret has old values. */
static int refuse_immutable(struct subject *subject, struct error *err)
{
	if (subject->frozen)
		return 0;
	subject->frozen = true;
	return error_set(err, ERROR_REJECTED,
	    "Secret %s/%s: immutable, so it cannot be rewrapped; seal a new one under another name "
	    "and delete this one",
	    subject->secret->namespace, subject->secret->name);
}

/* A version that there isn't decrypts nowhere: the key is another one, or an older copy of it. */
static int check_version(const struct subject *subject, const struct kube_entry *entry,
    int64_t version, struct error *err)
{
	const struct examination *examination = subject->examination;
	bool has = true;

	if (examination->has_version &&
	    examination->has_version(examination->context, subject->key, version, &has, err) < 0)
		return -1;
	if (has)
		return 0;
	error_set(err, ERROR_INVALID,
	    "it is sealed with version %lld of Transit key %s/%s, whose newest is %lld: is that "
	    "its key, or was the key restored from a backup?",
	    (long long)version, subject->key->key.mount, subject->key->key.name,
	    (long long)subject->key->state.latest_version);
	return wrap_entry(subject, entry, err);
}

/* Found on that version. */
static int count_entry(const struct subject *subject, int64_t version, struct error *err)
{
	struct examination *examination = subject->examination;

	if (examination->count && keyset_count_value(subject->key, version, err) < 0)
		return -1;
	note_version(examination, version);
	return 0;
}

/* Garbled, for the reason in *err: where that can be undone, its version is in use. */
static int look_at_garbled(
    const struct subject *subject, const struct kube_entry *entry, struct error *err)
{
	struct error failure = ERROR_INIT;
	int64_t version;

	if (mendable_version(&entry->value, &version)) {
		subject->examination->mendable = true;
		if (count_entry(subject, version, &failure) < 0) {
			*err = failure;
			return -1;
		}
	}
	return wrap_entry(subject, entry, err);
}

/* -1: why the entry must be left as it is. */
static int look_at_entry(struct subject *subject, struct kube_entry *entry, struct error *err)
{
	struct examination *examination = subject->examination;
	int64_t version;

	if (!is_wanted(examination, entry))
		return 0;
	if (!sealed_entry_is_ciphertext(entry) && !subject->labelled)
		return 0;
	if (sealed_version(
		secret_buffer_string(&entry->value), entry->value.length, &version, err) < 0)
		return look_at_garbled(subject, entry, err);
	if (check_version(subject, entry, version, err) < 0 ||
	    count_entry(subject, version, err) < 0)
		return -1;
	if (version >= subject->key->wanted_version)
		return 0;
	return subject->secret->immutable ? refuse_immutable(subject, err)
					  : take_old(subject, entry, version, err);
}

static enum examined look_at_values(struct subject *subject, struct error *err)
{
	struct examination *examination = subject->examination;
	struct kube_secret *secret = subject->secret;

	for (size_t i = 0; i < secret->data_count; i++) {
		if (look_at_entry(subject, &secret->data[i], err) == 0)
			continue;
		if (err->code == ERROR_SYSTEM || error_is_outage(err)) {
			job_free(examination->job);
			examination->job = NULL;
			return EXAMINED_FAILED;
		}
		leave(examination, secret, err);
	}
	if (examination->job) {
		examination->job->failed = examination->left_something;
		examination->job->waiting = examination->job->count;
		return EXAMINED_OLD;
	}
	return examination->left_something ? EXAMINED_FAILED : EXAMINED_CURRENT;
}

enum examined examine_secret(
    struct examination *examination, struct kube_secret *secret, struct error *err)
{
	struct subject subject = {.examination = examination,
	    .secret = secret,
	    .labelled = sealed_secret_is_labelled(secret)};

	examination->job = NULL;
	examination->oldest = 0;
	examination->left_something = examination->keyless = examination->mendable = false;
	if (!has_ciphertext(examination, secret) && !subject.labelled)
		return EXAMINED_UNSEALED;
	subject.key = find_key(examination, secret, err);
	if (!subject.key && err->code == ERROR_NONE)
		return EXAMINED_OTHER_KEY;
	if (!subject.key || sealed_secret_scope(secret, &subject.scope, err) < 0) {
		note_versions(examination, secret);
		if (err->code != ERROR_SYSTEM)
			leave(examination, secret, err);
		return EXAMINED_FAILED;
	}
	return look_at_values(&subject, err);
}
