#include "lib/rotate/files.h"

#include <fcntl.h>
#include <stdio.h>

#include "lib/base/cleanup.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"
#include "lib/manifest/walk.h"
#include "lib/rotate/files_internal.h"

/* The maximum size of an environment file.  The Secret or ConfigMap made from it holds 1 MiB. */
#define ENVIRONMENT_BYTES_MAX ((size_t)4 * 1024 * 1024)

static void job_finish(void *context, const struct manifest_file *file)
{
	struct files_run *run = context;
	struct rotate_files_summary *summary = run->summary;

	if (file->lost) {
		summary->failed += file->secrets;
		return;
	}
	if (file->values == 0)
		return;
	summary->changed++;
	summary->rewrapped += file->secrets;
	summary->values += file->values;
	log_write(LOG_INFO, "%s: %zu value%s rewrapped", file->name, file->values,
	    string_plural(file->values));
}

/* -- a pass over all files -------------------------------------------------------------------- */

/* Search an environment file for ciphertext.  It is never changed. */
static int search_environment(struct files_run *run, const char *path, struct error *err)
{
	cleanup_secret struct secret_buffer text = {.limit = ENVIRONMENT_BYTES_MAX};
	struct error reason = ERROR_INIT;
	struct stat status;
	cleanup_close int fd = input_file_open_regular(AT_FDCWD, path, 0, path, &status, &reason);

	if (fd >= 0 && secret_buffer_read_fd(&text, fd, path, &reason) == 0)
		return files_note_text(run, path, &text, err);
	if (files_report_unread(run, fd, 0, &reason) == 0)
		return 0;
	*err = reason;
	return -1;
}

static int walk_visit(void *context, const char *path, struct error *err)
{
	struct files_run *run = context;

	if (files_check_time(run, err) < 0)
		return -1;
	run->summary->files++;
	return files_is_environment(path) ? search_environment(run, path, err)
					  : manifest_batch_read_file(&run->batch, path, err);
}

static int walk_fail(void *context, struct error *err)
{
	if (files_fail(context, NULL, NULL, err) < 0)
		return -1;
	error_clear(err);
	return 0;
}

/* Report a path without manifests in a verification: it may be mistyped or not checked out. */
static void check_not_empty(struct files_run *run, const char *path, size_t files_before)
{
	struct error reason = ERROR_INIT;

	if (!files_is_verification(run) || run->summary->files > files_before)
		return;
	manifest_walk_fail_empty(path, &reason);
	files_report(run, &reason);
}

static int walk_paths(struct files_run *run, char *const *paths, size_t count, struct error *err)
{
	struct manifest_walk_visitor visitor = {walk_visit, walk_fail, run, files_is_environment};

	for (size_t i = 0; i < count; i++) {
		size_t before = run->summary->files;

		if (manifest_walk(paths[i], true, &visitor, err) < 0)
			return -1;
		check_not_empty(run, paths[i], before);
	}
	return manifest_batch_flush(&run->batch, err);
}

static int run_pass(struct files_run *run, enum files_pass pass, char *const *paths, size_t count,
    struct error *err)
{
	const struct manifest_job job = {.context = run,
	    .examine = files_examine,
	    .transform = files_transform,
	    .settle = files_settle,
	    .release = files_release,
	    .finish = job_finish,
	    .fail = files_fail};

	run->pass = pass;
	manifest_batch_init(&run->batch, &job);
	int result = walk_paths(run, paths, count, err);
	manifest_batch_free(&run->batch);
	return result;
}

/* -- phases ----------------------------------------------------------------------------------- */

static int rotate_keys(struct files_run *run, struct error *err)
{
	const struct rotate_files_settings *settings = run->settings;

	if (settings->dry_run)
		return keyset_plan_rotation(&run->keys, settings->min_age_ms, err);
	return keyset_rotate(&run->keys, settings->min_age_ms, &run->summary->keys, err);
}

/* Find the keys in a separate pass, and rotate them. */
static int gather_and_rotate(
    struct files_run *run, char *const *paths, size_t count, struct error *err)
{
	struct rotate_files_summary *summary = run->summary, ignored = {0};

	/* ROTATE_FILES_ALL has a second pass, which reports the errors. */
	if (run->settings->phase == ROTATE_FILES_ALL) {
		run->silent = true;
		run->summary = &ignored;
	}
	int result = run_pass(run, FILES_GATHER, paths, count, err);
	run->silent = false;
	run->summary = summary;
	return result == 0 ? rotate_keys(run, err) : -1;
}

/* Add a count to the front of the message. */
static void add_count(struct error *err, const char *count)
{
	if (err->code)
		error_wrap(err, "%s", count);
	else
		error_set(err, ERROR_REJECTED, "%s", count);
}

/* Set the error that counts the remaining problems.  Return -1. */
static int refuse_left(const struct files_run *run, size_t left, struct error *err)
{
	const struct rotate_files_summary *summary = run->summary;
	bool verify = files_is_verification(run);
	char count[128];

	if (summary->outside > 0) {
		snprintf(count, sizeof(count),
		    "%zu document%s with old ciphertext outside sealed Secrets", summary->outside,
		    string_plural(summary->outside));
		add_count(err, count);
	}
	if (summary->broken > 0) {
		snprintf(count, sizeof(count), "%zu document%s or file%s cannot be %s",
		    summary->broken, string_plural(summary->broken), string_plural(summary->broken),
		    verify ? "read" : "read or replaced");
		add_count(err, count);
	}
	if (summary->plaintext > 0) {
		snprintf(count, sizeof(count), "%zu Secret%s of plaintext", summary->plaintext,
		    string_plural(summary->plaintext));
		add_count(err, count);
	}
	if (left > 0) {
		snprintf(count, sizeof(count),
		    "%zu of %zu Secrets are not all on the newest version", left, summary->secrets);
		add_count(err, count);
	}
	return error_hint(err, "see the errors above and %s",
	    !verify			  ? "run again"
	    : left + summary->outside > 0 ? "rewrap with secret-rotate --files"
					  : "correct them");
}

static bool has_failed_key(const struct keyset *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		if (keys->keys[i]->failed)
			return true;
	return false;
}

static int conclude(const struct files_run *run, struct error *err)
{
	const struct rotate_files_summary *summary = run->summary;
	size_t left = summary->failed;

	if (files_is_verification(run))
		left += summary->old;
	if (summary->secrets + summary->plaintext + summary->broken == 0)
		log_write(LOG_WARNING, "no sealed Secret was found in %zu file%s", summary->files,
		    string_plural(summary->files));
	if (left + summary->broken + summary->outside + summary->plaintext > 0)
		return refuse_left(run, left, err);
	if (has_failed_key(&run->keys))
		return error_set(
		    err, ERROR_REJECTED, "not every key was rotated; see the errors above");
	return 0;
}

static int run_phases(struct files_run *run, char *const *paths, size_t count, struct error *err)
{
	enum rotate_files_phase phase = run->settings->phase;
	bool only_reports = run->settings->dry_run || files_is_verification(run);

	if ((phase == ROTATE_FILES_ROTATE || phase == ROTATE_FILES_ALL) &&
	    gather_and_rotate(run, paths, count, err) < 0)
		return -1;
	if (phase != ROTATE_FILES_ROTATE &&
	    run_pass(run, only_reports ? FILES_REPORT : FILES_REWRAP, paths, count, err) < 0)
		return -1;
	return files_report_outside(run, err) < 0 ? -1 : conclude(run, err);
}

int rotate_files(struct http_client *client, const struct rotate_files_settings *settings,
    char *const *paths, size_t count, struct rotate_files_summary *summary, struct error *err)
{
	struct files_run run = {.client = client,
	    .settings = settings,
	    .summary = summary,
	    .keys = {.client = client, .vault = &run.vault, .session = &settings->session}};
	struct error revoke = ERROR_INIT;
	int result = 0;

	*summary = (struct rotate_files_summary){0};
	if (is_set(settings->transit_key))
		result = transit_key_parse(&run.only, settings->transit_key, err);
	if (result == 0)
		result = vault_init(&run.vault, &settings->vault, err);
	if (result == 0)
		result = run_phases(&run, paths, count, err);
	if (vault_session_end(client, &run.vault, &settings->session, &revoke) < 0)
		log_error(LOG_WARNING, &revoke);
	vault_free(&run.vault);
	files_free_outside(&run);
	keyset_free(&run.keys);
	transit_key_free(&run.only);
	return result;
}
