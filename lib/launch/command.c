#include "lib/launch/command.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/strings.h"

/* What execvp(3) searches when PATH is not set (confstr _CS_PATH). */
#define DEFAULT_PATH "/bin:/usr/bin"

static int failure(const char *file, int number, struct error *err)
{
	bool missing = number == ENOENT || number == ENOTDIR;
	const char *advice = "";

	if (number == ENOEXEC)
		advice = ": it is no program for this machine, and has no #! line";
	else if (number == ENOENT && access(file, F_OK) == 0)
		advice = ": the file is there, but its interpreter or dynamic loader is not";
	else if (number == EACCES)
		advice = ": is it a file with execute permission, on a mount without noexec?";
	else if (number == E2BIG)
		advice = ": environment and arguments are too large together: deliver with --fd";
	error_set(err, ERROR_SYSTEM, "%s: %s%s", file, strerror(number), advice);
	return missing ? COMMAND_NOT_FOUND : COMMAND_CANNOT_RUN;
}

/* No errno; tracing is not allowed here. */
#define NOT_TRACED 255

/* Execute the file as a traced process: it stops before its first instruction, or ends with errno.
 */
static _Noreturn void execute_traced(const char *file, char *const *argv)
{
	char *const empty[] = {NULL};

	/* Else it would go on if its tracer were killed now. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(NOT_TRACED);
	execve(file, argv, empty);
	_exit(errno);
}

/* Wait until a traced process has executed its file (0) or ended (its exit status). */
static int wait_for_trial(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	while (WIFSTOPPED(status) && WSTOPSIG(status) != SIGTRAP) {
		ptrace(PTRACE_CONT, child, NULL, NULL);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
	}
	if (!WIFSTOPPED(status))
		return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_TRACED;
	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/*
 * Return whether the kernel executes the file, else set errno.  The kernel itself is asked: only it
 * knows its formats, interpreters and mounts.  Where tracing is not allowed, the permission is
 * looked at instead.
 */
static bool can_execute(const char *file, char *const *argv)
{
	struct stat status;

	if (stat(file, &status) < 0)
		return false;
	pid_t child = fork();
	if (child == 0)
		execute_traced(file, argv);
	int number = child < 0 ? NOT_TRACED : wait_for_trial(child);
	if (number != NOT_TRACED) {
		errno = number;
		return number == 0;
	}
	errno = EACCES;
	return S_ISREG(status.st_mode) && access(file, X_OK) == 0;
}

/*
 * Execute the file; without an environment only check that it could be, and return true then.
 * False: errno has the reason.
 */
static bool try(const char *file, char *const *argv, char *const *environment)
{
	if (!environment)
		return can_execute(file, argv);
	execve(file, argv, environment);
	return false;
}

/* As execvp(3), but without its fallback to /bin/sh. */
static int search(char *const *argv, char *const *environment, struct error *err)
{
	const char *path = getenv("PATH");
	int worst = ENOENT;

	cleanup_free char *copy = strdup(path ? path : DEFAULT_PATH);
	if (!copy) {
		error_memory(err);
		return COMMAND_FAILED;
	}
	for (char *rest = copy, *folder; (folder = strsep(&rest, ":"));) {
		cleanup_free char *file =
		    string_format(err, "%s/%s", *folder ? folder : ".", argv[0]);
		if (!file)
			return COMMAND_FAILED;
		if (try(file, argv, environment))
			return 0;
		bool missing = errno == ENOENT || errno == ENOTDIR;
		if (errno == EACCES)
			worst = EACCES;
		else if (!missing || access(file, F_OK) == 0)
			return failure(file, missing ? ENOENT : errno, err);
	}
	if (worst == ENOENT) {
		error_set(err, ERROR_SYSTEM, "%s: command not found in PATH", argv[0]);
		return COMMAND_NOT_FOUND;
	}
	return failure(argv[0], worst, err);
}

static int find(char *const *argv, char *const *environment, struct error *err)
{
	if (!*argv[0]) {
		error_set(err, ERROR_USAGE, "the command's name is empty");
		return COMMAND_NOT_FOUND;
	}
	if (!strchr(argv[0], '/'))
		return search(argv, environment, err);
	return try(argv[0], argv, environment) ? 0 : failure(argv[0], errno, err);
}

int command_exec(char *const *argv, char *const *environment, struct error *err)
{
	return find(argv, environment, err);
}

int command_check(char *const *argv, struct error *err)
{
	return find(argv, NULL, err);
}

/* The signals that end a process by default, but for those that its own faults raise. */
static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGSTKFLT,
    SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR};

static volatile sig_atomic_t caught_signal, at_once;
static void (*signal_action)(void);

static void on_signal(int number)
{
	int interrupted_errno = errno;

	if (at_once)
		_exit(128 + number);
	if (!caught_signal)
		caught_signal = number;
	if (signal_action)
		signal_action();
	errno = interrupted_errno;
}

static void on_broken_pipe(int number)
{
	(void)number;
}

/* execve gives a caught signal its default action back, so nothing of this reaches the application.
 */
static void catch_signal(int number, void (*handler)(int))
{
	struct sigaction catching = {.sa_handler = handler}, found;

	/* nohup(1) and the like ignore a signal on purpose. */
	if (sigaction(number, NULL, &found) == 0 && found.sa_handler != SIG_IGN)
		sigaction(number, &catching, NULL);
}

void command_catch_signals(void (*action)(void))
{
	signal_action = action;
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		catch_signal(ending[i], on_signal);
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		catch_signal(number, on_signal);
	/* A server that hangs up must not end us. */
	catch_signal(SIGPIPE, on_broken_pipe);
}

int command_caught_signal(void)
{
	return caught_signal;
}

void command_end_on_signals(void)
{
	at_once = 1;
}
