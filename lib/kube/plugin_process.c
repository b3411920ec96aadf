#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/kube/internal.h"

/* Enough time for a login with a browser. */
#define PLUGIN_TIMEOUT_MS 300000

#define READ_STEP 4096

/* Start the program with an empty signal mask, and with the default action for SIGPIPE. */
static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, defaults;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &defaults);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn(char *const *argv, char *const *environment, bool interactive, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int number = posix_spawn_file_actions_init(&actions);

	if (number != 0)
		return number;
	number = posix_spawnattr_init(&attributes);
	if (number == 0)
		number = set_signals(&attributes);
	if (number == 0)
		number = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (number == 0 && !interactive)
		number = posix_spawn_file_actions_addopen(
		    &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	/* Do not pass on descriptors such as libcurl's sockets. */
	if (number == 0)
		number = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	/* Not execvp, which would run a file without "#!" in a shell. */
	if (number == 0)
		number = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return number;
}

/* Wait until the descriptor is readable.  A pidfd is readable when its process has ended. */
static int wait_readable(int fd, int64_t deadline_ms, struct error *err)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	int64_t left = deadline_ms - clock_now_ms();
	int ready = poll(&wanted, 1, left > 0 ? (int)left : 0);

	if (ready < 0 && errno == EINTR)
		return error_set(err, ERROR_INTERRUPTED, "interrupted by a signal");
	if (ready < 0)
		return error_system(err, "poll");
	if (ready == 0)
		return error_set(err, ERROR_SYSTEM,
		    "still running at its time limit (the rest of --timeout, at most %d s)",
		    PLUGIN_TIMEOUT_MS / 1000);
	return 0;
}

static int read_output(int fd, int64_t deadline_ms, struct secret_buffer *output, struct error *err)
{
	for (;;) {
		if (wait_readable(fd, deadline_ms, err) < 0)
			return -1;
		if (secret_buffer_reserve(output, READ_STEP, err) < 0)
			return error_wrap(err, "its output");
		ssize_t got = read(fd, output->data + output->length, READ_STEP);
		if (got < 0)
			return error_system(err, "reading its output");
		if (got == 0)
			return secret_buffer_append(output, "", 0, err); /* the final NUL */
		output->length += (size_t)got;
	}
}

/* Wait until the process ends, which may be after it closes its output. */
static int wait_for_end(pid_t pid, int64_t deadline_ms, struct error *err)
{
	cleanup_close int handle = (int)syscall(SYS_pidfd_open, pid, 0);

	if (handle < 0)
		return error_system(err, "pidfd_open");
	return wait_readable(handle, deadline_ms, err);
}

static int reap(pid_t pid, struct error *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_system(err, "waitpid");
	if (WIFSIGNALED(status))
		return error_set(err, ERROR_SYSTEM, "ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return error_set(err, ERROR_SYSTEM, "exit status %d", WEXITSTATUS(status));
	return 0;
}

int kube_plugin_process(char *const *argv, char *const *environment, bool interactive,
    int64_t deadline_ms, struct secret_buffer *output, struct error *err)
{
	int64_t latest_ms = clock_now_ms() + PLUGIN_TIMEOUT_MS;
	struct error ignored = ERROR_INIT;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_system(err, "pipe");
	cleanup_close int in = ends[0];
	if (!deadline_ms || deadline_ms > latest_ms)
		deadline_ms = latest_ms;
	int number = spawn(argv, environment, interactive, ends[1], &pid);
	close(ends[1]);
	if (number != 0)
		return error_set(err, number == ENOENT ? ERROR_NOT_FOUND : ERROR_SYSTEM,
		    "cannot run: %s", strerror(number));
	if (read_output(in, deadline_ms, output, err) < 0 ||
	    wait_for_end(pid, deadline_ms, err) < 0) {
		kill(pid, SIGKILL);
		return reap(pid, &ignored), -1;
	}
	return reap(pid, err);
}
