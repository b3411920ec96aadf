#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/launch/init.h"
#include "tests/unit/expect.h"

static struct error err;
static char folder[] = "/tmp/test_command.XXXXXX";

static void make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

/* A file in the folder; returns its path in a static buffer. */
static const char *make_file(const char *name, const char *text, mode_t mode)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static void remove_folder(const char *path)
{
	if (path)
		unlink(path);
	rmdir(folder);
}

/* Run the command in a forked child.  Return its exit status, or the result of command_exec. */
static int run(const char *first, const char *second, const char *third, char **environment)
{
	char *argv[] = {
	    (char *)(uintptr_t)first, (char *)(uintptr_t)second, (char *)(uintptr_t)third, NULL};
	int ends[2], status;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		int result = command_exec(argv, environment, &err);
		if (write(ends[1], &err, sizeof(err)) != (ssize_t)sizeof(err))
			_exit(99);
		_exit(result);
	}
	close(ends[1]);
	error_clear(&err);
	if (read(ends[0], &err, sizeof(err)) < 0)
		ck_abort_msg("the child printed nothing");
	close(ends[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static char *empty[] = {NULL};

START_TEST(the_command_gets_its_arguments_and_only_this_environment)
{
	char *environment[] = {"ONLY=this", NULL};

	ck_assert_int_eq(run("/bin/sh", "-c",
			     "test \"$ONLY\" = this && test -z \"$HOME\" && exit 7", environment),
	    7);
}
END_TEST

START_TEST(a_name_without_a_slash_is_found_in_our_path)
{
	setenv("PATH", "/nowhere:/bin:/usr/bin", 1);
	ck_assert_int_eq(run("sh", "-c", "exit 5", empty), 5);
	unsetenv("PATH");
	ck_assert_int_eq(run("sh", "-c", "exit 6", empty), 6);
}
END_TEST

static const char *const missing[] = {
    "no-such-command", "/no/such/command", "/dev/null/command", ""};

START_TEST(a_command_that_is_not_found_is_status_127)
{
	ck_assert_int_eq(run(missing[_i], NULL, NULL, empty), COMMAND_NOT_FOUND);
	ck_assert_int_ne(err.code, ERROR_NONE);
	expect_contains(err.message, missing[_i]);
}
END_TEST

static const struct {
	const char *text;
	mode_t mode;
	int status;
	const char *message;
} files[] = {
    {"#!/bin/sh\n", 0600, COMMAND_CANNOT_RUN,
	"Permission denied; check that it is a file with execute"},
    {"echo no shell runs this\n", 0700, COMMAND_CANNOT_RUN, "begins with a #! line"},
    {"", 0700, COMMAND_CANNOT_RUN, "begins with a #! line"},
    {"#!/no/such/interpreter\n", 0700, COMMAND_NOT_FOUND,
	"check its interpreter or dynamic loader, which does not exist"},
};

START_TEST(a_file_that_cannot_run_is_an_error_with_the_reason)
{
	make_folder();
	const char *path = make_file("program", files[_i].text, files[_i].mode);
	ck_assert_int_eq(run(path, NULL, NULL, empty), files[_i].status);
	expect_contains(err.message, files[_i].message);
	setenv("PATH", folder, 1);
	ck_assert_int_eq(run("program", NULL, NULL, empty), files[_i].status);
	expect_contains(err.message, files[_i].message);
	remove_folder(path);
}
END_TEST

START_TEST(the_search_continues_after_a_file_without_permission)
{
	char path[64];

	make_folder();
	const char *file = make_file("sh", "", 0600);
	snprintf(path, sizeof(path), "%s:/bin", folder);
	setenv("PATH", path, 1);
	ck_assert_int_eq(run("sh", "-c", "exit 8", empty), 8);
	remove_folder(file);
}
END_TEST

START_TEST(a_folder_is_not_a_command)
{
	ck_assert_int_eq(run("/tmp", NULL, NULL, empty), COMMAND_CANNOT_RUN);
}
END_TEST

START_TEST(an_environment_that_is_too_large_is_an_error_with_advice)
{
	char *large = malloc(200000);

	memset(large, 'x', 199999);
	large[1] = '=';
	large[199999] = '\0';
	ck_assert_int_eq(run("/bin/true", NULL, NULL, (char *[]){large, NULL}), COMMAND_CANNOT_RUN);
	expect_contains(err.message, "deliver with --fd");
	free(large);
}
END_TEST

static int actions;

static void act(void)
{
	actions++;
	errno = EBADF;
}

static bool ends_by_default(int number)
{
	static const int others[] = {/* by default ignored, or stopping and going on */
	    SIGCHLD, SIGURG, SIGWINCH, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
	    /* faults of our own */
	    SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS,
	    /* not to be caught; no end to us */
	    SIGKILL, SIGPIPE};

	for (size_t i = 0; i < COUNT(others); i++)
		if (number == others[i])
			return false;
	/* Between the two are the C library's own. */
	return number < __SIGRTMIN || number >= SIGRTMIN;
}

START_TEST(the_first_signal_is_caught_and_remembered)
{
	if (!ends_by_default(_i))
		return;
	signal(_i, SIG_DFL); /* whoever started us may have it ignored */
	command_catch_signals(act);
	ck_assert_int_eq(command_caught_signal(), 0);
	errno = EINTR;
	raise(_i);
	ck_assert_int_eq(errno, EINTR);
	ck_assert_int_eq(command_caught_signal(), _i);
	ck_assert_int_eq(actions, 1);
	raise(_i == SIGTERM ? SIGINT : SIGTERM);
	ck_assert_int_eq(command_caught_signal(), _i);
}
END_TEST

START_TEST(an_ignored_signal_stays_ignored)
{
	signal(SIGHUP, SIG_IGN);
	command_catch_signals(act);
	raise(SIGHUP);
	ck_assert_int_eq(command_caught_signal(), 0);
	raise(SIGPIPE);
	ck_assert_int_eq(command_caught_signal(), 0);
}
END_TEST

/* The words of /proc/self/status about signals, as the application finds them. */
static void read_status(char *text, size_t size)
{
	char *argv[] = {"/bin/grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status", NULL};
	int ends[2], status;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		_exit(command_exec(argv, empty, &err));
	}
	close(ends[1]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ssize_t length = read(ends[0], text, size - 1);
	ck_assert_int_gt(length, 0);
	text[length] = '\0';
	close(ends[0]);
}

START_TEST(the_application_has_the_original_signal_actions)
{
	char before[512], after[512];

	signal(SIGHUP, SIG_IGN);
	read_status(before, sizeof(before));
	command_catch_signals(act);
	ck_assert_int_eq(command_interrupted("a command", &err), 0);
	read_status(after, sizeof(after));
	ck_assert_str_eq(after, before);
}
END_TEST

START_TEST(a_late_signal_ends_the_process_immediately)
{
	int status;

	command_catch_signals(act);
	pid_t child = fork();
	if (child == 0) {
		int caught = command_interrupted("a command", &err);
		raise(SIGTERM);
		_exit(caught);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGTERM);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, the_command_gets_its_arguments_and_only_this_environment);
	tcase_add_test(tests, a_name_without_a_slash_is_found_in_our_path);
	tcase_add_loop_test(tests, a_command_that_is_not_found_is_status_127, 0, COUNT(missing));
	tcase_add_loop_test(
	    tests, a_file_that_cannot_run_is_an_error_with_the_reason, 0, COUNT(files));
	tcase_add_test(tests, the_search_continues_after_a_file_without_permission);
	tcase_add_test(tests, a_folder_is_not_a_command);
	tcase_add_test(tests, an_environment_that_is_too_large_is_an_error_with_advice);
	tcase_add_loop_test(tests, the_first_signal_is_caught_and_remembered, 1, _NSIG);
	tcase_add_test(tests, an_ignored_signal_stays_ignored);
	tcase_add_test(tests, the_application_has_the_original_signal_actions);
	tcase_add_test(tests, a_late_signal_ends_the_process_immediately);
}

int main(void)
{
	return run_tests("command", add);
}
