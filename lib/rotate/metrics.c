#include "lib/rotate/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/prometheus.h"

#define PREFIX "secretmanager_rotate_"
#define LAST_SUCCESS PREFIX "last_success_timestamp_seconds"

/* Its first failure sticks. */
struct writer {
	const struct metrics_run *run;
	struct text_stream *out;
	struct error *err;
	bool failed;
};

static void put(struct writer *writer, const char *text)
{
	writer->failed = writer->failed ||
			 secret_buffer_append_string(&writer->out->text, text, writer->err) < 0;
}

static void begin(struct writer *writer, const char *name, const char *help)
{
	writer->failed =
	    writer->failed ||
	    secret_buffer_append_format(&writer->out->text, writer->err,
		"# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s gauge\n", name, help, name) < 0;
}

static void put_label(struct writer *writer, const char *name, const char *value)
{
	writer->failed = writer->failed ||
			 prometheus_append_label(&writer->out->text, name, value, writer->err) < 0;
}

/* The sample's name and its labels; `label` and `more` are names of further ones, or NULL. */
static void put_series(struct writer *writer, const char *name, const char *label,
    const char *value, const char *more, const char *more_value)
{
	put(writer, PREFIX);
	put(writer, name);
	put(writer, "{");
	put_label(writer, "rotation", writer->run->rotation);
	if (label) {
		put(writer, ",");
		put_label(writer, label, value);
	}
	if (more) {
		put(writer, ",");
		put_label(writer, more, more_value);
	}
	put(writer, "} ");
}

static void put_number(struct writer *writer, int64_t number)
{
	writer->failed = writer->failed ||
			 secret_buffer_append_format(
			     &writer->out->text, writer->err, "%" PRId64 "\n", number) < 0 ||
			 text_stream_advance(writer->out, writer->err) < 0;
}

static void write_labelled(
    struct writer *writer, const char *name, const char *label, const char *value, int64_t number)
{
	put_series(writer, name, label, value, NULL, NULL);
	put_number(writer, number);
}

static void write_one(struct writer *writer, const char *name, const char *help, int64_t number)
{
	begin(writer, name, help);
	write_labelled(writer, name, NULL, NULL, number);
}

/* -- the run ---------------------------------------------------------------------------------- */

static void write_run(struct writer *writer, const struct rotate_summary *summary)
{
	static const char duration[] = "last_run_duration_seconds";

	write_one(writer, "last_run_timestamp_seconds", "When the last run ended, in Unix time.",
	    writer->run->ended_s);
	begin(writer, duration, "How long the last run took.");
	put_series(writer, duration, NULL, NULL, NULL, NULL);
	writer->failed =
	    writer->failed || secret_buffer_append_format(&writer->out->text, writer->err,
				  "%" PRId64 ".%03" PRId64 "\n", summary->took_ms / 1000,
				  summary->took_ms % 1000) < 0;
	write_one(writer, "last_run_success", "1 if the last run left nothing undone, 0 if it did.",
	    writer->run->success);
	if (writer->run->last_success_s > 0)
		write_one(writer, LAST_SUCCESS + strlen(PREFIX),
		    "When the last run that left nothing undone ended, in Unix time.",
		    writer->run->last_success_s);
	write_one(writer, "keys_rotated", "Transit keys that the last run gave a new version.",
	    (int64_t)summary->keys);
	write_one(writer, "rewrapped_secrets", "Secrets that the last run changed.",
	    (int64_t)summary->rewrapped);
	write_one(writer, "rewrapped_values", "Values that the last run rewrapped.",
	    (int64_t)summary->values);
	write_one(writer, "conflicts",
	    "Secrets that somebody else changed while the last run worked on them.",
	    (int64_t)summary->conflicts);
}

static void write_requests(struct writer *writer, const struct rotate_summary *summary)
{
	static const char name[] = "requests";

	begin(writer, name, "Requests that the last run made, by their kind.");
	write_labelled(writer, name, "kind", "list", (int64_t)summary->pages);
	write_labelled(writer, name, "kind", "rewrap", (int64_t)summary->batches);
	write_labelled(writer, name, "kind", "patch", (int64_t)summary->patches);
	write_labelled(writer, name, "kind", "login", (int64_t)summary->logins);
}

static void write_secrets(struct writer *writer, const struct rotate_summary *summary)
{
	static const char name[] = "secrets";

	if (!summary->counted || summary->passes == 0)
		return;
	begin(writer, name, "Secrets by their state at the end of the last run.");
	write_labelled(writer, name, "state", "current", (int64_t)summary->current);
	write_labelled(writer, name, "state", "old", (int64_t)summary->old);
	write_labelled(writer, name, "state", "unsealed", (int64_t)summary->unsealed);
	write_labelled(writer, name, "state", "other_key", (int64_t)summary->other_key);
	write_labelled(writer, name, "state", "deleted", (int64_t)summary->deleted);
	write_labelled(writer, name, "state", "failed", (int64_t)summary->failed);
}

/* -- the keys --------------------------------------------------------------------------------- */

static int64_t latest_version(const struct rotate_key *key)
{
	return key->latest_version;
}

static int64_t min_decryption_version(const struct rotate_key *key)
{
	return key->min_decryption_version;
}

/* One sample a key, but for keys of which it is not known. */
static void write_keys(struct writer *writer, const struct rotate_summary *summary,
    const char *name, const char *help, int64_t (*number)(const struct rotate_key *key))
{
	bool begun = false;

	for (size_t i = 0; i < summary->key_count; i++) {
		const struct rotate_key *key = &summary->key_states[i];

		if (number(key) == 0)
			continue;
		if (!begun)
			begin(writer, name, help);
		begun = true;
		write_labelled(writer, name, "transit_key", key->name, number(key));
	}
}

static void write_census(struct writer *writer, const struct rotate_key *key, const char *name)
{
	for (size_t i = 0; i < key->census_count; i++) {
		char version[24];

		if (key->census[i].values == 0)
			continue;
		snprintf(version, sizeof(version), "%" PRId64, key->census[i].version);
		put_series(writer, name, "transit_key", key->name, "version", version);
		put_number(writer, (int64_t)key->census[i].values);
	}
}

static void write_values(struct writer *writer, const struct rotate_summary *summary)
{
	static const char name[] = "values";
	bool begun = false;

	for (size_t i = 0; i < summary->key_count; i++) {
		if (rotate_key_oldest(&summary->key_states[i]) == 0)
			continue;
		if (!begun)
			begin(writer, name,
			    "Values by Transit key and its version, at the end of the last run.");
		begun = true;
		write_census(writer, &summary->key_states[i], name);
	}
}

int metrics_write(const struct metrics_run *run, const struct rotate_summary *summary,
    struct text_stream *out, struct error *err)
{
	struct writer writer = {run, out, err, false};

	write_run(&writer, summary);
	write_requests(&writer, summary);
	write_secrets(&writer, summary);
	write_keys(&writer, summary, "key_latest_version", "Newest version of a Transit key.",
	    latest_version);
	write_keys(&writer, summary, "key_min_decryption_version",
	    "Oldest version of a Transit key that Vault decrypts.", min_decryption_version);
	if (summary->values_counted) {
		write_keys(&writer, summary, "key_oldest_version",
		    "Oldest version of a Transit key that a value has.", rotate_key_oldest);
		write_values(&writer, summary);
	}
	return writer.failed ? -1 : text_stream_flush(out, err);
}

/* -- reading back ----------------------------------------------------------------------------- */

int64_t metrics_last_success(const char *text)
{
	const char *line = text;

	while (line && strncmp(line, LAST_SUCCESS, strlen(LAST_SUCCESS)) != 0) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	if (!line)
		return 0;
	/* The label's value may hold anything but a newline. */
	size_t length = strcspn(line, "\n");
	const char *space = memrchr(line, ' ', length);
	char *end = NULL;
	long long seconds = space ? strtoll(space + 1, &end, 10) : 0;

	return end == line + length && seconds > 0 ? seconds : 0;
}
