#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/launch/pipe.h"
#include "tests/unit/expect.h"

static struct error err;
static struct secret_buffer content;

/* Fill and read back to the end, which comes only when no writer is left. */
static void fill_and_read(int number, struct secret_buffer *text)
{
	expect_ok(pipe_reserve(number, &err), err);
	ck_assert_int_eq(fcntl(number, F_GETFD), FD_CLOEXEC);
	expect_ok(pipe_fill(number, &content, &err), err);
	ck_assert_int_eq(fcntl(number, F_GETFD), 0);
	ck_assert_int_eq(fcntl(number, F_GETFL) & O_NONBLOCK, 0);
	expect_ok(secret_buffer_read_fd(text, number, "pipe", &err), err);
	close(number);
}

/* Low numbers are those that pipe(2) itself gives to its two ends. */
START_TEST(any_free_number_will_do)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	for (int fd = 3; fd < 10; fd++)
		close(fd);
	expect_ok(secret_buffer_append_string(&content, "bytes", &err), err);
	fill_and_read(3 + _i, &text);
	expect_text(text, "bytes");
	for (int fd = 3; fd < 10; fd++)
		ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
	secret_buffer_free(&content);
}
END_TEST

START_TEST(nothing_is_a_pipe_at_its_end)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	fill_and_read(20, &text);
	ck_assert_uint_eq(text.length, 0);
}
END_TEST

static const size_t sizes[] = {1, 4096, 65536, 65537, 1048575, 1048576};

START_TEST(all_fits_that_the_kernel_gives_a_pipe)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_reserve(&content, sizes[_i], &err), err);
	memset(content.data, 'x', sizes[_i]);
	content.length = sizes[_i];
	fill_and_read(20, &text);
	ck_assert(secret_buffer_equal(&text, &content));
	secret_buffer_free(&content);
}
END_TEST

/* Over every limit of any kernel: 2 GiB is the most that F_SETPIPE_SZ can ask for. */
START_TEST(more_is_an_error_that_names_the_way_out)
{
	struct secret_buffer huge = {.data = "", .length = (size_t)1 << 31, .capacity = 1};

	expect_ok(pipe_reserve(20, &err), err);
	expect_failure(pipe_fill(20, &huge, &err), err, ERROR_TOO_LARGE,
	    "--fd 20: the kernel gives no pipe of 2147483648 bytes");
	expect_contains(err.message, "use --memfd");
	ck_assert_int_eq(fcntl(20, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(a_number_is_reserved_twice_but_not_taken_from_others)
{
	expect_ok(pipe_reserve(20, &err), err);
	expect_ok(pipe_reserve(20, &err), err);
	ck_assert_int_eq(dup2(STDERR_FILENO, 20), 20);
	expect_failure(
	    pipe_reserve(20, &err), err, ERROR_USAGE, "--fd 20: this descriptor is open already");
}
END_TEST

START_TEST(a_number_beyond_the_process_limit_is_an_error)
{
	struct rlimit limit = {100, 100};

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	expect_failure(pipe_reserve(500, &err), err, ERROR_SYSTEM, "--fd 500");
	expect_contains(err.message, "ulimit -n");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, any_free_number_will_do, 0, 4);
	tcase_add_test(tests, nothing_is_a_pipe_at_its_end);
	tcase_add_loop_test(tests, all_fits_that_the_kernel_gives_a_pipe, 0, COUNT(sizes));
	tcase_add_test(tests, more_is_an_error_that_names_the_way_out);
	tcase_add_test(tests, a_number_is_reserved_twice_but_not_taken_from_others);
	tcase_add_test(tests, a_number_beyond_the_process_limit_is_an_error);
}

int main(void)
{
	return run_tests("pipe", add);
}
