/* stage_run: serve until a signal, in the background, or while a command runs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/secret-dev/stage.h"
#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/output_file.h"

#define COMMAND_UNUSABLE 126
#define COMMAND_NOT_FOUND 127
#define SIGNALLED 128

static struct stage stage;

/* The signals that end an instance or are forwarded to the command. */
static const int handled_signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};

/* Block the signals before the first thread starts, so that only sigwaitinfo receives them. */
static sigset_t block_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(handled_signals) / sizeof(*handled_signals); i++)
		sigaddset(&set, handled_signals[i]);
	sigprocmask(SIG_BLOCK, &set, before);
	signal(SIGPIPE, SIG_IGN);
	return set;
}

static void wait_for_end(const sigset_t *signals)
{
	int number;

	do
		number = sigwaitinfo(signals, NULL);
	while (number != SIGTERM && number != SIGINT && number != SIGHUP && number != SIGQUIT);
}

static int log_addresses(struct error *err)
{
	cleanup_secret struct secret_buffer vault = SECRET_BUFFER_INIT, kube = SECRET_BUFFER_INIT;

	if (server_append_url(stage.vault_https, &vault, err) < 0 ||
	    server_append_url(stage.kube_https, &kube, err) < 0)
		return -1;
	log_write(LOG_INFO, "Vault at %s, Kubernetes API at %s; use them with: . %s/environment",
	    vault.data, kube.data, stage.directory.path);
	return 0;
}

int stage_run_foreground(const struct stage_settings *settings, struct error *err)
{
	sigset_t before, signals = block_signals(&before);
	int result = stage_start(&stage, settings, err);

	if (result == 0) {
		log_write(LOG_INFO,
		    "for development only: anyone who can read %s has all rights on both servers",
		    stage.directory.path);
		result = log_addresses(err);
	}
	if (result == 0)
		wait_for_end(&signals);
	stage_stop(&stage);
	return result;
}

/* Replace the standard descriptors by /dev/null, because $(...) waits until stdout is closed. */
static int detach(struct error *err)
{
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		return error_system(err, "/dev/null");
	return 0;
}

/* Serve in the child.  Write a byte to the pipe when the servers are ready, then close it. */
static int serve_detached(const struct stage_settings *settings, int ready, struct error *err)
{
	cleanup_secret struct secret_buffer exports = SECRET_BUFFER_INIT;
	sigset_t before, signals = block_signals(&before);
	int result = -1;

	setsid();
	if (stage_start(&stage, settings, err) == 0 && stage_exports(&stage, &exports, err) == 0) {
		if (output_file_write_all(STDOUT_FILENO, exports.data, exports.length) < 0)
			error_system(err, "printing the variables");
		else if (detach(err) == 0)
			result = output_file_write_all(ready, "", 1);
	}
	close(ready);
	if (result == 0)
		wait_for_end(&signals);
	stage_stop(&stage);
	return result;
}

int stage_run_background(const struct stage_settings *settings, struct error *err)
{
	int ends[2];
	char ready;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_system(err, "pipe");
	pid_t child = fork();
	if (child < 0)
		return error_system(err, "fork");
	if (child == 0) {
		close(ends[0]);
		return serve_detached(settings, ends[1], err);
	}
	close(ends[1]);
	ssize_t got = read(ends[0], &ready, 1);
	close(ends[0]);
	/* The child has reported its error. */
	return got == 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Append the environment of this process.  Variables of the stage replace equal names. */
static int command_environment(struct strings *environment, struct error *err)
{
	for (char **variable = environ; *variable; variable++) {
		size_t name_length = strcspn(*variable, "=") + 1;
		bool replaced = false;

		for (size_t i = 0; i < stage.environment.count; i++)
			replaced |=
			    strncmp(stage.environment.items[i], *variable, name_length) == 0;
		if (!replaced && strings_append(environment, *variable, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < stage.environment.count; i++)
		if (strings_append(environment, stage.environment.items[i], err) < 0)
			return -1;
	return 0;
}

/* Start the command with the original signal mask.  Return 0, or an exit status on failure. */
static int spawn_command(char **command, char **environment, const sigset_t *mask, pid_t *child)
{
	posix_spawnattr_t attributes;
	sigset_t defaults;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, mask);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	errno = posix_spawnp(child, command[0], NULL, &attributes, command, environment);
	posix_spawnattr_destroy(&attributes);
	if (errno == 0)
		return 0;
	log_write(LOG_ERROR, "%s: %s", command[0], strerror(errno));
	return errno == ENOENT ? COMMAND_NOT_FOUND : COMMAND_UNUSABLE;
}

/*
 * Forward signals until the command ends.  Signals from a terminal (SI_KERNEL) already reached it.
 */
static int wait_for_command(pid_t child, const sigset_t *signals)
{
	siginfo_t signal_info;
	int status;

	for (;;) {
		int number = sigwaitinfo(signals, &signal_info);

		if (number == SIGCHLD && waitpid(child, &status, WNOHANG) == child &&
		    !WIFSTOPPED(status))
			return WIFSIGNALED(status) ? SIGNALLED + WTERMSIG(status)
						   : WEXITSTATUS(status);
		if (number > 0 && number != SIGCHLD && signal_info.si_code != SI_KERNEL)
			kill(child, number);
	}
}

static int run_command(
    char **command, const sigset_t *before, const sigset_t *signals, struct error *err)
{
	struct strings environment = {NULL, 0};
	pid_t child;
	int status = command_environment(&environment, err);

	if (status == 0)
		status = spawn_command(command, environment.items, before, &child);
	strings_free(&environment);
	return status ? status : wait_for_command(child, signals);
}

int stage_run_command(const struct stage_settings *settings, char **command, struct error *err)
{
	sigset_t before, signals = block_signals(&before);
	int result = stage_start(&stage, settings, err);

	if (result == 0)
		result = run_command(command, &before, &signals, err);
	stage_stop(&stage);
	return result;
}
