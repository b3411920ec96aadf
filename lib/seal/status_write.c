/* Write a status as a table, JSON, YAML or Prometheus text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/json_writer.h"
#include "lib/base/prometheus.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"
#include "lib/base/yaml_writer.h"
#include "lib/seal/status.h"

#define COLUMNS 9
#define CELL_MAX 256

#define HOUR_S INT64_C(3600)
#define DAY_S INT64_C(86400)

typedef char row[COLUMNS][CELL_MAX];

/* Write an age in one unit, similar to kubectl. */
static void write_age(int64_t seconds, char *text)
{
	if (seconds < 120)
		snprintf(text, CELL_MAX, "%" PRId64 "s", seconds);
	else if (seconds < 3 * HOUR_S)
		snprintf(text, CELL_MAX, "%" PRId64 "m", seconds / 60);
	else if (seconds < 2 * DAY_S)
		snprintf(text, CELL_MAX, "%" PRId64 "h", seconds / HOUR_S);
	else
		snprintf(text, CELL_MAX, "%" PRId64 "d", seconds / DAY_S);
}

static void write_version(const struct status_secret *secret, int64_t version, char *text)
{
	char latest[24] = "?";

	if (secret->latest)
		snprintf(latest, sizeof(latest), "%" PRId64, secret->latest);
	if (version)
		snprintf(text, CELL_MAX, "%" PRId64 "/%s", version, latest);
	else
		snprintf(text, CELL_MAX, "-");
}

/* Write text without control characters, because annotations may contain any text. */
static void write_words(const char *words, char *text)
{
	snprintf(text, CELL_MAX, "%s", words);
	utf8_make_printable(text);
}

static void make_row(
    const struct status_secret *secret, const struct status_value *value, int64_t now_s, row cells)
{
	write_words(secret->namespace, cells[0]);
	write_words(secret->name, cells[1]);
	write_words(value->data_key, cells[2]);
	snprintf(cells[3], CELL_MAX, "%s", status_state_name(value->state));
	write_words(secret->transit_key ? secret->transit_key : "?", cells[4]);
	write_version(secret, value->version, cells[5]);
	snprintf(cells[6], CELL_MAX, "%s%s%s", secret->document ? "document" : "per-key",
	    secret->scope == SEALED_UNBOUND ? "" : ",",
	    secret->scope == SEALED_UNBOUND ? "" : sealed_scope_name(secret->scope));
	snprintf(cells[7], CELL_MAX, "%zu", value->size);
	if (secret->created_s)
		write_age(now_s - secret->created_s, cells[8]);
	else
		snprintf(cells[8], CELL_MAX, "?");
}

static const row header = {
    "NAMESPACE", "NAME", "KEY", "STATE", "TRANSIT KEY", "VERSION", "LAYOUT", "SIZE", "AGE"};

static void widen(size_t *widths, const row cells)
{
	for (int i = 0; i < COLUMNS; i++)
		if (strlen(cells[i]) > widths[i])
			widths[i] = strlen(cells[i]);
}

static int write_row(
    const size_t *widths, const row cells, struct text_stream *out, struct error *err)
{
	for (int i = 0; i < COLUMNS - 1; i++)
		if (secret_buffer_append_format(
			&out->text, err, "%-*s   ", (int)widths[i], cells[i]) < 0)
			return -1;
	if (secret_buffer_append_format(&out->text, err, "%s\n", cells[COLUMNS - 1]) < 0)
		return -1;
	return text_stream_advance(out, err);
}

/* Return the value of a row, or NULL after the last row.  A Secret without values has one row. */
static const struct status_value *value_of_row(
    const struct status_secret *secret, size_t row_number)
{
	static char none[] = "-";
	static const struct status_value empty = {.data_key = none, .state = STATUS_EMPTY};

	if (secret->count == 0 && row_number == 0)
		return &empty;
	return row_number < secret->count ? &secret->values[row_number] : NULL;
}

/* Write a line for each finding that the columns do not show. */
static int write_notes(const struct status *status, struct text_stream *out, struct error *err)
{
	for (size_t i = 0; i < status->count; i++) {
		const struct status_secret *secret = &status->secrets[i];
		const struct status_value *value;
		size_t plain = 0;

		for (size_t j = 0; (value = value_of_row(secret, j)); j++)
			plain += value->state == STATUS_PLAINTEXT;
		if (plain && plain < secret->count &&
		    secret_buffer_append_format(&out->text, err,
			"! %s/%s has plaintext beside ciphertext; seal it with --adopt\n",
			secret->namespace, secret->name) < 0)
			return -1;
		if (secret->plaintext_annotation &&
		    secret_buffer_append_format(&out->text, err,
			"! %s/%s has plaintext in the annotation of kubectl apply; remove it with --adopt\n",
			secret->namespace, secret->name) < 0)
			return -1;
	}
	return 0;
}

static int write_rows(const struct status *status, int64_t now_s, const size_t *widths,
    struct text_stream *out, struct error *err)
{
	const struct status_value *value;
	row cells;

	for (size_t i = 0; i < status->count; i++)
		for (size_t j = 0; (value = value_of_row(&status->secrets[i], j)); j++) {
			make_row(&status->secrets[i], value, now_s, cells);
			if (write_row(widths, (const char(*)[CELL_MAX])cells, out, err) < 0)
				return -1;
		}
	return 0;
}

static int write_table(
    const struct status *status, int64_t now_s, struct text_stream *out, struct error *err)
{
	size_t widths[COLUMNS] = {0};
	const struct status_value *value;
	row cells;

	if (status->count == 0)
		return 0;
	widen(widths, header);
	for (size_t i = 0; i < status->count; i++)
		for (size_t j = 0; (value = value_of_row(&status->secrets[i], j)); j++) {
			make_row(&status->secrets[i], value, now_s, cells);
			widen(widths, (const char(*)[CELL_MAX])cells);
		}
	if (write_row(widths, header, out, err) < 0 ||
	    write_rows(status, now_s, widths, out, err) < 0)
		return -1;
	return write_notes(status, out, err);
}

static void write_number(struct json_writer *writer, const char *name, int64_t number)
{
	json_write_name(writer, name);
	json_write_integer(writer, number);
}

static void write_value(struct json_writer *writer, const struct status_value *value)
{
	json_write_object(writer);
	json_write_member(writer, "name", value->data_key);
	json_write_member(writer, "state", status_state_name(value->state));
	if (value->version)
		write_number(writer, "version", value->version);
	write_number(writer, "size", (int64_t)value->size);
	json_write_object_end(writer);
}

static int write_secret(struct json_writer *writer, const struct status_secret *secret,
    int64_t now_s, struct text_stream *out, struct error *err)
{
	json_write_object(writer);
	json_write_member(writer, "namespace", secret->namespace);
	json_write_member(writer, "name", secret->name);
	json_write_member(writer, "layout", secret->document ? "document" : "per-key");
	json_write_member(writer, "scope", sealed_scope_name(secret->scope));
	if (secret->transit_key)
		json_write_member(writer, "transitKey", secret->transit_key);
	if (secret->latest)
		write_number(writer, "latestVersion", secret->latest);
	if (secret->created_s)
		write_number(writer, "ageSeconds", now_s - secret->created_s);
	json_write_name(writer, "immutable");
	json_write_boolean(writer, secret->immutable);
	json_write_name(writer, "plaintextAnnotation");
	json_write_boolean(writer, secret->plaintext_annotation);
	json_write_name(writer, "keys");
	json_write_array(writer);
	for (size_t i = 0; i < secret->count; i++) {
		write_value(writer, &secret->values[i]);
		if (text_stream_advance(out, err) < 0)
			return -1;
	}
	json_write_array_end(writer);
	json_write_object_end(writer);
	return 0;
}

static int write_json(
    const struct status *status, int64_t now_s, struct text_stream *out, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, &out->text);
	json_write_object(&writer);
	json_write_name(&writer, "secrets");
	json_write_array(&writer);
	for (size_t i = 0; i < status->count; i++)
		if (write_secret(&writer, &status->secrets[i], now_s, out, err) < 0)
			return -1;
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

static int write_yaml(
    const struct status *status, int64_t now_s, struct text_stream *out, struct error *err)
{
	struct text_stream json = {.write = NULL};
	int result = write_json(status, now_s, &json, err);

	if (result == 0)
		result = yaml_write_json(&json.text, &out->text, err);
	secret_buffer_free(&json.text);
	return result;
}

static int64_t version_of(const struct status_value *value)
{
	return value->version;
}

static int64_t size_of(const struct status_value *value)
{
	return (int64_t)value->size;
}

static int64_t plaintext_of(const struct status_value *value)
{
	return value->state == STATUS_PLAINTEXT;
}

/* Write a sample for each value of each Secret. */
static void write_metric(struct prometheus_writer *writer, const struct status *status,
    const char *name, const char *help, int64_t (*number)(const struct status_value *value))
{
	prometheus_begin(writer, name, help);
	for (size_t i = 0; i < status->count; i++)
		for (size_t j = 0; j < status->secrets[i].count; j++) {
			const struct status_secret *secret = &status->secrets[i];
			const struct status_value *value = &secret->values[j];
			const struct prometheus_label labels[] = {{"namespace", secret->namespace},
			    {"secret", secret->name}, {"key", value->data_key},
			    {"transit_key", secret->transit_key ? secret->transit_key : ""},
			    {"state", status_state_name(value->state)}};

			prometheus_write(
			    writer, labels, sizeof(labels) / sizeof(*labels), number(value));
		}
}

static int write_prometheus(const struct status *status, struct text_stream *out, struct error *err)
{
	struct prometheus_writer writer = {.out = out, .err = err};

	write_metric(&writer, status, "secretmanager_value_key_version",
	    "Version of the Transit key that a value is sealed with; 0: not sealed.", version_of);
	write_metric(&writer, status, "secretmanager_value_plaintext",
	    "1 for a plaintext value in a sealed Secret.", plaintext_of);
	write_metric(&writer, status, "secretmanager_value_size_bytes",
	    "Bytes of a value as it is stored.", size_of);
	prometheus_begin(&writer, "secretmanager_transit_key_latest_version",
	    "Newest version of a Transit key.");
	for (size_t i = 0; i < status->key_count; i++)
		if (status->keys[i].latest) {
			const struct prometheus_label label = {"transit_key", status->keys[i].name};
			prometheus_write(&writer, &label, 1, status->keys[i].latest);
		}
	return prometheus_flush(&writer);
}

static int write_form(const struct status *status, enum status_format format, int64_t now_s,
    struct text_stream *out, struct error *err)
{
	switch (format) {
	case STATUS_JSON:
		return write_json(status, now_s, out, err) < 0
			   ? -1
			   : secret_buffer_append_string(&out->text, "\n", err);
	case STATUS_YAML:
		return write_yaml(status, now_s, out, err);
	case STATUS_PROMETHEUS:
		return write_prometheus(status, out, err);
	default:
		return write_table(status, now_s, out, err);
	}
}

int status_write(const struct status *status, enum status_format format, int64_t now_s,
    struct text_stream *out, struct error *err)
{
	return write_form(status, format, now_s, out, err) < 0 ? -1 : text_stream_flush(out, err);
}
