#include "lib/rotate/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/base/output_file.h"
#include "lib/base/prometheus.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"

#define PREFIX "secretmanager_rotate_"
#define LAST_SUCCESS PREFIX "last_success_timestamp_seconds"
/* The maximum size of an old file.  A thousand keys with a hundred versions each fit. */
#define FILE_MAX ((size_t)16 * 1024 * 1024)
#define SUFFIX ".prom"

struct metrics_ctx {
	const struct metrics_run *run;
	const struct rotate_summary *summary;
	struct prometheus_writer writer;
};

/* -- the text --------------------------------------------------------------------------------- */

/* Write a sample with the label `rotation` and up to two more.  A NULL name ends the labels. */
static void write_sample(struct metrics_ctx *ctx, const char *name, const char *value,
    const char *name2, const char *value2, int64_t number)
{
	const struct prometheus_label labels[] = {
	    {"rotation", ctx->run->rotation}, {name, value}, {name2, value2}};

	prometheus_write(&ctx->writer, labels, name2 ? 3 : name ? 2 : 1, number);
}

static void write_gauge(struct metrics_ctx *ctx, const char *name, const char *help, int64_t number)
{
	prometheus_begin(&ctx->writer, name, help);
	write_sample(ctx, NULL, NULL, NULL, NULL, number);
}

static void write_run(struct metrics_ctx *ctx)
{
	const struct rotate_summary *summary = ctx->summary;
	const struct prometheus_label rotation = {"rotation", ctx->run->rotation};

	write_gauge(ctx, PREFIX "last_run_timestamp_seconds",
	    "When the last run ended, in Unix time.", ctx->run->ended_s);
	prometheus_begin(
	    &ctx->writer, PREFIX "last_run_duration_seconds", "How long the last run took.");
	prometheus_write_seconds(&ctx->writer, &rotation, 1, summary->took_ms);
	write_gauge(ctx, PREFIX "last_run_success",
	    "1 if the last run left nothing undone, 0 if it did.", ctx->run->success);
	if (ctx->run->last_success_s > 0)
		write_gauge(ctx, LAST_SUCCESS,
		    "When the last run that left nothing undone ended, in Unix time.",
		    ctx->run->last_success_s);
	write_gauge(ctx, PREFIX "keys_rotated",
	    "Transit keys that the last run gave a new version.", (int64_t)summary->keys);
	write_gauge(ctx, PREFIX "rewrapped_secrets", "Secrets that the last run changed.",
	    (int64_t)summary->rewrapped);
	write_gauge(ctx, PREFIX "rewrapped_values", "Values that the last run rewrapped.",
	    (int64_t)summary->values);
	write_gauge(ctx, PREFIX "conflicts",
	    "Secrets that another process changed while the last run worked on them.",
	    (int64_t)summary->conflicts);
}

static void write_requests(struct metrics_ctx *ctx)
{
	const struct rotate_summary *summary = ctx->summary;
	const struct {
		const char *kind;
		size_t count;
	} requests[] = {{"list", summary->pages}, {"rewrap", summary->batches},
	    {"patch", summary->patches}, {"login", summary->logins}};

	prometheus_begin(
	    &ctx->writer, PREFIX "requests", "Requests that the last run made, by their kind.");
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		write_sample(ctx, "kind", requests[i].kind, NULL, NULL, (int64_t)requests[i].count);
}

static void write_secrets(struct metrics_ctx *ctx)
{
	const struct rotate_summary *summary = ctx->summary;
	const struct {
		const char *state;
		size_t count;
	} secrets[] = {{"current", summary->current}, {"old", summary->old},
	    {"unsealed", summary->unsealed}, {"other_key", summary->other_key},
	    {"deleted", summary->deleted}, {"failed", summary->failed}};

	if (!summary->counted || summary->passes == 0)
		return;
	prometheus_begin(
	    &ctx->writer, PREFIX "secrets", "Secrets by their state at the end of the last run.");
	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		write_sample(ctx, "state", secrets[i].state, NULL, NULL, (int64_t)secrets[i].count);
}

static int64_t latest_version(const struct rotate_key *key)
{
	return key->latest_version;
}

static int64_t min_decryption_version(const struct rotate_key *key)
{
	return key->min_decryption_version;
}

/* Write a sample for each key for which the number is known. */
static void write_keys(struct metrics_ctx *ctx, const char *name, const char *help,
    int64_t (*number)(const struct rotate_key *key))
{
	prometheus_begin(&ctx->writer, name, help);
	for (size_t i = 0; i < ctx->summary->key_count; i++) {
		const struct rotate_key *key = &ctx->summary->key_states[i];

		if (number(key) > 0)
			write_sample(ctx, "transit_key", key->name, NULL, NULL, number(key));
	}
}

static void write_values(struct metrics_ctx *ctx)
{
	prometheus_begin(&ctx->writer, PREFIX "values",
	    "Values by Transit key and its version, at the end of the last run.");
	for (size_t i = 0; i < ctx->summary->key_count; i++) {
		const struct rotate_key *key = &ctx->summary->key_states[i];

		for (size_t j = 0; j < key->version_count; j++) {
			char version[24];

			if (key->versions[j].values == 0)
				continue;
			snprintf(version, sizeof(version), "%" PRId64, key->versions[j].version);
			write_sample(ctx, "transit_key", key->name, "version", version,
			    (int64_t)key->versions[j].values);
		}
	}
}

int metrics_write(const struct metrics_run *run, const struct rotate_summary *summary,
    struct text_stream *out, struct error *err)
{
	struct metrics_ctx ctx = {run, summary, {.out = out, .err = err}};

	write_run(&ctx);
	write_requests(&ctx);
	write_secrets(&ctx);
	write_keys(
	    &ctx, PREFIX "key_latest_version", "Newest version of a Transit key.", latest_version);
	write_keys(&ctx, PREFIX "key_min_decryption_version",
	    "Oldest version of a Transit key that Vault decrypts.", min_decryption_version);
	if (summary->values_counted) {
		write_keys(&ctx, PREFIX "key_oldest_version",
		    "Oldest version of a Transit key that a value has.", rotate_key_oldest);
		write_values(&ctx);
	}
	return prometheus_flush(&ctx.writer);
}

int64_t metrics_last_success(const char *text)
{
	const char *line = text;

	while (line && strncmp(line, LAST_SUCCESS, strlen(LAST_SUCCESS)) != 0) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	if (!line)
		return 0;
	/* The label's value may contain anything but a newline. */
	size_t length = strcspn(line, "\n");
	const char *space = memrchr(line, ' ', length);
	char *end = NULL;
	long long seconds = space ? strtoll(space + 1, &end, 10) : 0;

	return end == line + length && seconds > 0 ? seconds : 0;
}

/* -- the file --------------------------------------------------------------------------------- */

static const char *name_in(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int metrics_file_check(const char *path, struct error *err)
{
	cleanup_free char *folder = string_format(err, "%.*s", (int)(name_in(path) - path), path);
	struct stat old;

	if (!folder)
		return -1;
	if (!*name_in(path))
		return error_set(
		    err, ERROR_USAGE, "--metrics-file %s: a directory; add a file's name", path);
	if (lstat(path, &old) == 0) {
		if (!S_ISREG(old.st_mode))
			return error_set(
			    err, ERROR_USAGE, "--metrics-file %s: not a regular file", path);
	} else if (errno != ENOENT) {
		return error_system(err, "--metrics-file %s", path);
	}
	if (access(*folder ? folder : ".", W_OK | X_OK) < 0)
		return error_system(err, "--metrics-file %s: its directory", path);
	return 0;
}

/* Return the time of the last success from the old file, or 0 if there is none. */
static int64_t read_last_success(const char *path, int64_t now_s)
{
	struct secret_buffer text = {.limit = FILE_MAX};
	struct error err = ERROR_INIT;
	struct stat status;
	int64_t last = 0;

	if (access(path, F_OK) < 0 && input_file_is_absent(errno))
		return 0;
	cleanup_close int fd = input_file_open_regular(AT_FDCWD, path, 0, path, &status, &err);
	if (fd >= 0 && secret_buffer_read_fd(&text, fd, path, &err) == 0)
		last = metrics_last_success(secret_buffer_string(&text));
	secret_buffer_free(&text);
	if (last > 0 && last <= now_s)
		return last;
	log_write(LOG_WARNING, "--metrics-file %s: the old file has no time of a success%s%s", path,
	    err.code == ERROR_NONE ? "" : ": ", err.message);
	return 0;
}

/* Return the label `rotation` for the path, newly allocated: "rotate" for "DIR/rotate.prom". */
static char *rotation_of(const char *path, struct error *err)
{
	const char *name = name_in(path);
	size_t length = strlen(name), suffix = strlen(SUFFIX);

	if (length > suffix && strcmp(name + length - suffix, SUFFIX) == 0)
		length -= suffix;
	char *rotation = string_format(err, "%.*s", (int)length, name);
	if (rotation)
		utf8_make_printable(rotation);
	return rotation;
}

/* Write a piece of text to the descriptor in `context` (the `write` callback of text_stream). */
static int write_piece(void *context, const struct secret_buffer *text, struct error *err)
{
	const int *fd = context;

	return output_file_write_all(*fd, text->data, text->length) < 0
		   ? error_system(err, "writing it")
		   : 0;
}

/*
 * Write the new file under a temporary name that the collector ignores, then replace the old file.
 */
static int fill_file(struct output_file *file, const struct metrics_run *run,
    const struct rotate_summary *summary, struct error *err)
{
	struct text_stream stream = {.write = write_piece, .context = &file->fd};

	if (output_file_create(file, ".secret-rotate.", err) < 0)
		return -1;
	int result = metrics_write(run, summary, &stream, err);
	secret_buffer_free(&stream.text);
	if (result == 0 && fchmod(file->fd, 0644) < 0)
		result = error_system(err, "setting its mode");
	return result < 0 ? -1 : output_file_place(file, true, err);
}

int metrics_file_write(
    const char *path, const struct rotate_summary *summary, bool success, struct error *err)
{
	int64_t now_s = (int64_t)time(NULL);
	cleanup_free char *rotation = rotation_of(path, err);
	struct metrics_run run = {
	    rotation, success, now_s, success ? now_s : read_last_success(path, now_s)};
	struct output_file file = OUTPUT_FILE_INIT;

	if (!rotation)
		return -1;
	if (output_file_open(&file, path, err) < 0)
		return error_wrap(err, "--metrics-file %s", path);
	int result = fill_file(&file, &run, summary, err);
	output_file_free(&file);
	return result < 0 ? error_wrap(err, "--metrics-file %s", path) : 0;
}
