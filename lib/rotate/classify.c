/* Find which values of a Secret are sealed, with which key, and which of them are old. */
#include <string.h>

#include "lib/rotate/pass.h"
#include "lib/sealed/sealed.h"

/* The Secret that is being classified. */
struct classify_ctx {
	struct pass_classifier *classifier;
	struct kube_secret *secret;
	struct keyset_key *key;
	enum sealed_scope scope;
	bool labelled;	       /* it has our label: all values should be sealed */
	bool immutable_logged; /* the old values of an immutable Secret are reported only once */
};

static void skip(
    struct pass_classifier *classifier, const struct kube_secret *secret, struct error *reason)
{
	classifier->has_skipped = true;
	classifier->skipped(classifier->context, secret, reason);
	error_clear(reason);
}

static int wrap_secret(const struct kube_secret *secret, struct error *err)
{
	return error_wrap(err, "Secret %s/%s", secret->namespace, secret->name);
}

static int wrap_entry(
    const struct kube_secret *secret, const struct kube_entry *entry, struct error *err)
{
	return error_wrap(
	    err, "Secret %s/%s: data key \"%s\"", secret->namespace, secret->name, entry->key);
}

static bool is_selected(const struct pass_classifier *classifier, const struct kube_entry *entry)
{
	return classifier->data_keys->count == 0 ||
	       strings_contain(classifier->data_keys, entry->key);
}

static bool has_ciphertext(
    const struct pass_classifier *classifier, const struct kube_secret *secret)
{
	for (size_t i = 0; i < secret->data_count; i++)
		if (is_selected(classifier, &secret->data[i]) &&
		    sealed_entry_is_ciphertext(&secret->data[i]))
			return true;
	return false;
}

/* -- the key ---------------------------------------------------------------------------------- */

/* Return whether the annotation names another key.  A malformed name may be meant for our key. */
static bool names_other_key(const struct pass_classifier *classifier, const char *annotation)
{
	struct error ignored = ERROR_INIT;
	struct transit_key key;

	if (keyset_find(classifier->keys, annotation) ||
	    transit_key_parse(&key, annotation, &ignored) < 0)
		return false;
	transit_key_free(&key);
	return true;
}

/* Return the name of the Secret's key, borrowed; NULL without an error if it is not in this run. */
static const char *find_key_name(
    const struct pass_classifier *classifier, const struct kube_secret *secret, struct error *err)
{
	const char *annotation = kube_secret_annotation(secret, SEALED_ANNOTATION_KEY);
	const char *only = classifier->transit_key;

	if (annotation && only && names_other_key(classifier, annotation))
		return NULL;
	return annotation ? annotation : sealed_secret_key(secret, only, err);
}

/* Return the Secret's key from the set; NULL without an error if it is not in this run. */
static struct keyset_key *find_secret_key(
    struct pass_classifier *classifier, const struct kube_secret *secret, struct error *err)
{
	const char *name = find_key_name(classifier, secret, err);
	struct keyset_key *key = name ? keyset_find(classifier->keys, name) : NULL;

	if (!name || (key && !key->failed))
		return key;
	if (key) {
		classifier->failed_key = key;
		error_set(err, ERROR_REJECTED,
		    "Secret %s/%s: its Transit key %s can't be used in this run", secret->namespace,
		    secret->name, name);
		return NULL;
	}
	if (classifier->add_keys) {
		key = keyset_add(classifier->keys, name, err);
		if (key || err->code != ERROR_USAGE)
			return key;
	} else {
		/* Report a malformed name again, after the pass that found the keys. */
		struct transit_key parsed;
		if (transit_key_parse(&parsed, name, err) == 0) {
			transit_key_free(&parsed);
			return NULL;
		}
	}
	error_wrap(err, "annotation " SEALED_ANNOTATION_KEY);
	wrap_secret(secret, err);
	return NULL;
}

/* -- versions --------------------------------------------------------------------------------- */

static void note_version(struct pass_classifier *classifier, int64_t version)
{
	if (classifier->oldest == 0 || version < classifier->oldest)
		classifier->oldest = version;
}

/* Get the version of a ciphertext with extra newlines at its end, which can be removed by hand. */
static bool get_repairable_version(const struct secret_buffer *value, int64_t *version)
{
	struct error ignored = ERROR_INIT;
	const char *text = secret_buffer_string(value);
	size_t length = value->length;

	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	return length < value->length && sealed_version(text, length, version, &ignored) == 0;
}

/* Note the oldest version in a Secret with an unknown key. */
static void note_keyless(struct pass_classifier *classifier, const struct kube_secret *secret)
{
	struct error ignored = ERROR_INIT;
	int64_t version;

	classifier->keyless = true;
	for (size_t i = 0; i < secret->data_count; i++) {
		const struct secret_buffer *value = &secret->data[i].value;
		if (sealed_version(
			secret_buffer_string(value), value->length, &version, &ignored) == 0 ||
		    get_repairable_version(value, &version))
			note_version(classifier, version);
	}
}

/* Reject a version that the key does not have.  It is of another key, or this key was restored. */
static int check_key_version(struct classify_ctx *ctx, int64_t version, struct error *err)
{
	const struct pass_classifier *classifier = ctx->classifier;
	const struct transit_key *key = &ctx->key->key;
	bool has = true;

	if (classifier->has_version &&
	    classifier->has_version(classifier->context, ctx->key, version, &has, err) < 0)
		return -1;
	if (has)
		return 0;
	return error_set(err, ERROR_INVALID,
	    "sealed with version %lld of Transit key %s/%s, whose newest is %lld; check the key's "
	    "name, and whether the key was restored from a backup",
	    (long long)version, key->mount, key->name, (long long)ctx->key->state.latest_version);
}

static int count_entry(struct classify_ctx *ctx, int64_t version, struct error *err)
{
	if (ctx->classifier->count && keyset_count_value(ctx->key, version, err) < 0)
		return -1;
	note_version(ctx->classifier, version);
	return 0;
}

/* Count the version of a malformed ciphertext that can be repaired, to keep it.  Return -1. */
static int handle_malformed(
    struct classify_ctx *ctx, const struct kube_entry *entry, struct error *err)
{
	struct error failure = ERROR_INIT;
	int64_t version;

	if (get_repairable_version(&entry->value, &version)) {
		ctx->classifier->repairable = true;
		if (count_entry(ctx, version, &failure) < 0)
			*err = failure;
	}
	return -1;
}

/* -- values ----------------------------------------------------------------------------------- */

/* Move the old value into the task. */
static int take_old_value(
    struct classify_ctx *ctx, struct kube_entry *entry, int64_t version, struct error *err)
{
	const struct transit_item item = {.input_length = entry->value.length};
	const struct kube_secret *secret = ctx->secret;
	struct pass_task **task = &ctx->classifier->task;
	char *context = NULL;

	if (transit_check_size(&item, TRANSIT_REWRAP, err) < 0)
		return -1;
	if (!*task && !(*task = pass_task_new(secret, ctx->key, err)))
		return -1;
	if (ctx->scope != SEALED_UNBOUND) {
		context =
		    sealed_context(ctx->scope, secret->namespace, secret->name, entry->key, err);
		if (!context)
			return -1;
	}
	return pass_task_add(*task, entry->key, version, context, &entry->value, err);
}

/* Classify a sealed value.  Return 0, or -1 with the reason to skip it. */
static int classify_value(struct classify_ctx *ctx, struct kube_entry *entry, struct error *err)
{
	int64_t version;

	if (sealed_version(
		secret_buffer_string(&entry->value), entry->value.length, &version, err) < 0)
		return handle_malformed(ctx, entry, err);
	if (check_key_version(ctx, version, err) < 0 || count_entry(ctx, version, err) < 0)
		return -1;
	if (version >= ctx->key->wanted_version || ctx->immutable_logged)
		return 0;
	if (!ctx->secret->immutable)
		return take_old_value(ctx, entry, version, err);
	ctx->immutable_logged = true;
	return error_set(err, ERROR_REJECTED,
	    "immutable, so it cannot be rewrapped; seal a new one under another name and delete this one");
}

static enum pass_class classify_values(struct classify_ctx *ctx, struct error *err)
{
	struct pass_classifier *classifier = ctx->classifier;
	struct kube_secret *secret = ctx->secret;

	for (size_t i = 0; i < secret->data_count; i++) {
		struct kube_entry *entry = &secret->data[i];
		bool was_logged = ctx->immutable_logged;

		if (!is_selected(classifier, entry) ||
		    (!ctx->labelled && !sealed_entry_is_ciphertext(entry)) ||
		    classify_value(ctx, entry, err) == 0)
			continue;
		if (err->code == ERROR_SYSTEM || error_is_outage(err)) {
			pass_task_free(classifier->task);
			classifier->task = NULL;
			return PASS_FAILED;
		}
		if (ctx->immutable_logged != was_logged)
			wrap_secret(secret, err);
		else
			wrap_entry(secret, entry, err);
		skip(classifier, secret, err);
	}
	if (classifier->task) {
		classifier->task->failed = classifier->has_skipped;
		return PASS_OLD;
	}
	return classifier->has_skipped ? PASS_FAILED : PASS_CURRENT;
}

enum pass_class pass_classify(
    struct pass_classifier *classifier, struct kube_secret *secret, struct error *err)
{
	struct classify_ctx ctx = {.classifier = classifier,
	    .secret = secret,
	    .labelled = sealed_secret_is_labelled(secret)};

	classifier->task = NULL;
	classifier->oldest = 0;
	classifier->failed_key = NULL;
	classifier->has_skipped = classifier->keyless = classifier->repairable = false;
	if (!has_ciphertext(classifier, secret) && !ctx.labelled)
		return PASS_UNSEALED;
	ctx.key = find_secret_key(classifier, secret, err);
	if (!ctx.key && err->code == ERROR_NONE)
		return PASS_OTHER_KEY;
	if (!ctx.key || sealed_secret_scope(secret, &ctx.scope, err) < 0) {
		note_keyless(classifier, secret);
		if (err->code != ERROR_SYSTEM)
			skip(classifier, secret, err);
		return PASS_FAILED;
	}
	return classify_values(&ctx, err);
}
