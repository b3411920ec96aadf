#include "lib/seal/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/base/strings.h"
#include "lib/seal/edit_text.h"

/* What a shell would act on: without any of these the command is a file's name (as git has it). */
#define SHELL_CHARACTERS "|&;<>()$`\\\"' \t\n*?[#~=%"
#define SHELL "/bin/sh"

static bool in_memory(const char *folder)
{
	struct statfs status;

	if (!given(folder) || folder[0] != '/' || statfs(folder, &status) < 0)
		return false;
	return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

/* A folder of our own under `parent`, if that will do; NULL with no error otherwise. */
static char *make_folder(const char *parent, struct error *err)
{
	if (!in_memory(parent))
		return NULL;
	char *folder = string_format(err, "%s/secret-seal-XXXXXX", parent);
	if (folder && mkdtemp(folder))
		return folder;
	free(folder);
	return NULL;
}

int editor_open(struct editor *editor, const char *name, struct error *err)
{
	cleanup_free char *user = string_format(err, "/run/user/%u", (unsigned int)getuid());
	const char *const parents[] = {
	    getenv("XDG_RUNTIME_DIR"), "/dev/shm", user, getenv("TMPDIR"), "/tmp"};

	*editor = (struct editor){NULL, NULL};
	for (size_t i = 0; !editor->folder && i < sizeof(parents) / sizeof(parents[0]); i++)
		editor->folder = make_folder(parents[i], err);
	if (err->code != ERROR_NONE)
		return -1;
	if (!editor->folder)
		return error_set(err, ERROR_SYSTEM,
		    "no folder in memory to edit in: neither $XDG_RUNTIME_DIR nor /dev/shm nor "
		    "$TMPDIR is a tmpfs that can be written to, and plaintext goes on no disk");
	editor->file = string_format(err, "%s/%s", editor->folder, name);
	return editor->file ? 0 : -1;
}

static int write_file(const char *path, const struct secret_buffer *text, struct error *err)
{
	cleanup_close int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	const char *bytes = secret_buffer_string(text);
	size_t done = 0;

	if (fd < 0)
		return error_system(err, "%s", path);
	while (done < text->length) {
		ssize_t written = write(fd, bytes + done, text->length - done);
		if (written < 0)
			return error_system(err, "%s", path);
		done += (size_t)written;
	}
	return 0;
}

/* In the child: nothing of ours but the environment and the standard streams goes on. */
static void become(const char *command, const struct editor *editor)
{
	cleanup_free char *script = NULL;
	const char *file = editor->file;

	signals_restore();
	/* So that what it keeps on the way is where we wipe. */
	setenv("TMPDIR", editor->folder, 1);
	if (!strpbrk(command, SHELL_CHARACTERS))
		execlp(command, command, file, (char *)NULL);
	else if (asprintf(&script, "%s \"$@\"", command) >= 0)
		execl(SHELL, SHELL, "-c", script, command, file, (char *)NULL);
	_exit(errno == ENOENT ? 127 : 126);
}

/* Until the editor is gone; a signal that came to us alone is passed on. */
static int wait_for(pid_t child, int *status, struct error *err)
{
	int passed_on = 0;

	while (waitpid(child, status, 0) < 0) {
		if (errno != EINTR)
			return error_system(err, "waiting for the editor");
		if (signals_caught() && !passed_on) {
			passed_on = signals_caught();
			kill(child, passed_on);
		}
	}
	return signals_check(err);
}

static int run_child(
    const char *command, const struct editor *editor, int *status, struct error *err)
{
	pid_t child = fork();

	if (child < 0)
		return error_system(err, "starting the editor");
	if (child == 0)
		become(command, editor);
	return wait_for(child, status, err);
}

static int run_editor(const char *command, const struct editor *editor, struct error *err)
{
	struct sigaction ignoring = {.sa_handler = SIG_IGN}, interrupt, quit;
	int status = 0;

	/* The terminal sends these to both of us, and they are meant for the editor. */
	sigaction(SIGINT, &ignoring, &interrupt);
	sigaction(SIGQUIT, &ignoring, &quit);
	int result = run_child(command, editor, &status, err);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (result < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ERROR_USAGE,
		    "%s: no such editor: name one with --editor, or in VISUAL or EDITOR", command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(err, ERROR_REJECTED, "the editor %s ended with %s %d: nothing was changed",
	    command, WIFEXITED(status) ? "status" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int editor_run(
    struct editor *editor, const char *command, struct secret_buffer *text, struct error *err)
{
	if (write_file(editor->file, text, err) < 0 || run_editor(command, editor, err) < 0)
		return -1;
	secret_buffer_reset(text);
	text->limit = EDIT_TEXT_MAX;
	return secret_buffer_read_file(text, editor->file, err);
}

/* The pages of a file that is removed are free, not empty. */
static void wipe(const char *path)
{
	static const char zeros[4096];
	struct stat status;
	cleanup_close int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return;
	for (off_t at = 0; at < status.st_size; at += (off_t)sizeof(zeros))
		if (pwrite(fd, zeros, sizeof(zeros), at) < 0)
			return;
}

static int wipe_and_remove(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status;
	(void)place;
	if (kind == FTW_F)
		wipe(path);
	if (remove(path) < 0)
		log_write(LOG_WARNING, "%s: %s: remove it: plaintext may be in it", path,
		    strerror(errno));
	return 0;
}

void editor_close(struct editor *editor)
{
	if (editor->folder)
		nftw(editor->folder, wipe_and_remove, 8, FTW_DEPTH | FTW_PHYS);
	free(editor->folder);
	free(editor->file);
	*editor = (struct editor){NULL, NULL};
}
