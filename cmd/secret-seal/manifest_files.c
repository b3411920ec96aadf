#include "cmd/secret-seal/manifest_files.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/manifest/walk.h"

/*
 * Standard output.
 */

struct printed {
	bool begun;
	char last; /* last byte that was printed */
};

static int print_bytes(struct printed *printed, const char *bytes, size_t length, struct error *err)
{
	if (length == 0)
		return 0;
	printed->begun = true;
	printed->last = bytes[length - 1];
	if (fwrite(bytes, 1, length, stdout) == length)
		return 0;
	return error_system(err, "standard output");
}

/*
 * Separate two files, so that they are different documents, also if the second does not begin with
 * a mark.
 */
static int print_separator(
    struct printed *printed, const char *bytes, size_t length, struct error *err)
{
	bool marked = length >= 3 && (strncmp(bytes, "---", 3) == 0 || *bytes == '%');

	if (!printed->begun)
		return 0;
	if (printed->last != '\n' && print_bytes(printed, "\n", 1, err) < 0)
		return -1;
	if (length >= 1 && *bytes == '%')
		return print_bytes(printed, "...\n", 4, err);
	return marked ? 0 : print_bytes(printed, "---\n", 4, err);
}

static int print_text(
    void *context, const char *bytes, size_t length, bool first, struct error *err)
{
	if (first && print_separator(context, bytes, length, err) < 0)
		return -1;
	return print_bytes(context, bytes, length, err);
}

static int print_written(
    void *context, const struct kube_secret *secret, enum seal_change change, struct error *err)
{
	static const char *const changes[] = {"sealed (server dry run)", "created", "updated"};

	(void)context;
	if (isatty(STDOUT_FILENO))
		progress_hide();
	if (printf("secret/%s %s\n", secret->name, changes[change]) < 0 || fflush(stdout) != 0)
		return error_system(err, "standard output");
	return 0;
}

/* Running. */

/* Show progress, unless the terminal shows the printed text. */
static void begin_progress(enum manifests_target target)
{
	if (target == MANIFESTS_TO_API)
		progress_begin("Writing Secrets");
	else if (target == MANIFESTS_IN_PLACE || !isatty(STDOUT_FILENO))
		progress_begin("Sealing Secrets");
}

static void warn_of_nothing(enum manifests_target target, const struct manifests_summary *summary)
{
	if (summary->sealed + summary->untouched == 0)
		log_write(LOG_WARNING, "no Secret was found");
	if (target == MANIFESTS_TO_API && summary->others > 0)
		log_write(LOG_WARNING,
		    "%zu document%s without a Secret not written; use kubectl apply",
		    summary->others, string_plural(summary->others));
}

/*
 * Prefix the message with the number of Secrets written, and add a hint if the command can be run
 * again.
 */
static void explain_failure(size_t written, struct error *err)
{
	if (written == 0)
		error_wrap(err, "no Secret was written");
	else
		error_wrap(err, "%zu Secret%s written before this", written,
		    written > 1 ? "s were" : " was");
	if (error_is_outage(err) || err->code == ERROR_CONFLICT)
		error_hint(err, "run all of it again");
}

static int seal_files(struct seal_session *session, const struct seal_settings *settings,
    const struct strings *files, enum manifests_target target, struct error *err)
{
	struct printed printed = {0};
	struct manifests_sink sink = {
	    .target = target, .print = print_text, .written = print_written, .context = &printed};
	struct manifests_summary summary = {0};

	begin_progress(target);
	int result = manifests_seal(session, settings, files, &sink, &summary, err);
	progress_end();
	/* Also after an error: the documents before it are complete. */
	if (fflush(stdout) != 0 && result == 0)
		result = error_system(err, "standard output");
	if (result == 0)
		warn_of_nothing(target, &summary);
	else if (target == MANIFESTS_TO_API && !settings->dry_run)
		explain_failure(summary.written, err);
	return result;
}

int manifest_files_list(
    const struct strings *paths, bool recursive, struct strings *files, struct error *err)
{
	for (size_t i = 0; i < paths->count; i++)
		if (strcmp(paths->items[i], "-") == 0
			? strings_append(files, "-", err) < 0
			: manifest_walk_list(paths->items[i], recursive, files, err) < 0)
			return -1;
	return 0;
}

int manifest_files_seal(const struct command_connection *connection,
    const struct seal_settings *settings, const struct strings *paths, bool recursive,
    enum manifests_target target, struct error *err)
{
	struct seal_session_settings session_settings =
	    command_session_settings(connection, target != MANIFESTS_TO_API);
	struct seal_session session;
	struct strings files = {0};
	int result = -1;

	/* Find all files before the first is read. */
	if (manifest_files_list(paths, recursive, &files, err) == 0 &&
	    seal_session_begin(&session, &session_settings, err) == 0) {
		result = seal_files(&session, settings, &files, target, err);
		seal_session_end(&session);
	}
	strings_free(&files);
	return result;
}
