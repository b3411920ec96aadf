#include "lib/rotate/rewrap.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/sealed/sealed.h"

/* PATCHes under way at once: what one API server answers well, on as many connections. */
#define WINDOW 16
/* Reads of a Secret that somebody else keeps changing. */
#define ROUNDS_MAX 5

/* One Secret on its way. */
struct job {
	struct kube_secret *secret; /* borrowed */
	const struct keyset_key *key;
	struct kube_secret change; /* what is to be patched */
	struct http_exchange exchange;
	bool failed, deleted, conflict;
};

/* One old value on its way. */
struct old_value {
	struct job *job;
	const struct kube_entry *entry;
	char *context;
};

struct work {
	const struct rewrap *rewrap;
	struct job *jobs;
	size_t count;
	struct old_value *values;
	struct transit_item *items;
	size_t value_count, value_capacity;
};

static void free_work(struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		kube_secret_free(&work->jobs[i].change);
		http_exchange_free(&work->jobs[i].exchange);
	}
	transit_items_free(work->items, work->value_count);
	for (size_t i = 0; i < work->value_count; i++)
		free(work->values[i].context);
	free(work->jobs);
	free(work->values);
	free(work->items);
}

/* Say why one Secret is left as it is, once, and go on with the others. */
static void leave(const struct rewrap *rewrap, struct job *job, const struct error *reason)
{
	struct error err = ERROR_INIT;
	cleanup_free char *name =
	    string_format(&err, "%s/%s", job->secret->namespace, job->secret->name);

	job->failed = true;
	if (name && strings_contain(rewrap->complained, name))
		return;
	log_write(LOG_ERROR, "%s", reason->message);
	if (!name || strings_append(rewrap->complained, name, &err) < 0)
		log_write(LOG_WARNING, "%s", err.message);
}

static int add_value(struct work *work, struct job *job, const struct kube_entry *entry,
    char *context, struct error *err)
{
	if (work->value_count == work->value_capacity) {
		size_t capacity = work->value_capacity ? 2 * work->value_capacity : 64;
		struct old_value *values = reallocarray(work->values, capacity, sizeof(*values));
		if (values)
			work->values = values;
		struct transit_item *items = reallocarray(work->items, capacity, sizeof(*items));
		if (items)
			work->items = items;
		if (!values || !items) {
			free(context);
			return error_memory(err);
		}
		work->value_capacity = capacity;
	}
	work->values[work->value_count] = (struct old_value){job, entry, context};
	work->items[work->value_count++] = (struct transit_item){
	    .input = entry->value.data, .input_length = entry->value.length, .context = context};
	return 0;
}

/* Note one data value when it is old.  An error is about this Secret alone. */
static int look_at_value(struct work *work, struct job *job, const struct kube_entry *entry,
    enum sealed_scope scope, struct error *err)
{
	const struct kube_secret *secret = job->secret;
	char *context = NULL;
	int64_t version;

	if (sealed_version(
		secret_buffer_string(&entry->value), entry->value.length, &version, err) < 0)
		return error_wrap(err, "Secret %s/%s: data key \"%s\"", secret->namespace,
		    secret->name, entry->key);
	if (version >= job->key->latest_version)
		return 0;
	if (secret->immutable)
		return error_set(err, ERROR_REJECTED,
		    "Secret %s/%s: it is immutable: seal it again under a new name",
		    secret->namespace, secret->name);
	if (scope != SEALED_UNBOUND) {
		context = sealed_context(scope, secret->namespace, secret->name, entry->key, err);
		if (!context)
			return -1;
	}
	return add_value(work, job, entry, context, err);
}

/* Note what is old in a Secret. */
static void look_at(struct work *work, struct job *job)
{
	struct error err = ERROR_INIT;
	enum sealed_scope scope;

	if (!job->key || job->failed)
		return;
	if (sealed_secret_scope(job->secret, &scope, &err) < 0) {
		leave(work->rewrap, job, &err);
		return;
	}
	for (size_t i = 0; i < job->secret->data_count; i++)
		if (look_at_value(work, job, &job->secret->data[i], scope, &err) < 0)
			leave(work->rewrap, job, &err);
}

/* Take a rewrapped value into its Secret's change. */
static int take_value(const struct old_value *value, struct transit_item *item, struct error *err)
{
	const struct kube_secret *secret = value->job->secret;
	int64_t version;

	if (item->error)
		return error_set(err, ERROR_REJECTED,
		    "Secret %s/%s: data key \"%s\": Vault can't rewrap it: %s", secret->namespace,
		    secret->name, value->entry->key, item->error);
	if (sealed_version(
		secret_buffer_string(&item->output), item->output.length, &version, err) < 0 ||
	    version < value->job->key->latest_version)
		return error_set(err, ERROR_INVALID,
		    "Secret %s/%s: data key \"%s\": Vault's answer to rewrap is no ciphertext of "
		    "the newest version",
		    secret->namespace, secret->name, value->entry->key);
	return kube_secret_add(&value->job->change, value->entry->key, &item->output, err);
}

/* Rewrap the values that stand under one key; they lie side by side, see find_keys. */
static int rewrap_run(struct work *work, size_t first, size_t count, struct error *err)
{
	const struct rewrap *rewrap = work->rewrap;

	if (vault_session_renew(rewrap->client, rewrap->vault, &rewrap->settings->session, err) < 0)
		return -1;
	if (transit_batch(rewrap->client, rewrap->vault, &work->values[first].job->key->key,
		TRANSIT_REWRAP, work->items + first, count, err) < 0)
		return -1;
	for (size_t i = first; i < first + count; i++) {
		struct error failure = ERROR_INIT;
		if (take_value(&work->values[i], &work->items[i], &failure) < 0)
			leave(rewrap, work->values[i].job, &failure);
	}
	return 0;
}

static int rewrap_all(struct work *work, struct error *err)
{
	for (size_t first = 0, end; first < work->value_count; first = end) {
		for (end = first + 1; end < work->value_count &&
				      work->values[end].job->key == work->values[first].job->key;)
			end++;
		if (rewrap_run(work, first, end - first, err) < 0)
			return -1;
	}
	return 0;
}

static int prepare_patch(const struct work *work, struct job *job, struct error *err)
{
	struct kube_secret *change = &job->change;

	change->namespace = strdup(job->secret->namespace);
	change->name = strdup(job->secret->name);
	change->resource_version = strdup(job->secret->resource_version);
	if (!change->namespace || !change->name || !change->resource_version)
		return error_memory(err);
	if (kube_secret_patch_request(work->rewrap->kube, change, &job->exchange, err) < 0)
		return -1;
	kube_ask_for_metadata(&job->exchange);
	job->exchange.context = job;
	return 0;
}

static int finish_patch(const struct work *work, struct job *job, struct error *err)
{
	struct rotate_summary *summary = work->rewrap->summary;
	struct kube_secret stored = {0};
	struct error failure = ERROR_INIT;
	int result = kube_secret_result(
	    &job->exchange, job->secret->namespace, job->secret->name, &stored, &failure);

	kube_secret_free(&stored);
	http_exchange_free(&job->exchange);
	if (result == 0) {
		summary->rewrapped++;
		return 0;
	}
	if (error_is_outage(&failure)) {
		*err = failure;
		return -1;
	}
	if (failure.code == ERROR_NOT_FOUND)
		job->deleted = true;
	else if (failure.code == ERROR_CONFLICT)
		job->conflict = true;
	else
		leave(work->rewrap, job, &failure);
	return 0;
}

static void drain(struct http_client *client)
{
	while (http_wait(client))
		;
}

/* PATCH all that changed, WINDOW at once. */
static int patch_all(struct work *work, struct error *err)
{
	struct http_client *client = work->rewrap->client;
	struct http_exchange *ended;
	size_t next = 0, running = 0;

	for (;;) {
		while (running < WINDOW && next < work->count) {
			struct job *job = &work->jobs[next++];
			if (job->change.data_count == 0)
				continue;
			if (prepare_patch(work, job, err) < 0 ||
			    http_start(client, &job->exchange, err) < 0) {
				drain(client);
				return -1;
			}
			running++;
		}
		ended = http_wait(client);
		if (!ended)
			return 0;
		running--;
		if (finish_patch(work, ended->context, err) < 0) {
			drain(client);
			return -1;
		}
	}
}

static int compare_by_key(const void *left, const void *right)
{
	const struct job *a = left, *b = right;

	return a->key == b->key ? 0 : a->key < b->key ? -1 : 1;
}

/* The key of a Secret: NULL with no error when the run leaves that key alone. */
static const struct keyset_key *key_of(
    const struct rewrap *rewrap, const struct kube_secret *secret, struct error *err)
{
	const char *annotation = kube_secret_annotation(secret, SEALED_ANNOTATION_KEY);
	const char *text = annotation;
	struct transit_key key;

	if (!text)
		text = sealed_secret_key(secret, rewrap->settings->transit_key, err);
	if (!text)
		return NULL;
	const struct keyset_key *found = keyset_find(rewrap->keys, text);
	if (found && found->failed)
		error_set(err, ERROR_REJECTED,
		    "Secret %s/%s: its Transit key %s could not be rotated", secret->namespace,
		    secret->name, text);
	if (found)
		return found;
	if (transit_key_parse(&key, text, err) < 0)
		error_wrap(err, "Secret %s/%s: annotation " SEALED_ANNOTATION_KEY,
		    secret->namespace, secret->name);
	else
		transit_key_free(&key);
	return NULL;
}

/* Find each Secret's key first, so that the values of one key come to stand side by side. */
static void find_keys(struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		struct job *job = &work->jobs[i];
		struct error err = ERROR_INIT;

		job->key = key_of(work->rewrap, job->secret, &err);
		if (err.code)
			leave(work->rewrap, job, &err);
	}
	qsort(work->jobs, work->count, sizeof(*work->jobs), compare_by_key);
}

/* One round over the Secrets: rewrap and patch; job->conflict marks those to do again. */
static int do_round(struct work *work, struct error *err)
{
	find_keys(work);
	for (size_t i = 0; i < work->count; i++)
		look_at(work, &work->jobs[i]);
	if (rewrap_all(work, err) < 0)
		return -1;
	return patch_all(work, err);
}

/* Count what is finished with; those in conflict are counted by the round that does them again. */
static void count_round(const struct work *work, size_t *old)
{
	struct rotate_summary *summary = work->rewrap->summary;

	for (size_t i = 0; i < work->count; i++) {
		const struct job *job = &work->jobs[i];

		*old += job->change.data_count > 0 && !job->failed;
		if (job->failed)
			summary->failed++;
		else if (job->deleted)
			summary->deleted++;
		else if (!job->key)
			summary->other_key++;
		else if (!job->conflict)
			summary->current++;
	}
}

/* Read anew the Secrets in conflict, into *again (to be freed with its count). */
static int read_again(
    const struct work *work, struct kube_secret **again, size_t *count, struct error *err)
{
	const struct rewrap *rewrap = work->rewrap;

	*count = 0;
	*again = calloc(work->count, sizeof(**again));
	if (!*again)
		return error_memory(err);
	for (size_t i = 0; i < work->count; i++) {
		const struct job *job = &work->jobs[i];
		if (!job->conflict || job->failed)
			continue;
		rewrap->summary->conflicts++;
		if (kube_secret_get(rewrap->client, rewrap->kube, job->secret->namespace,
			job->secret->name, &(*again)[*count], err) == 0) {
			(*count)++;
			continue;
		}
		if (err->code != ERROR_NOT_FOUND)
			return -1;
		error_clear(err);
		rewrap->summary->deleted++;
	}
	return 0;
}

static void free_secrets(struct kube_secret *secrets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		kube_secret_free(&secrets[i]);
	free(secrets);
}

static void give_up(const struct rewrap *rewrap, const struct kube_secret *secrets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		log_write(LOG_ERROR,
		    "Secret %s/%s: somebody changed it each of %d times: run again later",
		    secrets[i].namespace, secrets[i].name, ROUNDS_MAX);
		rewrap->summary->failed++;
	}
}

/* A round over `secrets`; those in conflict, read anew, come out in *again. */
static int one_round(const struct rewrap *rewrap, struct kube_secret *secrets, size_t count,
    size_t *old, struct kube_secret **again, size_t *again_count, struct error *err)
{
	struct work work = {.rewrap = rewrap, .count = count};
	int result = 0;

	work.jobs = calloc(count, sizeof(*work.jobs));
	if (!work.jobs)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		work.jobs[i].secret = &secrets[i];
	result = do_round(&work, err);
	if (result == 0) {
		count_round(&work, old);
		result = read_again(&work, again, again_count, err);
	}
	free_work(&work);
	return result;
}

int rewrap_secrets(const struct rewrap *rewrap, struct kube_secret *secrets, size_t count,
    size_t *old, struct error *err)
{
	struct kube_secret *mine = NULL; /* what this function owns of `secrets` */
	size_t mine_count = 0;
	int result = 0;

	*old = 0;
	for (int round = 0; result == 0 && count > 0; round++) {
		struct kube_secret *again = NULL;
		size_t again_count = 0;

		if (round == ROUNDS_MAX) {
			give_up(rewrap, secrets, count);
			break;
		}
		result = one_round(rewrap, secrets, count, old, &again, &again_count, err);
		free_secrets(mine, mine_count);
		secrets = mine = again;
		count = mine_count = again_count;
	}
	free_secrets(mine, mine_count);
	return result;
}
