#include "lib/rotate/summary_write.h"

#include <stdio.h>

#include "lib/base/json_writer.h"

/* What is said of Secrets that are not on their way, where there are any. */
static int write_rest(
    const struct rotate_summary *summary, struct secret_buffer *out, struct error *err)
{
	const struct {
		size_t count;
		const char *what;
	} rest[] = {
	    {summary->old, "on an old version"},
	    {summary->unsealed, "not sealed"},
	    {summary->other_key, "of other keys"},
	    {summary->other_shard, "of other shards"},
	    {summary->deleted, "deleted meanwhile"},
	};

	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		if (rest[i].count > 0 && secret_buffer_append_format(
					     out, err, ", %zu %s", rest[i].count, rest[i].what) < 0)
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
		write_rest(summary, out, err) < 0))
		return -1;
	return secret_buffer_append_format(out, err, "; %lld.%03lld s\n",
	    (long long)summary->took_ms / 1000, (long long)summary->took_ms % 1000);
}

static void count_values(const struct rotate_key *key, size_t *newest, size_t *older)
{
	*newest = *older = 0;
	for (size_t i = 0; i < key->census_count; i++)
		*(key->census[i].version < key->latest_version ? older : newest) +=
		    key->census[i].values;
}

/* "; 6 values on it, 2 on older ones, the oldest 1" */
static int write_values(const struct rotate_key *key, struct secret_buffer *out, struct error *err)
{
	int64_t oldest = rotate_key_oldest(key);
	size_t newest, older;

	count_values(key, &newest, &older);
	if (secret_buffer_append_format(
		out, err, "; %zu value%s on it", newest, newest == 1 ? "" : "s") < 0)
		return -1;
	if (older == 0)
		return 0;
	return secret_buffer_append_format(
	    out, err, ", %zu on older ones, the oldest %lld", older, (long long)oldest);
}

/* Of a key that could not be read the log has told. */
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
	    secret_buffer_append_format(out, err, "; those below %lld are retired",
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

static void write_number(struct json_writer *writer, const char *name, size_t number)
{
	json_write_name(writer, name);
	json_write_integer(writer, (int64_t)number);
}

static void write_census(struct json_writer *writer, const struct rotate_key *key)
{
	json_write_name(writer, "valuesByVersion");
	json_write_object(writer);
	for (size_t i = 0; i < key->census_count; i++) {
		char version[24];

		if (key->census[i].values == 0)
			continue;
		snprintf(version, sizeof(version), "%lld", (long long)key->census[i].version);
		write_number(writer, version, key->census[i].values);
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
		write_number(writer, "latestVersion", (size_t)key->latest_version);
		write_number(writer, "minDecryptionVersion", (size_t)key->min_decryption_version);
		if (summary->values_counted)
			write_census(writer, key);
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
	write_number(writer, "list", summary->pages);
	write_number(writer, "rewrap", summary->batches);
	write_number(writer, "patch", summary->patches);
	write_number(writer, "login", summary->logins);
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
	write_number(&writer, "keysRotated", summary->keys);
	write_number(&writer, "listed", summary->listed);
	write_number(&writer, "sealed", summary->listed - summary->unsealed);
	if (summary->passes > 0) {
		write_number(&writer, "current", summary->current);
		write_number(&writer, "old", summary->old);
		write_number(&writer, "alreadyNew", summary->already_new);
	}
	write_number(&writer, "rewrapped", summary->rewrapped);
	write_number(&writer, "valuesRewrapped", summary->values);
	write_number(&writer, "conflicts", summary->conflicts);
	write_number(&writer, "unsealed", summary->unsealed);
	write_number(&writer, "otherKey", summary->other_key);
	write_number(&writer, "otherShard", summary->other_shard);
	write_number(&writer, "deleted", summary->deleted);
	write_number(&writer, "failed", summary->failed);
	write_number(&writer, "passes", summary->passes);
	write_number(&writer, "tookMilliseconds", (size_t)summary->took_ms);
	write_requests(&writer, summary);
	write_keys(&writer, summary);
	write_failures(&writer, summary);
	json_write_object_end(&writer);
	if (json_writer_finish(&writer, err) < 0)
		return -1;
	return secret_buffer_append(out, "\n", 1, err);
}
