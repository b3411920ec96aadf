#include "lib/rotate/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"
#include "lib/manifest/stream.h"
#include "lib/manifest/walk.h"
#include "lib/rotate/files_document.h"
#include "lib/rotate/files_outside.h"
#include "lib/rotate/files_window.h"

/* Of a file that makes one Secret or ConfigMap, which hold 1 MiB. */
#define ENVIRONMENT_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* Searched at once for what could be ciphertext. */
#define SEARCH_STEP ((size_t)64 * 1024)

struct rotation {
	struct files_run run;
	struct files_window window;
};

/*
 * One file.
 */

static int open_file(const char *path, struct stat *file, struct error *reason)
{
	return input_file_open_regular(AT_FDCWD, path, 0, path, file, reason);
}

/* From `offset` on the file could hold ciphertext; also when that can't be told. */
static bool may_hold_ciphertext(int fd, off_t offset)
{
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	struct error ignored = ERROR_INIT;
	ssize_t count;

	if (secret_buffer_reserve(&bytes, SEARCH_STEP + FILES_MARK_MAX, &ignored) < 0)
		return true;
	while ((count = pread(fd, bytes.data + bytes.length, SEARCH_STEP, offset)) > 0) {
		bytes.length += (size_t)count;
		if (files_hold_ciphertext(bytes.data, bytes.length))
			return true;
		/* A mark may stand across two steps. */
		size_t kept = bytes.length < FILES_MARK_MAX ? bytes.length : FILES_MARK_MAX;
		memmove(bytes.data, bytes.data + bytes.length - kept, kept);
		bytes.length = kept;
		offset += count;
	}
	return count < 0;
}

static int take_document(struct rotation *rotation, const struct files_file *file,
    struct secret_buffer *text, size_t line, off_t offset, struct error *err)
{
	struct files_document *document = calloc(1, sizeof(*document));

	if (!document)
		return error_memory(err);
	document->offset = offset;
	if (files_document_read(&rotation->run, document, text, line, file->path, err) < 0) {
		files_document_free(document);
		return -1;
	}
	return files_window_put(&rotation->window, &rotation->run, document, err);
}

/* What follows a document that can't be told from the next stays as it is. */
static int refuse_rest(
    struct rotation *rotation, int fd, off_t offset, const struct error *reason, struct error *err)
{
	if (reason->code == ERROR_INTERRUPTED) {
		*err = *reason;
		return -1;
	}
	if (reason->code != ERROR_TOO_LARGE || may_hold_ciphertext(fd, offset))
		files_complain(&rotation->run, reason);
	else
		log_write(LOG_DEBUG, "passed over, as it holds no ciphertext: %s", reason->message);
	return 0;
}

static int read_stream(
    struct rotation *rotation, const struct files_file *file, int fd, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct error reason = ERROR_INIT;
	struct manifest_stream stream;
	off_t offset = 0;
	size_t line;
	int found, result = 0;

	manifest_stream_begin(&stream, fd, file->path);
	while (result == 0 && (found = manifest_stream_next(&stream, &text, &line, &reason)) != 0) {
		if (found < 0) {
			result = refuse_rest(rotation, fd, offset, &reason, err);
			break;
		}
		off_t length = (off_t)text.length;
		result = take_document(rotation, file, &text, line, offset, err);
		offset += length;
	}
	manifest_stream_end(&stream);
	return result;
}

static int read_file(struct rotation *rotation, const char *path, int fd, const struct stat *before,
    struct error *err)
{
	const struct files_file *file = files_window_begin(&rotation->window, path, before, err);

	if (!file || read_stream(rotation, file, fd, err) < 0)
		return -1;
	return files_window_complete(&rotation->window, &rotation->run, err);
}

/* An environment file is only searched. */
static int read_environment(struct rotation *rotation, const char *path, int fd, struct error *err)
{
	cleanup_secret struct secret_buffer text = {.limit = ENVIRONMENT_BYTES_MAX};
	struct error reason = ERROR_INIT;

	if (secret_buffer_read_fd(&text, fd, path, &reason) == 0)
		return files_outside_note_text(
		    &rotation->run, path, secret_buffer_string(&text), text.length, err);
	return refuse_rest(rotation, fd, 0, &reason, err);
}

static int visit(void *context, const char *path, struct error *err)
{
	struct rotation *rotation = context;
	struct error reason = ERROR_INIT;
	struct stat before;

	if (files_check_time(&rotation->run, err) < 0)
		return -1;
	rotation->run.summary->files++;
	int fd = open_file(path, &before, &reason);
	/* By another name, or named twice: what waits of it is to be in place first. */
	if (fd >= 0 && files_window_has(&rotation->window, &before)) {
		close(fd);
		if (files_window_flush(&rotation->window, &rotation->run, err) < 0)
			return -1;
		fd = open_file(path, &before, &reason);
	}
	if (fd < 0) {
		files_complain(&rotation->run, &reason);
		return 0;
	}
	int result = files_is_environment(path) ? read_environment(rotation, path, fd, err)
						: read_file(rotation, path, fd, &before, err);
	close(fd);
	return result;
}

static int complain(void *context, struct error *reason)
{
	struct rotation *rotation = context;

	if (files_check_time(&rotation->run, reason) < 0)
		return -1;
	files_complain(&rotation->run, reason);
	error_clear(reason);
	return 0;
}

/* A path that is mistyped, or not checked out, must not pass for one that is up to date. */
static void complain_if_empty(struct rotation *rotation, const char *path, size_t files_before)
{
	const struct files_run *run = &rotation->run;
	struct error reason = ERROR_INIT;

	if (run->settings->phase != ROTATE_FILES_VERIFY || run->summary->files > files_before)
		return;
	error_set(&reason, ERROR_NOT_FOUND,
	    "%s: no manifest found (" MANIFEST_PATTERNS "); check the path", path);
	files_complain(&rotation->run, &reason);
}

/* Look at all files, for what `pass` says. */
static int look_at_files(struct rotation *rotation, enum files_pass pass, char *const *paths,
    size_t count, struct error *err)
{
	struct manifest_folder_visitor visitor = {visit, complain, rotation, files_is_environment};

	rotation->run.pass = pass;
	for (size_t i = 0; i < count; i++) {
		size_t before = rotation->run.summary->files;
		if (manifest_folder_walk(paths[i], true, &visitor, err) < 0)
			return -1;
		complain_if_empty(rotation, paths[i], before);
	}
	return files_window_flush(&rotation->window, &rotation->run, err);
}

/*
 * Keys.
 */

/* A key that can't be rotated is the failure of the Secrets under it. */
static int rotate_keys(struct rotation *rotation, struct error *err)
{
	struct files_run *run = &rotation->run;
	const struct rotate_files_settings *settings = run->settings;

	if (settings->dry_run)
		return keyset_pretend_to_rotate(&run->keys, run->client, &run->vault,
		    &settings->session, settings->min_age_ms, err);
	return keyset_rotate(&run->keys, run->client, &run->vault, &settings->session,
	    settings->min_age_ms, &run->summary->keys, err);
}

/* Find the keys, which takes a pass of its own, and rotate them. */
static int gather_and_rotate(
    struct rotation *rotation, char *const *paths, size_t count, struct error *err)
{
	struct files_run *run = &rotation->run;
	struct rotate_files_summary *summary = run->summary, ignored = {0};

	/* What is wrong with files is told once. */
	if (run->settings->phase == ROTATE_FILES_ALL) {
		run->silent = true;
		run->summary = &ignored;
	}
	int result = look_at_files(rotation, FILES_GATHER, paths, count, err);
	run->silent = false;
	run->summary = summary;
	return result == 0 ? rotate_keys(rotation, err) : -1;
}

/*
 * The run.
 */

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* Say what is left. */
static int refuse_rest_of_run(const struct rotation *rotation, size_t left, struct error *err)
{
	const struct rotate_files_summary *summary = rotation->run.summary;
	bool verify = rotation->run.settings->phase == ROTATE_FILES_VERIFY;

	error_set(err, ERROR_REJECTED, "the reasons stand above: %s",
	    verify ? "rewrap with secret-rotate --files" : "see to them and run again");
	if (summary->outside > 0)
		error_wrap(err, "%zu document%s hold%s old ciphertext outside sealed Secrets",
		    summary->outside, plural(summary->outside), summary->outside == 1 ? "s" : "");
	if (summary->broken > 0)
		error_wrap(err, "%zu document%s or file%s can't be %s", summary->broken,
		    plural(summary->broken), plural(summary->broken),
		    verify ? "read" : "read or replaced");
	if (left > 0)
		error_wrap(err, "%zu of %zu Secrets are not all on the newest version", left,
		    summary->secrets);
	return -1;
}

static size_t count_failed_keys(const struct keyset *keys)
{
	size_t failed = 0;

	for (size_t i = 0; i < keys->count; i++)
		failed += keys->keys[i]->failed;
	return failed;
}

static int conclude(const struct rotation *rotation, struct error *err)
{
	const struct rotate_files_summary *summary = rotation->run.summary;
	size_t left = summary->failed;

	if (rotation->run.settings->phase == ROTATE_FILES_VERIFY)
		left += summary->old;
	if (summary->secrets == 0 && summary->broken == 0)
		log_write(LOG_WARNING, "no sealed Secret was found in %zu file%s", summary->files,
		    plural(summary->files));
	if (left + summary->broken + summary->outside > 0)
		return refuse_rest_of_run(rotation, left, err);
	if (count_failed_keys(&rotation->run.keys) > 0)
		return error_set(
		    err, ERROR_REJECTED, "not every key was rotated, for the reasons above");
	return 0;
}

static int run_phases(
    struct rotation *rotation, char *const *paths, size_t count, struct error *err)
{
	const struct rotate_files_settings *settings = rotation->run.settings;
	enum rotate_files_phase phase = settings->phase;
	bool looks_only = settings->dry_run || phase == ROTATE_FILES_VERIFY;

	if ((phase == ROTATE_FILES_ROTATE || phase == ROTATE_FILES_ALL) &&
	    gather_and_rotate(rotation, paths, count, err) < 0)
		return -1;
	if (phase != ROTATE_FILES_ROTATE &&
	    look_at_files(rotation, looks_only ? FILES_TELL : FILES_REWRAP, paths, count, err) < 0)
		return -1;
	if (files_outside_report(&rotation->run, err) < 0)
		return -1;
	return conclude(rotation, err);
}

static int begin(struct rotation *rotation, struct error *err)
{
	const struct rotate_files_settings *settings = rotation->run.settings;

	files_window_init(&rotation->window);
	if (is_set(settings->transit_key) &&
	    transit_key_parse(&rotation->run.only, settings->transit_key, err) < 0)
		return -1;
	return vault_init(&rotation->run.vault, &settings->vault, err);
}

int rotate_files(struct http_client *client, const struct rotate_files_settings *settings,
    char *const *paths, size_t count, struct rotate_files_summary *summary, struct error *err)
{
	struct rotation rotation = {
	    .run = {.client = client, .settings = settings, .summary = summary}};
	struct error revoke = ERROR_INIT;

	*summary = (struct rotate_files_summary){0};
	int result = begin(&rotation, err);
	if (result == 0)
		result = run_phases(&rotation, paths, count, err);
	files_window_free(&rotation.window);
	if (vault_session_end(client, &rotation.run.vault, &settings->session, &revoke) < 0)
		log_write(LOG_WARNING, "%s", revoke.message);
	vault_free(&rotation.run.vault);
	files_outside_free(&rotation.run);
	keyset_free(&rotation.run.keys);
	transit_key_free(&rotation.run.only);
	return result;
}
