#include "cmd/secret-seal/manifest_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "lib/manifest/file.h"
#include "lib/manifest/walk.h"
#include "lib/seal/manifests.h"

struct sealing_files {
	struct seal_session *session;
	const struct seal_settings *settings;
	enum manifest_target target;
	struct manifests_summary summary;
};

/*
 * Standard output.
 */

struct stdout_text {
	bool begun;	/* something was written */
	bool next_file; /* the next text begins another file */
	char last;	/* byte that was written */
};

static int write_stdout(
    struct stdout_text *text, const char *bytes, size_t length, struct error *err)
{
	if (length == 0)
		return 0;
	text->begun = true;
	text->last = bytes[length - 1];
	if (fwrite(bytes, 1, length, stdout) == length)
		return 0;
	return error_system(err, "standard output");
}

/* Two files are two documents, whether or not the second says so. */
static int begin_file(struct stdout_text *text, const char *bytes, size_t length, struct error *err)
{
	bool marked = length >= 3 && (strncmp(bytes, "---", 3) == 0 || *bytes == '%');

	text->next_file = false;
	if (!text->begun)
		return 0;
	if (text->last != '\n' && write_stdout(text, "\n", 1, err) < 0)
		return -1;
	if (length >= 1 && *bytes == '%')
		return write_stdout(text, "...\n", 4, err);
	return marked ? 0 : write_stdout(text, "---\n", 4, err);
}

static int text_to_stdout(void *context, const void *bytes, size_t length, struct error *err)
{
	struct stdout_text *text = context;

	if (text->next_file && begin_file(text, bytes, length, err) < 0)
		return -1;
	return write_stdout(text, bytes, length, err);
}

/*
 * The targets.
 */

static int tell_written(
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

static int text_to_file(void *context, const void *bytes, size_t length, struct error *err)
{
	return manifest_file_write(context, bytes, length, err);
}

static int seal_stream(struct sealing_files *files, int fd, const char *name,
    const struct manifests_sink *sink, struct error *err)
{
	return manifests_seal(
	    files->session, files->settings, fd, name, sink, &files->summary, err);
}

static void tell_file(const char *name, size_t sealed)
{
	if (sealed == 0)
		log_write(LOG_INFO, "%s: nothing to seal", name);
	else
		log_write(LOG_INFO, "%s: %zu Secret%s sealed", name, sealed, sealed > 1 ? "s" : "");
}

static int seal_in_place(struct sealing_files *files, const char *name, struct error *err)
{
	size_t before = files->summary.sealed;
	struct manifest_file file;

	if (manifest_file_open(&file, name, err) < 0)
		return -1;
	struct manifests_sink sink = {.text = text_to_file, .context = &file};
	int result = seal_stream(files, file.in, name, &sink, err);
	if (result == 0 && files->summary.sealed > before)
		result = manifest_file_commit(&file, err);
	if (result == 0)
		tell_file(name, files->summary.sealed - before);
	manifest_file_free(&file);
	return result;
}

static int seal_from(struct sealing_files *files, const char *name,
    const struct manifests_sink *sink, struct error *err)
{
	if (strcmp(name, "-") == 0)
		return seal_stream(files, STDIN_FILENO, "standard input", sink, err);
	/* As standard input, a pipe is waited for without a limit (--timeout). */
	cleanup_close int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return error_system(err, "%s", name);
	return seal_stream(files, fd, name, sink, err);
}

static int seal_all(struct sealing_files *files, const struct strings *names, struct error *err)
{
	struct stdout_text text = {0};
	struct manifests_sink sink = {0};

	if (files->target == MANIFEST_TO_STDOUT)
		sink = (struct manifests_sink){.text = text_to_stdout, .context = &text};
	else
		sink.written = tell_written;
	for (size_t i = 0; i < names->count; i++) {
		text.next_file = true;
		if (files->target == MANIFEST_IN_PLACE
			? seal_in_place(files, names->items[i], err) < 0
			: seal_from(files, names->items[i], &sink, err) < 0)
			return -1;
	}
	return 0;
}

static void tell_summary(const struct sealing_files *files)
{
	const struct manifests_summary *summary = &files->summary;

	if (summary->sealed + summary->untouched == 0)
		log_write(LOG_WARNING, "no Secret was found");
	if (files->target == MANIFEST_TO_API && summary->others > 0)
		log_write(LOG_WARNING,
		    "what is no Secret (%zu document%s) was not written: kubectl apply does that",
		    summary->others, summary->others == 1 ? "" : "s");
}

/* The same run may succeed later.  What it has written by then is sealed anew. */
static bool passes(const struct error *err)
{
	return error_is_outage(err) || err->code == ERROR_CONFLICT;
}

/* A person must know how to go on. */
static void explain_failure(const struct sealing_files *files, struct error *err)
{
	size_t written = files->summary.written;

	if (files->target != MANIFEST_TO_API || files->settings->dry_run)
		return;
	if (written == 0)
		error_wrap(err, "no Secret was written");
	else
		error_wrap(err, "%zu Secret%s written before this", written,
		    written > 1 ? "s were" : " was");
	if (passes(err))
		error_hint(err, "all of it can be run again");
}

/* Text that scrolls over the terminal is progress enough. */
static void begin_progress(enum manifest_target target)
{
	if (target == MANIFEST_TO_API)
		progress_begin("Writing Secrets");
	else if (target == MANIFEST_IN_PLACE || !isatty(STDOUT_FILENO))
		progress_begin("Sealing Secrets");
}

static int seal_listed(struct sealing_files *files, const struct strings *names, struct error *err)
{
	begin_progress(files->target);
	int result = seal_all(files, names, err);
	progress_end();
	/* What came before an error is there. */
	if (fflush(stdout) != 0 && result == 0)
		result = error_system(err, "standard output");
	if (result < 0)
		explain_failure(files, err);
	return result;
}

/* All files, before the first of them is read. */
static int list_files(
    const struct strings *given, bool recursive, struct strings *names, struct error *err)
{
	for (size_t i = 0; i < given->count; i++)
		if (strcmp(given->items[i], "-") == 0
			? strings_append(names, "-", err) < 0
			: manifest_folder_list(given->items[i], recursive, names, err) < 0)
			return -1;
	return 0;
}

int manifest_files_seal(const struct connection *connection, const struct seal_settings *settings,
    const struct strings *files, bool recursive, enum manifest_target target, struct error *err)
{
	struct seal_session_settings session_settings =
	    command_session_settings(connection, target != MANIFEST_TO_API);
	struct seal_session session;
	struct strings names = {0};
	int result = -1;

	if (list_files(files, recursive, &names, err) == 0 &&
	    seal_session_begin(&session, &session_settings, err) == 0) {
		struct sealing_files sealing = {
		    .session = &session, .settings = settings, .target = target};
		result = seal_listed(&sealing, &names, err);
		seal_session_end(&session);
		if (result == 0)
			tell_summary(&sealing);
	}
	strings_free(&names);
	return result;
}
