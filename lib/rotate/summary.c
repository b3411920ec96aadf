#include "lib/rotate/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/json_writer.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"

static void free_failures(struct rotate_failure *failures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(failures[i].secret);
		free(failures[i].reason);
	}
	free(failures);
}

void summary_begin_pass(struct rotate_summary *summary)
{
	summary->counted = false;
	summary->listed = summary->current = summary->old = summary->unsealed = 0;
	summary->other_key = summary->deleted = summary->failed = summary->missing = 0;
	summary->other_shard = 0;
	if (summary->failure_count == 0)
		return;
	free_failures(summary->logged, summary->logged_count);
	summary->logged = summary->failures;
	summary->logged_count = summary->failure_count;
	summary->failures = NULL;
	summary->failure_count = 0;
}

static struct rotate_failure *find_failure(
    struct rotate_failure *failures, size_t count, const char *secret)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(failures[i].secret, secret) == 0)
			return &failures[i];
	return NULL;
}

/* Return a new entry, or NULL if the list is full or memory is exhausted. */
static struct rotate_failure *add_failure(
    struct rotate_summary *summary, const char *secret, const char *reason)
{
	if (summary->failure_count == SUMMARY_FAILURES_MAX)
		return NULL;
	struct rotate_failure *grown =
	    reallocarray(summary->failures, summary->failure_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	summary->failures = grown;
	struct rotate_failure added = {.secret = strdup(secret), .reason = strdup(reason)};
	if (!added.secret || !added.reason) {
		free(added.secret);
		free(added.reason);
		return NULL;
	}
	grown[summary->failure_count] = added;
	return &grown[summary->failure_count++];
}

static void log_failure(struct rotate_failure *failure, const char *secret, const char *reason)
{
	size_t lines = failure ? ++failure->lines : 1;

	if (lines <= SUMMARY_LINES_MAX)
		log_write(LOG_ERROR, "%s", reason);
	else if (lines == SUMMARY_LINES_MAX + 1)
		log_write(LOG_ERROR, "Secret %s: further values failed too", secret);
}

void summary_fail(struct rotate_summary *summary, const char *namespace, const char *name,
    const struct error *reason)
{
	struct error err = ERROR_INIT;
	cleanup_free char *secret = string_format(&err, "%s/%s", namespace, name);

	if (!secret) {
		log_error(LOG_ERROR, reason);
		return;
	}
	struct rotate_failure *known =
	    find_failure(summary->failures, summary->failure_count, secret);
	/* A Secret that is read again in the same pass may fail for the same reason. */
	if (known && strcmp(known->reason, reason->message) == 0)
		return;
	if (!known)
		known = add_failure(summary, secret, reason->message);
	if (!find_failure(summary->logged, summary->logged_count, secret))
		log_failure(known, secret, reason->message);
}

size_t summary_done(const struct rotate_summary *summary)
{
	return summary->current + summary->old + summary->unsealed + summary->other_key +
	       summary->deleted + summary->failed;
}

static int take_key(struct rotate_key *taken, const struct keyset_key *key, struct error *err)
{
	taken->name = string_format(err, "%s/%s", key->key.mount, key->key.name);
	taken->latest_version = key->state.latest_version;
	taken->min_decryption_version =
	    key->raised ? key->wanted_version : key->state.min_decryption_version;
	if (!taken->name)
		return -1;
	if (key->version_count == 0)
		return 0;
	taken->versions = calloc(key->version_count, sizeof(*taken->versions));
	if (!taken->versions)
		return error_memory(err);
	memcpy(taken->versions, key->versions, key->version_count * sizeof(*taken->versions));
	taken->version_count = key->version_count;
	return 0;
}

int summary_take_keys(struct rotate_summary *summary, const struct keyset *keys, struct error *err)
{
	summary->values_counted = keys->counted;
	if (keys->count == 0)
		return 0;
	summary->key_states = calloc(keys->count, sizeof(*summary->key_states));
	if (!summary->key_states)
		return error_memory(err);
	for (; summary->key_count < keys->count; summary->key_count++)
		if (take_key(&summary->key_states[summary->key_count],
			keys->keys[summary->key_count], err) < 0)
			return -1;
	return 0;
}

int64_t rotate_key_oldest(const struct rotate_key *key)
{
	return keyset_oldest(key->versions, key->version_count);
}

void summary_free(struct rotate_summary *summary)
{
	for (size_t i = 0; i < summary->key_count; i++) {
		free(summary->key_states[i].name);
		free(summary->key_states[i].versions);
	}
	free(summary->key_states);
	free_failures(summary->failures, summary->failure_count);
	free_failures(summary->logged, summary->logged_count);
	memset(summary, 0, sizeof(*summary));
}

/* -- texts ------------------------------------------------------------------------------------ */

/* Append the less common states of Secrets, if there are any. */
static int write_other_states(
    const struct rotate_summary *summary, struct secret_buffer *out, struct error *err)
{
	const struct {
		size_t count;
		const char *state;
	} states[] = {
	    {summary->old, "on an old version"},
	    {summary->unsealed, "not sealed"},
	    {summary->other_key, "of other keys"},
	    {summary->other_shard, "of other shards"},
	    {summary->deleted, "deleted during the run"},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i].count > 0 && secret_buffer_append_format(out, err, ", %zu %s",
					       states[i].count, states[i].state) < 0)
			return -1;
	return 0;
}

static int write_secrets(
    const struct rotate_summary *summary, struct secret_buffer *out, struct error *err)
{
	if (secret_buffer_append_format(out, err, "keys rotated %zu, Secrets listed %zu",
		summary->keys, summary->listed) < 0)
		return -1;
	if (summary->passes > 0 &&
	    (secret_buffer_append_format(out, err,
		 ", current %zu, rewrapped %zu, conflicts %zu, failed %zu", summary->current,
		 summary->rewrapped, summary->conflicts, summary->failed) < 0 ||
		write_other_states(summary, out, err) < 0))
		return -1;
	return secret_buffer_append_format(out, err, "; %lld.%03lld s\n",
	    (long long)summary->took_ms / 1000, (long long)summary->took_ms % 1000);
}

static void count_values(const struct rotate_key *key, size_t *newest, size_t *older)
{
	*newest = *older = 0;
	for (size_t i = 0; i < key->version_count; i++)
		*(key->versions[i].version < key->latest_version ? older : newest) +=
		    key->versions[i].values;
}

/* Append text such as "; 6 values on it, 2 on older versions, the oldest 1". */
static int write_values(const struct rotate_key *key, struct secret_buffer *out, struct error *err)
{
	int64_t oldest = rotate_key_oldest(key);
	size_t newest, older;

	count_values(key, &newest, &older);
	if (secret_buffer_append_format(
		out, err, "; %zu value%s on it", newest, string_plural(newest)) < 0)
		return -1;
	if (older == 0)
		return 0;
	return secret_buffer_append_format(
	    out, err, ", %zu on older versions, the oldest %lld", older, (long long)oldest);
}

/* Append a line for the key.  Skip a key that could not be read, since that was logged. */
static int write_key(const struct rotate_summary *summary, const struct rotate_key *key,
    struct secret_buffer *out, struct error *err)
{
	if (key->latest_version == 0)
		return 0;
	if (secret_buffer_append_format(out, err, "%s: newest version %lld", key->name,
		(long long)key->latest_version) < 0 ||
	    (summary->values_counted && write_values(key, out, err) < 0))
		return -1;
	if (key->min_decryption_version > 1 &&
	    secret_buffer_append_format(out, err, "; versions below %lld are retired",
		(long long)key->min_decryption_version) < 0)
		return -1;
	return secret_buffer_append_string(out, "\n", err);
}

int summary_write_text(
    const struct rotate_summary *summary, struct secret_buffer *out, struct error *err)
{
	if (write_secrets(summary, out, err) < 0)
		return -1;
	for (size_t i = 0; i < summary->key_count; i++)
		if (write_key(summary, &summary->key_states[i], out, err) < 0)
			return -1;
	return 0;
}

static void write_member(struct json_writer *writer, const char *name, size_t number)
{
	json_write_name(writer, name);
	json_write_integer(writer, (int64_t)number);
}

static void write_counts(struct json_writer *writer, const struct rotate_key *key)
{
	json_write_name(writer, "valuesByVersion");
	json_write_object(writer);
	for (size_t i = 0; i < key->version_count; i++) {
		char version[24];

		if (key->versions[i].values == 0)
			continue;
		snprintf(version, sizeof(version), "%lld", (long long)key->versions[i].version);
		write_member(writer, version, key->versions[i].values);
	}
	json_write_object_end(writer);
}

static void write_keys(struct json_writer *writer, const struct rotate_summary *summary)
{
	json_write_name(writer, "keys");
	json_write_array(writer);
	for (size_t i = 0; i < summary->key_count; i++) {
		const struct rotate_key *key = &summary->key_states[i];

		json_write_object(writer);
		json_write_member(writer, "name", key->name);
		write_member(writer, "latestVersion", (size_t)key->latest_version);
		write_member(writer, "minDecryptionVersion", (size_t)key->min_decryption_version);
		if (summary->values_counted)
			write_counts(writer, key);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
}

static void write_failures(struct json_writer *writer, const struct rotate_summary *summary)
{
	json_write_name(writer, "failures");
	json_write_array(writer);
	for (size_t i = 0; i < summary->failure_count; i++) {
		json_write_object(writer);
		json_write_member(writer, "secret", summary->failures[i].secret);
		json_write_member(writer, "reason", summary->failures[i].reason);
		json_write_object_end(writer);
	}
	json_write_array_end(writer);
}

static void write_requests(struct json_writer *writer, const struct rotate_summary *summary)
{
	json_write_name(writer, "requests");
	json_write_object(writer);
	write_member(writer, "list", summary->pages);
	write_member(writer, "rewrap", summary->batches);
	write_member(writer, "patch", summary->patches);
	write_member(writer, "login", summary->logins);
	json_write_object_end(writer);
}

int summary_write_json(const struct rotate_summary *summary, const char *failure,
    struct secret_buffer *out, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_write_object(&writer);
	json_write_name(&writer, "ok");
	json_write_boolean(&writer, failure == NULL);
	if (failure)
		json_write_member(&writer, "error", failure);
	json_write_name(&writer, "complete");
	json_write_boolean(&writer, summary->counted);
	write_member(&writer, "keysRotated", summary->keys);
	write_member(&writer, "listed", summary->listed);
	write_member(&writer, "sealed", summary->listed - summary->unsealed);
	if (summary->passes > 0) {
		write_member(&writer, "current", summary->current);
		write_member(&writer, "old", summary->old);
		write_member(&writer, "alreadyNew", summary->already_new);
	}
	write_member(&writer, "rewrapped", summary->rewrapped);
	write_member(&writer, "valuesRewrapped", summary->values);
	write_member(&writer, "conflicts", summary->conflicts);
	write_member(&writer, "unsealed", summary->unsealed);
	write_member(&writer, "otherKey", summary->other_key);
	write_member(&writer, "otherShard", summary->other_shard);
	write_member(&writer, "deleted", summary->deleted);
	write_member(&writer, "failed", summary->failed);
	write_member(&writer, "passes", summary->passes);
	write_member(&writer, "tookMilliseconds", (size_t)summary->took_ms);
	write_requests(&writer, summary);
	write_keys(&writer, summary);
	write_failures(&writer, summary);
	json_write_object_end(&writer);
	if (json_writer_finish(&writer, err) < 0)
		return -1;
	return secret_buffer_append(out, "\n", 1, err);
}
