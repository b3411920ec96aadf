#include "lib/seal/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/credential_environment.h"
#include "lib/base/signals.h"
#include "lib/base/strings.h"
#include "lib/seal/edit_text.h"

/* What a shell would act on: without any of these the command is a file's name (as git has it). */
#define SHELL_CHARACTERS "|&;<>()$`\\\"' \t\n*?[#~=%"
#define SHELL "/bin/sh"

int editor_open(struct editor *editor, const char *name, struct error *err)
{
	cleanup_free char *user = string_format(err, "/run/user/%u", (unsigned int)getuid());
	const char *const parents[] = {
	    getenv("XDG_RUNTIME_DIR"), "/dev/shm", user, getenv("TMPDIR"), "/tmp"};
	struct error ignored = ERROR_INIT;

	*editor = (struct editor)EDITOR_INIT;
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		if (!private_folder_in_memory(parents[i]))
			continue;
		private_folder_sweep(parents[i]);
		if (!editor->folder.path &&
		    private_folder_make(&editor->folder, parents[i], &ignored) < 0)
			error_clear(&ignored);
	}
	if (!editor->folder.path)
		return error_set(err, ERROR_SYSTEM,
		    "no folder in memory to edit in: neither $XDG_RUNTIME_DIR nor /dev/shm nor "
		    "$TMPDIR is a tmpfs that can be written to, and plaintext goes on no disk");
	editor->file = string_format(err, "%s/%s", editor->folder.path, name);
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

/*
 * In the child: nothing of ours but the environment and the standard streams goes on.  An editor
 * that is left alone hangs up, as if its terminal had gone: nobody would seal what it saves, and
 * the next edit sweeps it away.
 */
static void become(const char *command, const struct editor *editor, pid_t parent)
{
	cleanup_free char *script = NULL;
	const char *file = editor->file;

	signals_restore();
	prctl(PR_SET_PDEATHSIG, SIGHUP);
	if (getppid() != parent)
		_exit(126);
	credential_environment_drop();
	/* So that what it keeps on the way is where we wipe. */
	setenv("TMPDIR", editor->folder.path, 1);
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
	pid_t ours = getpid(), child = fork();

	if (child < 0)
		return error_system(err, "starting the editor");
	if (child == 0)
		become(command, editor, ours);
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

void editor_close(struct editor *editor)
{
	const char *slash = editor->file ? strrchr(editor->file, '/') : NULL;

	private_folder_remove(&editor->folder, slash ? slash + 1 : NULL);
	free(editor->file);
	*editor = (struct editor)EDITOR_INIT;
}
