/* command: execute the application, and handle signals until then. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/launch/init.h"

/* The search path of execvp(3) when PATH is not set (confstr _CS_PATH). */
#define DEFAULT_PATH "/bin:/usr/bin"

/* Report the errno of execve.  Return the exit status. */
static int exec_failure(const char *file, int number, struct error *err)
{
	bool missing = number == ENOENT || number == ENOTDIR;
	const char *advice = NULL;

	if (number == ENOEXEC)
		advice = "check that it is a program for this machine, or begins with a #! line";
	else if (number == ENOENT && access(file, F_OK) == 0)
		advice = "check its interpreter or dynamic loader, which does not exist";
	else if (number == EACCES)
		advice = "check that it is a file with execute permission, not on a noexec mount";
	else if (number == E2BIG)
		advice = "deliver with --fd, because environment and arguments are too large";
	error_set(err, ERROR_SYSTEM, "%s: %s", file, strerror(number));
	if (advice)
		error_hint(err, "%s", advice);
	return missing ? COMMAND_NOT_FOUND : COMMAND_CANNOT_RUN;
}

/* The result if the file could not be traced; not an errno value. */
#define NOT_TRACED 255

/*
 * Execute the file under ptrace, so that it stops before its first instruction.  If execve fails,
 * exit with its errno.
 */
static _Noreturn void execute_traced(const char *file, char *const *argv)
{
	char *const empty[] = {NULL};

	/* Without this, the file would run if the tracer were killed now. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(NOT_TRACED);
	execve(file, argv, empty);
	_exit(errno);
}

/* Wait until the child has ended or stopped, and return its wait status. */
static int wait_for_child(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/*
 * Wait until a traced process has executed its file, and kill it.  Return 0, or its exit status if
 * execve failed.
 */
static int wait_for_trial(pid_t child)
{
	int status = wait_for_child(child);

	while (WIFSTOPPED(status) && WSTOPSIG(status) != SIGTRAP) {
		ptrace(PTRACE_CONT, child, NULL, NULL);
		status = wait_for_child(child);
	}
	if (!WIFSTOPPED(status))
		return WIFEXITED(status) ? WEXITSTATUS(status) : NOT_TRACED;
	kill(child, SIGKILL);
	wait_for_child(child);
	return 0;
}

/*
 * Return whether the kernel can execute the file; if not, set errno.  Only the kernel knows its
 * formats, interpreters and mounts, so a traced child tries it.  If tracing is not allowed, check
 * the permission instead.
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
 * Execute the file.  If `environment` is NULL, only return true if that would succeed.  On failure
 * return false with errno set.
 */
static bool execute(const char *file, char *const *argv, char *const *environment)
{
	if (!environment)
		return can_execute(file, argv);
	execve(file, argv, environment);
	return false;
}

/* Search PATH as execvp(3) does, but without its fallback to /bin/sh. */
static int search_path(char *const *argv, char *const *environment, struct error *err)
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
		if (execute(file, argv, environment))
			return 0;
		bool missing = errno == ENOENT || errno == ENOTDIR;
		if (errno == EACCES)
			worst = EACCES;
		else if (!missing || access(file, F_OK) == 0)
			return exec_failure(file, missing ? ENOENT : errno, err);
	}
	if (worst == ENOENT) {
		error_set(err, ERROR_SYSTEM, "%s: command not found in PATH", argv[0]);
		return COMMAND_NOT_FOUND;
	}
	return exec_failure(argv[0], worst, err);
}

static int execute_command(char *const *argv, char *const *environment, struct error *err)
{
	if (!*argv[0]) {
		error_set(err, ERROR_USAGE, "the name of the command is empty");
		return COMMAND_NOT_FOUND;
	}
	if (!strchr(argv[0], '/'))
		return search_path(argv, environment, err);
	return execute(argv[0], argv, environment) ? 0 : exec_failure(argv[0], errno, err);
}

int command_exec(char *const *argv, char *const *environment, struct error *err)
{
	return execute_command(argv, environment, err);
}

int command_check(char *const *argv, struct error *err)
{
	return execute_command(argv, NULL, err);
}

/* -- signals ---------------------------------------------------------------------------------- */

/* Signals that end a process by default, except faults such as SIGSEGV. */
static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGSTKFLT,
    SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGIO, SIGPWR};

static volatile sig_atomic_t caught_signal, end_immediately;
static void (*signal_action)(void);

static void on_signal(int number)
{
	int interrupted_errno = errno;

	if (end_immediately)
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

/* Catch a signal until execve, which restores the default action for the application. */
static void catch_signal(int number, void (*handler)(int))
{
	struct sigaction catching = {.sa_handler = handler}, found;

	/* Leave an ignored signal ignored, because the caller asked for that (nohup(1)). */
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
	/* A connection that a server closes must not end the process. */
	catch_signal(SIGPIPE, on_broken_pipe);
}

int command_caught_signal(void)
{
	return caught_signal;
}

int command_interrupted(const char *name, struct error *err)
{
	/* Set the flag before reading caught_signal, so that no signal is lost between the two. */
	end_immediately = 1;
	int caught = caught_signal;
	if (!caught)
		return 0;
	error_set(err, ERROR_INTERRUPTED, "signal %d: ended before %s was started", caught, name);
	return 128 + caught;
}

/* -- names of signals ------------------------------------------------------------------------- */

static bool parse_signal_number(const char *text, int *number)
{
	char *end;
	long value = strtol(text, &end, 10);

	*number = value > 0 && value <= SIGRTMAX ? (int)value : 0;
	return isdigit((unsigned char)*text) && *end == '\0';
}

int command_parse_signal(const char *text, int *number, struct error *err)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;

	if (parse_signal_number(text, number) && (*number >= SIGRTMIN || sigabbrev_np(*number)))
		return 0;
	for (*number = 1; *number < SIGRTMIN; ++*number) {
		const char *known = sigabbrev_np(*number);
		if (known && strcasecmp(name, known) == 0)
			return 0;
	}
	if (strncasecmp(name, "RTMIN+", 6) == 0 && parse_signal_number(name + 6, number) &&
	    *number <= SIGRTMAX - SIGRTMIN) {
		*number += SIGRTMIN;
		return 0;
	}
	return error_set(
	    err, ERROR_USAGE, "\"%s\" is not a signal; write TERM, SIGTERM, 15 or RTMIN+3", text);
}

void command_signal_name(int number, char name[COMMAND_SIGNAL_NAME_SIZE])
{
	const char *known = sigabbrev_np(number);

	if (known)
		snprintf(name, COMMAND_SIGNAL_NAME_SIZE, "SIG%s", known);
	else
		snprintf(name, COMMAND_SIGNAL_NAME_SIZE, "SIGRTMIN+%d", number - SIGRTMIN);
}
