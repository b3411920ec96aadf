#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/launch/deliver.h"
#include "tests/unit/expect.h"

static struct error err;
static struct secret_buffer content;

/* Fill and read back to the end, which comes only when no writer is left. */
static void fill_and_read(int number, struct secret_buffer *text)
{
	expect_ok(fd_reserve(number, &err), err);
	ck_assert_int_eq(fcntl(number, F_GETFD), FD_CLOEXEC);
	expect_ok(fd_fill_pipe(number, &content, &err), err);
	ck_assert_int_eq(fcntl(number, F_GETFD), 0);
	ck_assert_int_eq(fcntl(number, F_GETFL) & O_NONBLOCK, 0);
	expect_ok(secret_buffer_read_fd(text, number, "pipe", &err), err);
	close(number);
}

/* Low numbers are also the numbers that pipe(2) returns. */
START_TEST(any_free_number_can_be_a_pipe)
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

START_TEST(an_empty_value_is_an_empty_pipe)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	fill_and_read(20, &text);
	ck_assert_uint_eq(text.length, 0);
}
END_TEST

static const size_t sizes[] = {1, 4096, 65536, 65537, 1048575, 1048576};

START_TEST(a_pipe_contains_as_much_as_the_kernel_allows)
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
START_TEST(a_value_too_large_for_a_pipe_is_an_error_with_advice)
{
	struct secret_buffer huge = {.data = "", .length = (size_t)1 << 31, .capacity = 1};

	expect_ok(fd_reserve(20, &err), err);
	expect_failure(fd_fill_pipe(20, &huge, &err), err, ERROR_TOO_LARGE,
	    "--fd 20: the kernel refuses a pipe of 2147483648 bytes");
	expect_contains(err.message, "use --memfd");
	ck_assert_int_eq(fcntl(20, F_GETFD), FD_CLOEXEC);
}
END_TEST

START_TEST(a_reserved_number_can_be_reserved_again_an_open_one_cannot)
{
	expect_ok(fd_reserve(20, &err), err);
	expect_ok(fd_reserve(20, &err), err);
	ck_assert_int_eq(dup2(STDERR_FILENO, 20), 20);
	expect_failure(
	    fd_reserve(20, &err), err, ERROR_USAGE, "--fd 20: descriptor is already open");
}
END_TEST

START_TEST(a_number_above_the_limit_of_open_files_is_an_error)
{
	struct rlimit limit = {100, 100};

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	expect_failure(fd_reserve(500, &err), err, ERROR_SYSTEM, "--fd 500");
	expect_contains(err.message, "ulimit -n");
}
END_TEST

/* -- memfds ----------------------------------------------------------------------------------- */

static int make_memfd(const char *bytes, size_t length)
{
	expect_ok(secret_buffer_append(&content, bytes, length, &err), err);
	int fd = fd_make_memfd(&content, &err);
	secret_buffer_free(&content);
	if (fd < 0)
		ck_abort_msg("%s", err.message);
	return fd;
}

START_TEST(a_memfd_contains_the_bytes_and_can_be_read_again)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	int fd = make_memfd("a\0\xFF", 3);
	char path[64];

	expect_ok(secret_buffer_read_fd(&text, fd, "memfd", &err), err);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	expect_ok(secret_buffer_read_file(&text, path, &err), err);
	expect_bytes(text,
	    "a\0\xFF"
	    "a\0\xFF",
	    6);
	close(fd);
}
END_TEST

START_TEST(a_memfd_cannot_be_changed)
{
	int fd = make_memfd("secret", 6);

	ck_assert_int_eq(write(fd, "x", 1), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
	ck_assert_int_eq(ftruncate(fd, 100), -1);
	ck_assert_ptr_eq(mmap(NULL, 6, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	int seals = fcntl(fd, F_GET_SEALS);
	int wanted = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	ck_assert_int_eq(seals & wanted, wanted);
	close(fd);
}
END_TEST

START_TEST(a_memfd_has_mode_0400_and_is_inherited)
{
	struct stat status;
	int fd = make_memfd("secret", 6);

	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0400);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
	close(fd);
}
END_TEST

START_TEST(a_memfd_does_not_get_the_number_of_a_standard_stream)
{
	close(STDIN_FILENO);
	int fd = make_memfd("secret", 6);

	ck_assert_int_ge(fd, 3);
	ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFD), -1);
	close(fd);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, any_free_number_can_be_a_pipe, 0, 4);
	tcase_add_test(tests, an_empty_value_is_an_empty_pipe);
	tcase_add_loop_test(tests, a_pipe_contains_as_much_as_the_kernel_allows, 0, COUNT(sizes));
	tcase_add_test(tests, a_value_too_large_for_a_pipe_is_an_error_with_advice);
	tcase_add_test(tests, a_reserved_number_can_be_reserved_again_an_open_one_cannot);
	tcase_add_test(tests, a_number_above_the_limit_of_open_files_is_an_error);
	tcase_add_test(tests, a_memfd_contains_the_bytes_and_can_be_read_again);
	tcase_add_test(tests, a_memfd_cannot_be_changed);
	tcase_add_test(tests, a_memfd_has_mode_0400_and_is_inherited);
	tcase_add_test(tests, a_memfd_does_not_get_the_number_of_a_standard_stream);
}

int main(void)
{
	return run_tests("fd", add);
}
