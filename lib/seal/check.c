#include "lib/seal/check.h"

#include <ctype.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/manifest/walk.h"
#include "lib/seal/check_run.h"
#include "lib/sealed/foreign.h"
#include "lib/sealed/sealed.h"

/* -- documents that cannot be read ------------------------------------------------------------ */

static bool is_quote_or_blank(char byte)
{
	return byte == '"' || byte == '\'' || byte == ' ' || byte == '\t';
}

/* Return true if the text at `at` ends in "kind:", with quotes and blanks. */
static bool follows_kind(const char *text, const char *at)
{
	static const char kind[] = "kind";
	size_t length = strlen(kind);

	while (at > text && is_quote_or_blank(at[-1]))
		at--;
	if (at == text || *--at != ':')
		return false;
	while (at > text && is_quote_or_blank(at[-1]))
		at--;
	return (size_t)(at - text) >= length && memcmp(at - length, kind, length) == 0;
}

/* Return true if the text contains "kind: Secret" or "kind: SecretList", also as JSON. */
static bool may_be_secret(const char *text, size_t length)
{
	static const char word[] = "Secret", list[] = "List";
	const char *at = text, *end = text + length;

	for (; (at = memmem(at, (size_t)(end - at), word, strlen(word))) != NULL; at++) {
		const char *after = at + strlen(word);

		if ((size_t)(end - after) >= strlen(list) && memcmp(after, list, strlen(list)) == 0)
			after += strlen(list);
		if (follows_kind(text, at) && (after == end || !isalnum((unsigned char)*after)))
			return true;
	}
	return false;
}

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
	bool secret = may_be_secret(text, buffer->length) && !foreign_tool(text, buffer->length);
	bool template = memmem(text, buffer->length, "{{", 2) != NULL;
	if (secret && !template)
		return check_run_report(run, problem, err);
	log_write(secret ? LOG_WARNING : LOG_DEBUG, "not checked: %s", problem->message);
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
	return manifest_batch_read_file(&run->batch, path, err);
}

static int walk_fail(void *context, struct error *err)
{
	return job_fail(context, NULL, NULL, err);
}

/* Check a path.  A folder without manifests may be mistyped or not checked out. */
static int check_path(struct check_run *run, const char *path, struct error *err)
{
	struct manifest_walk_visitor visitor = {walk_visit, walk_fail, run, check_generators_name};
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
	error_set(&problem, ERROR_NOT_FOUND,
	    "%s: no manifest found (" MANIFEST_PATTERNS "); check the path", path);
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
	if (result < 0 || summary->problems == 0)
		return result;
	return error_set(err, ERROR_INVALID, "%zu problem%s found; see the lines above",
	    summary->problems, summary->problems == 1 ? "" : "s");
}
