#include "lib/seal/check.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/manifest/walk.h"
#include "lib/seal/check_run.h"
#include "lib/sealed/sealed.h"

/* -- documents that cannot be read ------------------------------------------------------------ */

/*
 * Report a document that cannot be read if it may be a Secret or contains ciphertext.  Other
 * documents need not be YAML: a checkout often contains templates.
 */
static int report_unreadable(struct check_run *run, const struct manifest_document *document,
    const struct error *problem, struct error *err)
{
	const struct secret_buffer *buffer = &document->manifest.text;
	const char *text = secret_buffer_string(buffer);
	int64_t version;

	if (sealed_find_mention(text, buffer->length, &version))
		return check_run_report(run, problem, err);
	if (manifest_is_unread_secret(text, buffer->length))
		return check_run_report(run, problem, err);
	log_write(manifest_may_be_secret(text, buffer->length) ? LOG_WARNING : LOG_DEBUG,
	    "not checked: %s", problem->message);
	return 0;
}

static int job_fail(void *context, const struct manifest_file *file,
    const struct manifest_document *document, struct error *err)
{
	struct error problem = *err;
	struct check_run *run = context;

	(void)file;
	if (err->code == ERROR_INTERRUPTED || (document && err->code == ERROR_SYSTEM))
		return -1;
	error_clear(err);
	return document ? report_unreadable(run, document, &problem, err)
			: check_run_report(run, &problem, err);
}

/* -- files ------------------------------------------------------------------------------------ */

static int job_examine(void *context, struct manifest_document *document, struct error *err)
{
	struct check_run *run = context;

	run->line = 0;
	if (check_secret_all(run, document, err) < 0 ||
	    check_generators_all(run, document, err) < 0 ||
	    check_objects_ciphertext(run, document, err) < 0)
		return -1;
	return check_objects_values(run, document, err);
}

static int walk_visit(void *context, const char *path, struct error *err)
{
	struct check_run *run = context;

	if (signals_check(err) < 0)
		return -1;
	run->summary->files++;
	return check_rules_name(path) ? check_rules_read(run, path, err)
				      : manifest_batch_read_file(&run->batch, path, err);
}

static bool walk_wants(const char *name)
{
	return check_generators_name(name) || check_rules_name(name);
}

static int walk_fail(void *context, struct error *err)
{
	return job_fail(context, NULL, NULL, err);
}

/* Check a path.  A folder without manifests may be mistyped or not checked out. */
static int check_path(struct check_run *run, const char *path, struct error *err)
{
	struct manifest_walk_visitor visitor = {walk_visit, walk_fail, run, walk_wants};
	size_t before = run->summary->files;
	struct error problem = ERROR_INIT;

	if (strcmp(path, "-") == 0) {
		run->summary->files++;
		return manifest_batch_read_stream(&run->batch, STDIN_FILENO, "standard input", err);
	}
	if (manifest_walk(path, true, &visitor, err) < 0)
		return -1;
	if (run->summary->files > before)
		return 0;
	manifest_walk_fail_empty(path, &problem);
	return check_run_report(run, &problem, err);
}

static int check_paths(struct check_run *run, char *const *paths, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (check_path(run, paths[i], err) < 0)
			return -1;
	return 0;
}

int check_files(char *const *paths, size_t count, int (*print)(const char *line, struct error *err),
    struct check_summary *summary, struct error *err)
{
	struct check_run run = {.summary = summary, .print = print};
	const struct manifest_job job = {.context = &run, .examine = job_examine, .fail = job_fail};

	*summary = (struct check_summary){0};
	manifest_batch_init(&run.batch, &job);
	int result = check_paths(&run, paths, count, err);
	manifest_batch_free(&run.batch);
	rule_search_free(&run.rules);
	if (result < 0 || summary->problems == 0)
		return result;
	return error_set(err, ERROR_INVALID, "%zu problem%s found; see the lines above",
	    summary->problems, string_plural(summary->problems));
}
