#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/launch/deliver.h"
#include "tests/unit/secrets.h"

static const struct option_spec table[] = {{.name = NULL}};
static const struct options options = {
    .program = "secret-exec", .prefix = "SECRET_EXEC", .synopsis = "secret-exec", .table = table};

static struct launch_settings settings = {.deliver.options = &options};
static struct launch_delivery delivery;
static char folder[] = "/dev/shm/test_deliver.XXXXXX";
static char path[64], option[96];
static char *command[] = {"app", "--config={}", "{A}", "{BIN}", NULL};
static char *ours[] = {"HOME=/root", NULL};

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/secret", folder);
	add_variable("A", "1");
	add_variable("B", "2");
	add_variable("C", "3");
	add_bytes("BIN", "\0\xFF", 2);
}

static void teardown(void)
{
	deliver_free(&delivery);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing is left in it */
	variables_free(&variables);
	strings_free(&settings.deliver.fds);
	strings_free(&settings.deliver.memfds);
	strings_free(&settings.deliver.files);
	strings_free(&settings.deliver.environment);
	strings_free(&settings.deliver.allow);
}

static void give(struct strings *list, const char *text)
{
	expect_ok(strings_append(list, text, &err), err);
}

/* --file KEY=the path */
static void give_file(const char *key)
{
	snprintf(option, sizeof(option), "%s=%s", key, path);
	give(&settings.deliver.files, option);
}

static int prepare(void)
{
	struct deliver_plan plan;

	if (deliver_plan_parse(&plan, &settings, &err) < 0)
		return -1;
	int result = deliver_prepare(&delivery, &plan, ours, command, &variables, &err);
	deliver_plan_free(&plan);
	return result;
}

static int reserve(char *const *argv)
{
	struct deliver_plan plan;

	if (deliver_plan_parse(&plan, &settings, &err) < 0)
		return -1;
	int result = deliver_plan_reserve(&plan, argv, &err);
	deliver_plan_free(&plan);
	return result;
}

/* The environment is HOME and just these, ended by NULL. */
static void expect_environment(const char *first, const char *second, const char *third)
{
	const char *const wanted[] = {"HOME=/root", first, second, third, NULL};

	for (size_t i = 0; wanted[i]; i++) {
		ck_assert_ptr_nonnull(delivery.env.strings[i]);
		ck_assert_str_eq(delivery.env.strings[i], wanted[i]);
		ck_assert_ptr_eq(delivery.env.strings[i + 1],
		    wanted[i + 1] ? delivery.env.strings[i + 1] : NULL);
	}
}

static void expect_fd(int fd, const char *bytes, size_t length)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_fd(&text, fd, "fd", &err), err);
	expect_bytes(text, bytes, length);
}

static void expect_file(const char *name, const char *bytes, size_t length)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_file(&text, name, &err), err);
	expect_bytes(text, bytes, length);
}

START_TEST(each_value_is_delivered_where_it_is_named)
{
	give(&settings.deliver.fds, "20=C");
	give(&settings.deliver.memfds, "BIN");
	give_file("B");
	expect_ok(prepare(), err);
	expect_environment("A=1", NULL, NULL);
	expect_fd(20, "3", 1);
	expect_file(strchr(delivery.command[1], '=') + 1, "\0\xFF", 2);
	ck_assert_str_eq(delivery.command[2], "{A}");
	expect_ok(deliver_commit(&delivery, &err), err);
	expect_file(path, "2", 1);
	deliver_rollback(&delivery);
}
END_TEST

START_TEST(one_value_can_have_several_deliveries)
{
	give(&settings.deliver.fds, "20=BIN");
	give(&settings.deliver.fds, "21=BIN");
	give(&settings.deliver.memfds, "BIN");
	give_file("BIN");
	expect_ok(prepare(), err);
	expect_environment("A=1", "B=2", "C=3");
	expect_fd(20, "\0\xFF", 2);
	expect_fd(21, "\0\xFF", 2);
	expect_file(delivery.command[3], "\0\xFF", 2);
}
END_TEST

START_TEST(a_pipe_for_all_takes_the_others_except_env_patterns)
{
	give(&settings.deliver.fds, "20:nul");
	give(&settings.deliver.environment, "[C-D]");
	give(&settings.deliver.memfds, "BIN");
	expect_ok(prepare(), err);
	expect_environment("SECRETS_FD=20", "C=3", NULL);
	expect_fd(20, "A=1\0B=2", 8);
}
END_TEST

START_TEST(a_pipe_and_a_memfd_for_all_both_get_all)
{
	give(&settings.deliver.fds, "20:nul");
	give(&settings.deliver.memfds, ":json");
	give(&settings.deliver.fds, "21=BIN");
	expect_ok(prepare(), err);
	expect_environment("SECRETS_FD=20", NULL, NULL);
	expect_fd(20, "A=1\0B=2\0C=3", 12);
	expect_file(
	    strchr(delivery.command[1], '=') + 1, "{\"A\":\"1\",\"B\":\"2\",\"C\":\"3\"}", 25);
}
END_TEST

START_TEST(the_pipe_of_one_value_has_no_variable)
{
	give(&settings.deliver.fds, "20=BIN");
	expect_ok(prepare(), err);
	expect_environment("A=1", "B=2", "C=3");
}
END_TEST

static const struct {
	size_t list; /* of the settings */
	const char *text, *label;
} strangers[] = {
    {offsetof(struct launch_settings, deliver.fds), "20=X", "--fd 20=X"},
    {offsetof(struct launch_settings, deliver.memfds), "X", "--memfd X"},
    {offsetof(struct launch_settings, deliver.files), "X=/nowhere", "--file X=/nowhere"},
};

START_TEST(an_unknown_key_is_an_error_with_the_names)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "%s: no secret \"X\"; use one of: A, B, C, BIN",
	    strangers[_i].label);
	give(
	    (struct strings *)(void *)((char *)&settings + strangers[_i].list), strangers[_i].text);
	expect_failure(prepare(), err, ERROR_INVALID, wanted);
}
END_TEST

START_TEST(a_failure_leaves_no_file_and_no_descriptor)
{
	give(&settings.deliver.fds, "20=BIN");
	give(&settings.deliver.memfds, "C");
	give_file("A");
	give(&settings.deliver.files, "B=/nowhere/secret");
	int next = dup(STDERR_FILENO);
	close(next);
	expect_failure(prepare(), err, ERROR_SYSTEM, "--file B=/nowhere/secret: /nowhere: No such");
	ck_assert_ptr_null(delivery.command);
	ck_assert_int_eq(fcntl(20, F_GETFD), -1);
	ck_assert_int_eq(dup(STDERR_FILENO), next);
	close(next);
}
END_TEST

START_TEST(two_files_with_one_place_are_refused)
{
	give(&settings.deliver.memfds, "BIN");
	give_file("A");
	give_file("B");
	expect_failure(prepare(), err, ERROR_USAGE, "another --file has the same path");
}
END_TEST

START_TEST(a_failed_commit_can_be_rolled_back)
{
	char other[80];

	snprintf(other, sizeof(other), "B=%s/other", folder);
	give(&settings.deliver.memfds, "BIN");
	give_file("A");
	give(&settings.deliver.files, other);
	expect_ok(prepare(), err);
	ck_assert_int_eq(mkdir(other + 2, 0700), 0);
	expect_failure(deliver_commit(&delivery, &err), err, ERROR_SYSTEM, "--file: other: moving");
	ck_assert_int_eq(access(path, F_OK), 0);
	deliver_rollback(&delivery);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_int_eq(rmdir(other + 2), 0);
}
END_TEST

START_TEST(free_removes_prepared_files_and_keeps_placed_ones)
{
	give(&settings.deliver.memfds, "BIN");
	give_file("A");
	expect_ok(prepare(), err);
	ck_assert_int_eq(access(path, F_OK), -1);
	expect_ok(deliver_commit(&delivery, &err), err);
	deliver_free(&delivery);
	expect_file(path, "1", 1);
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(numbers_are_reserved_by_the_plan)
{
	give(&settings.deliver.fds, "20=BIN");
	give(&settings.deliver.fds, "21");
	expect_ok(reserve(command), err);
	expect_ok(reserve(command), err);
	ck_assert_int_eq(fcntl(20, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(21, F_GETFD), FD_CLOEXEC);
	expect_ok(prepare(), err);
	expect_fd(20, "\0\xFF", 2);
}
END_TEST

/* Numbers that prepare itself would use on its way. */
START_TEST(low_numbers_do_not_collide_with_descriptors_in_use)
{
	for (int fd = 3; fd < 10; fd++)
		close(fd);
	give(&settings.deliver.fds, "5=A");
	give(&settings.deliver.fds, "4=B");
	give(&settings.deliver.fds, "3=C");
	give(&settings.deliver.fds, "7=A");
	give(&settings.deliver.memfds, "BIN");
	give_file("A");
	expect_ok(prepare(), err);
	expect_fd(5, "1", 1);
	expect_fd(4, "2", 1);
	expect_fd(3, "3", 1);
	expect_fd(7, "1", 1);
	expect_file(delivery.command[3], "\0\xFF", 2);
}
END_TEST

START_TEST(errors_of_options_are_found_by_the_plan)
{
	give(&settings.deliver.memfds, "X");
	char *no_place[] = {"app", NULL};
	expect_failure(reserve(no_place), err, ERROR_USAGE, "--memfd X");
	settings.deliver.file_mode = "x";
	expect_failure(reserve(command), err, ERROR_USAGE, "--file-mode");
	settings.deliver.file_mode = NULL;
	ck_assert_int_eq(dup2(STDERR_FILENO, 20), 20);
	give(&settings.deliver.fds, "20");
	expect_failure(reserve(command), err, ERROR_USAGE, "descriptor is already open");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, each_value_is_delivered_where_it_is_named);
	tcase_add_test(tests, one_value_can_have_several_deliveries);
	tcase_add_test(tests, a_pipe_for_all_takes_the_others_except_env_patterns);
	tcase_add_test(tests, a_pipe_and_a_memfd_for_all_both_get_all);
	tcase_add_test(tests, the_pipe_of_one_value_has_no_variable);
	tcase_add_loop_test(tests, an_unknown_key_is_an_error_with_the_names, 0, COUNT(strangers));
	tcase_add_test(tests, a_failure_leaves_no_file_and_no_descriptor);
	tcase_add_test(tests, two_files_with_one_place_are_refused);
	tcase_add_test(tests, a_failed_commit_can_be_rolled_back);
	tcase_add_test(tests, free_removes_prepared_files_and_keeps_placed_ones);
	tcase_add_test(tests, numbers_are_reserved_by_the_plan);
	tcase_add_test(tests, low_numbers_do_not_collide_with_descriptors_in_use);
	tcase_add_test(tests, errors_of_options_are_found_by_the_plan);
}

int main(void)
{
	return run_tests("deliver", add);
}
