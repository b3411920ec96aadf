#include "lib/seal/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/credential_environment.h"
#include "lib/base/log.h"
#include "lib/base/output_file.h"
#include "lib/base/prompt.h"
#include "lib/base/signals.h"
#include "lib/base/strings.h"
#include "lib/seal/edit_text.h"

/* A command without any of these characters is run without a shell, as in git. */
#define SHELL_CHARACTERS "|&;<>()$`\\\"' \t\n*?[#~=%"
#define SHELL "/bin/sh"

#define POLL_MS 100 /* interval of checks for the end of background processes */

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
		    "$TMPDIR is a writable tmpfs, and plaintext must not be on a disk");
	editor->file = string_format(err, "%s/%s", editor->folder.path, name);
	return editor->file ? 0 : -1;
}

static int write_file(const char *path, const struct secret_buffer *text, struct error *err)
{
	cleanup_close int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || output_file_write_all(fd, secret_buffer_string(text), text->length) < 0)
		return error_system(err, "%s", path);
	return 0;
}

/*
 * Use the terminal for the editor's input and output if they are not terminals.  Without a
 * terminal, its input is /dev/null.
 */
static void use_terminal(void)
{
	int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int input = terminal < 0 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : terminal;

	if (!isatty(STDIN_FILENO) && input >= 0)
		dup2(input, STDIN_FILENO);
	if (!isatty(STDOUT_FILENO) && terminal >= 0)
		dup2(terminal, STDOUT_FILENO);
}

/*
 * Run the editor in the child process, without credentials in its environment.  If the parent is
 * killed, the editor gets SIGHUP, as if its terminal was closed: its text would not be sealed, and
 * the next edit removes it.
 */
static void exec_editor(const char *command, const struct editor *editor, pid_t parent)
{
	cleanup_free char *script = NULL;
	const char *file = editor->file;

	signals_restore();
	prctl(PR_SET_PDEATHSIG, SIGHUP);
	if (getppid() != parent)
		_exit(126);
	use_terminal();
	credential_environment_drop();
	/* Temporary files of the editor are then wiped, too. */
	setenv("TMPDIR", editor->folder.path, 1);
	if (!strpbrk(command, SHELL_CHARACTERS))
		execlp(command, command, file, (char *)NULL);
	else if (asprintf(&script, "%s \"$@\"", command) >= 0)
		execl(SHELL, SHELL, "-c", script, command, file, (char *)NULL);
	_exit(errno == ENOENT ? 127 : 126);
}

/*
 * Wait for the end of the editor, and pass the first signal on to it.  Signals are blocked except
 * in ppoll, so that none is missed.  Where a sandbox forbids pidfd_open, ppoll ends after POLL_MS.
 */
static int wait_for(pid_t child, const sigset_t *before, int *status, struct error *err)
{
	static const struct timespec step = {.tv_nsec = POLL_MS * 1000000L};
	cleanup_close int handle = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd ended = {.fd = handle, .events = POLLIN};
	bool passed_on = false;

	for (;;) {
		if (signals_caught() && !passed_on) {
			kill(child, signals_caught());
			passed_on = true;
		}
		pid_t reaped = waitpid(child, status, WNOHANG);
		if (reaped == child)
			return signals_check(err);
		if (reaped < 0 && errno != EINTR)
			return error_system(err, "waiting for the editor");
		if (ppoll(&ended, 1, handle < 0 ? &step : NULL, before) < 0 && errno != EINTR)
			return error_system(err, "waiting for the editor");
	}
}

static int run_child(
    const char *command, const struct editor *editor, int *status, struct error *err)
{
	sigset_t before;
	pid_t ours = getpid();

	signals_block(&before);
	pid_t child = fork();
	if (child == 0)
		exec_editor(command, editor, ours);
	int result = child < 0 ? error_system(err, "starting the editor")
			       : wait_for(child, &before, status, err);
	signals_release(&before);
	return result;
}

static int run_editor(const char *command, const struct editor *editor, struct error *err)
{
	struct sigaction ignoring = {.sa_handler = SIG_IGN}, interrupt, quit;
	int status = 0;

	/* The terminal sends these signals to both processes, but they are meant for the editor. */
	sigaction(SIGINT, &ignoring, &interrupt);
	sigaction(SIGQUIT, &ignoring, &quit);
	int result = run_child(command, editor, &status, err);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (result < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(err, ERROR_USAGE,
		    "%s: no such editor; set --editor, VISUAL or EDITOR", command);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return error_set(err, ERROR_REJECTED, "the editor %s ended with %s %d: nothing was changed",
	    command, WIFEXITED(status) ? "status" : "signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* Return true if no background process of the editor is left. */
static bool all_ended(void)
{
	pid_t child;

	while ((child = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return child < 0;
}

static int wait_for_all(struct error *err)
{
	log_write(LOG_INFO, "the editor went to the background; waiting until its processes end");
	while (!all_ended()) {
		if (signals_check(err) < 0)
			return -1;
		poll(NULL, 0, POLL_MS);
	}
	return 0;
}

/* Wait for background processes of an editor that ended without a change. */
static int wait_for_background(const char *command, struct error *err)
{
	if (all_ended())
		return 0;
	if (prompt_check_terminal(err) < 0) {
		error_clear(err);
		return wait_for_all(err);
	}
	cleanup_free char *text = string_format(err,
	    "The editor %s went to the background.  Save and close the text there; "
	    "if nothing happens here then, press Enter: ",
	    command);
	return text ? prompt_enter(text, all_ended, err) : -1;
}

/* Editors that pass the file to a running process, and the options that make them wait. */
static const struct {
	const char *name;
	const char *options[3]; /* the first is shown in the message; none: never waits */
} not_waiting[] = {
    {"code", {"--wait", "-w"}},
    {"code-insiders", {"--wait", "-w"}},
    {"codium", {"--wait", "-w"}},
    {"vscodium", {"--wait", "-w"}},
    {"cursor", {"--wait", "-w"}},
    {"windsurf", {"--wait", "-w"}},
    {"subl", {"--wait", "-w"}},
    {"sublime_text", {"--wait", "-w"}},
    {"atom", {"--wait", "-w"}},
    {"zed", {"--wait", "-w"}},
    {"zeditor", {"--wait", "-w"}},
    {"mate", {"--wait", "-w"}},
    {"gedit", {"--wait", "-w"}},
    {"xed", {"--wait", "-w"}},
    {"kate", {"--block", "-b"}},
    {"xdg-open", {NULL}},
};

static bool has_word(const char *command, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = command; (at = strstr(at, word)) != NULL; at += length)
		if (at > command && at[-1] == ' ' && (!at[length] || at[length] == ' '))
			return true;
	return false;
}

static int check_waits(const char *command, size_t index, struct error *err)
{
	const char *wait = not_waiting[index].options[0];

	for (size_t i = 0; i < 3 && not_waiting[index].options[i]; i++)
		if (has_word(command, not_waiting[index].options[i]))
			return 0;
	if (!wait)
		return error_set(err, ERROR_USAGE,
		    "the editor %s does not wait until the text is closed; use another", command);
	return error_set(err, ERROR_USAGE,
	    "the editor %s does not wait until the text is closed; write \"%s %s\"", command,
	    command, wait);
}

int editor_check_terminal(const char *command, struct error *err)
{
	static const char *const names[] = {"vi", "vim", "nvim", "nano"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(command, names[i]) == 0 && prompt_check_terminal(err) < 0)
			return error_set(err, ERROR_USAGE,
			    "the editor %s needs a terminal; pass another --editor, or use secret-seal "
			    "--set or --from-file NAME=-",
			    command);
	return 0;
}

int editor_check(const char *command, struct error *err)
{
	size_t length = strcspn(command, " ");
	const char *name = memrchr(command, '/', length);

	name = name ? name + 1 : command;
	length -= (size_t)(name - command);
	for (size_t i = 0; i < sizeof(not_waiting) / sizeof(*not_waiting); i++)
		if (strlen(not_waiting[i].name) == length &&
		    memcmp(name, not_waiting[i].name, length) == 0)
			return check_waits(command, i, err);
	return 0;
}

static int read_file(const struct editor *editor, struct secret_buffer *text, struct error *err)
{
	secret_buffer_reset(text);
	text->limit = EDIT_TEXT_MAX;
	return secret_buffer_read_file(text, editor->file, err);
}

int editor_run(
    struct editor *editor, const char *command, struct secret_buffer *text, struct error *err)
{
	cleanup_secret struct secret_buffer edited = SECRET_BUFFER_INIT;

	/* Become the parent of background processes of the editor. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (write_file(editor->file, text, err) < 0 || run_editor(command, editor, err) < 0 ||
	    read_file(editor, &edited, err) < 0)
		return -1;
	if (secret_buffer_equal(text, &edited) &&
	    (wait_for_background(command, err) < 0 || read_file(editor, &edited, err) < 0))
		return -1;
	secret_buffer_move(text, &edited);
	return 0;
}

void editor_close(struct editor *editor)
{
	const char *slash = editor->file ? strrchr(editor->file, '/') : NULL;

	private_folder_remove(&editor->folder, slash ? slash + 1 : NULL);
	free(editor->file);
	*editor = (struct editor)EDITOR_INIT;
}
