#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/input_file.h"
#include "tests/unit/kube_scratch.h"

static struct error err;

static void set_up(void)
{
	scratch_make();
	error_clear(&err);
	/* Over already: what would wait fails. */
	input_file_set_deadline(clock_now_ms());
}

START_TEST(only_not_found_means_absent)
{
	bool exists;

	expect_ok(input_file_exists(scratch_path("nothing"), &exists, &err), err);
	ck_assert(!exists);
	expect_ok(input_file_exists(scratch_write("file", ""), &exists, &err), err);
	ck_assert(exists);
	expect_ok(input_file_exists(scratch_path("file/nothing"), &exists, &err), err);
	ck_assert(!exists);
	ck_assert_int_eq(symlink("loop", scratch_path("loop")), 0);
	expect_failure(input_file_exists(scratch_path("loop"), &exists, &err), err, ERROR_SYSTEM,
	    "loop: Too many levels");
}
END_TEST

START_TEST(opening_a_fifo_waits_for_a_writer_until_the_deadline)
{
	const char *fifo = scratch_path("fifo");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	expect_failure(input_file_open(fifo, &err), err, ERROR_SYSTEM,
	    "fifo: not a regular file, and no data");
}
END_TEST

START_TEST(reading_a_fifo_waits_for_data_until_the_deadline)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const char *fifo = scratch_path("fifo");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	int writer = open(fifo, O_RDWR);
	expect_failure(secret_buffer_read_file(&text, fifo, &err), err, ERROR_SYSTEM, "no data");
	ck_assert_int_eq(write(writer, "to", 2), 2);
	expect_failure(secret_buffer_read_file(&text, fifo, &err), err, ERROR_SYSTEM, "no data");
	close(writer);
}
END_TEST

/* The shell's <(COMMAND) is a pipe without a name, or a FIFO. */
START_TEST(the_content_of_a_pipe_is_read)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const char *fifo = scratch_path("fifo");
	char path[32];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], "pipe", 4), 4);
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	expect_ok(secret_buffer_read_file(&text, path, &err), err);
	/* Empty now, and no writer will come. */
	expect_ok(secret_buffer_read_file(&text, path, &err), err);
	expect_text(text, "pipe");
	close(ends[0]);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	input_file_set_deadline(0);
	pid_t writer = fork();
	if (writer == 0) {
		int fd = open(fifo, O_WRONLY);
		_exit(write(fd, "fifo", 4) != 4);
	}
	expect_ok(secret_buffer_read_file(&text, fifo, &err), err);
	expect_text(text, "pipefifo");
}
END_TEST

START_TEST(only_a_regular_file_is_opened_if_one_is_required)
{
	struct stat status;
	const char *fifo = scratch_path("fifo");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	expect_failure(input_file_open_regular(AT_FDCWD, fifo, 0, "x", &status, &err), err,
	    ERROR_USAGE, "x: not a regular file");
	expect_failure(input_file_open_regular(AT_FDCWD, scratch, 0, "x", &status, &err), err,
	    ERROR_USAGE, "x: not a regular file");
	int fd =
	    input_file_open_regular(AT_FDCWD, scratch_write("file", "four"), 0, "x", &status, &err);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq((int)status.st_size, 4);
	close(fd);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, scratch_remove);
	tcase_add_test(tests, only_not_found_means_absent);
	tcase_add_test(tests, opening_a_fifo_waits_for_a_writer_until_the_deadline);
	tcase_add_test(tests, reading_a_fifo_waits_for_data_until_the_deadline);
	tcase_add_test(tests, the_content_of_a_pipe_is_read);
	tcase_add_test(tests, only_a_regular_file_is_opened_if_one_is_required);
}

int main(void)
{
	return run_tests("input_file", add);
}
