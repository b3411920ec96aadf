#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include "lib/base/secret_buffer.h"
#include "tests/unit/expect.h"

static struct error err;

START_TEST(a_zeroed_struct_is_an_empty_string)
{
	struct secret_buffer buffer = SECRET_BUFFER_INIT;

	ck_assert_str_eq(secret_buffer_string(&buffer), "");
	secret_buffer_free(&buffer);
}
END_TEST

START_TEST(appending_keeps_the_content)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&buffer, "pass", &err), err);
	expect_ok(secret_buffer_append(&buffer, "word\0!", 6, &err), err);
	expect_ok(secret_buffer_append(&buffer, NULL, 0, &err), err);
	expect_bytes(buffer, "password\0!", 10);
	ck_assert_int_eq(buffer.data[10], '\0');
}
END_TEST

START_TEST(growing_keeps_the_bytes)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	for (int i = 0; i < 100000; i++)
		expect_ok(
		    secret_buffer_append(&buffer, &(char){(char)('a' + i % 26)}, 1, &err), err);
	ck_assert_uint_eq(buffer.length, 100000);
	for (int i = 0; i < 100000; i++)
		if (buffer.data[i] != 'a' + i % 26)
			ck_abort_msg("byte %d is another", i);
}
END_TEST

START_TEST(the_limit_holds_to_the_byte)
{
	cleanup_secret struct secret_buffer buffer = {.limit = 8};

	expect_ok(secret_buffer_append_string(&buffer, "12345678", &err), err);
	expect_failure(
	    secret_buffer_append(&buffer, "9", 1, &err), err, ERROR_TOO_LARGE, "8 bytes");
	expect_text(buffer, "12345678");
}
END_TEST

START_TEST(a_size_that_would_overflow_is_rejected)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&buffer, "x", &err), err);
	expect_failure(
	    secret_buffer_reserve(&buffer, SIZE_MAX, &err), err, ERROR_TOO_LARGE, "larger than");
	expect_failure(secret_buffer_reserve(&buffer, SECRET_BUFFER_MAX, &err), err,
	    ERROR_TOO_LARGE, "larger than");
}
END_TEST

START_TEST(formatted_text_is_appended_and_bounded)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_format(&buffer, &err, "%s-%d", "key", 7), err);
	expect_text(buffer, "key-7");
	expect_failure(
	    secret_buffer_append_format(&buffer, &err, "%5000d", 1), err, ERROR_TOO_LARGE, "4096");
	expect_text(buffer, "key-7");
}
END_TEST

/* The freed memory is still there to look at, because nothing was allocated since. */
#ifndef __SANITIZE_ADDRESS__
static int occurs(const char *memory, size_t size, const char *text)
{
	return memmem(memory, size, text, strlen(text)) != NULL;
}

START_TEST(reset_wipes_every_byte)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&buffer, "hunter2hunter2", &err), err);
	secret_buffer_reset(&buffer);
	ck_assert(!occurs(buffer.data, buffer.capacity, "hunter2"));
	ck_assert_uint_eq(buffer.length, 0);
	ck_assert_str_eq(secret_buffer_string(&buffer), "");
}
END_TEST

START_TEST(growing_wipes_the_old_bytes)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;
	volatile char *old;

	expect_ok(
	    secret_buffer_append_string(&buffer, "0123456789abcdefhunter2hunter2", &err), err);
	old = buffer.data;
	expect_ok(secret_buffer_reserve(&buffer, buffer.capacity, &err), err);
	ck_assert_ptr_ne((void *)(uintptr_t)old, buffer.data);
	for (int i = 16; i < 30; i++)
		ck_assert_int_eq(old[i], 0);
}
END_TEST
#endif

START_TEST(moving_leaves_the_source_empty)
{
	cleanup_secret struct secret_buffer from = SECRET_BUFFER_INIT, to = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&from, "new", &err), err);
	expect_ok(secret_buffer_append_string(&to, "old", &err), err);
	secret_buffer_move(&to, &from);
	expect_text(to, "new");
	ck_assert_ptr_null(from.data);
	ck_assert_uint_eq(from.length, 0);
}
END_TEST

START_TEST(equal_means_the_same_bytes)
{
	cleanup_secret struct secret_buffer a = SECRET_BUFFER_INIT, b = SECRET_BUFFER_INIT;

	ck_assert(secret_buffer_equal(&a, &b));
	expect_ok(secret_buffer_append(&a, "a\0b", 3, &err), err);
	ck_assert(!secret_buffer_equal(&a, &b));
	expect_ok(secret_buffer_append(&b, "a\0c", 3, &err), err);
	ck_assert(!secret_buffer_equal(&a, &b));
	b.data[2] = 'b';
	ck_assert(secret_buffer_equal(&a, &b));
}
END_TEST

/* A pipe that holds `size` bytes and has no writer. */
static int pipe_of(size_t size)
{
	int ends[2];
	char *bytes = malloc(size + 1);

	ck_assert_int_eq(pipe(ends), 0);
	memset(bytes, 'x', size);
	ck_assert_int_eq(write(ends[1], bytes, size), (ssize_t)size);
	close(ends[1]);
	free(bytes);
	return ends[0];
}

START_TEST(a_pipe_is_read_to_its_end)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;
	int fd = pipe_of(50000);

	expect_ok(secret_buffer_read_fd(&buffer, fd, "pipe", &err), err);
	ck_assert_uint_eq(buffer.length, 50000);
	ck_assert_uint_eq(strlen(buffer.data), 50000);
	close(fd);
}
END_TEST

START_TEST(a_file_of_the_limit_is_read)
{
	cleanup_secret struct secret_buffer buffer = {.limit = 100};
	int fd = pipe_of(100);

	expect_ok(secret_buffer_read_fd(&buffer, fd, "pipe", &err), err);
	ck_assert_uint_eq(buffer.length, 100);
	close(fd);
}
END_TEST

START_TEST(one_byte_over_the_limit_is_too_large)
{
	cleanup_secret struct secret_buffer buffer = {.limit = 100};
	int fd = pipe_of(101);

	expect_failure(secret_buffer_read_fd(&buffer, fd, "a pipe", &err), err, ERROR_TOO_LARGE,
	    "a pipe: larger than 100 bytes");
	close(fd);
}
END_TEST

START_TEST(an_empty_file_gives_an_empty_string)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_file(&buffer, "/dev/null", &err), err);
	expect_text(buffer, "");
	ck_assert_ptr_nonnull(buffer.data);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	cleanup_secret struct secret_buffer buffer = SECRET_BUFFER_INIT;

	expect_failure(secret_buffer_read_file(&buffer, "/nowhere/token", &err), err, ERROR_SYSTEM,
	    "/nowhere/token: No such file");
	expect_failure(
	    secret_buffer_read_file(&buffer, "/", &err), err, ERROR_SYSTEM, "Is a directory");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_zeroed_struct_is_an_empty_string);
	tcase_add_test(tests, appending_keeps_the_content);
	tcase_add_test(tests, growing_keeps_the_bytes);
	tcase_add_test(tests, the_limit_holds_to_the_byte);
	tcase_add_test(tests, a_size_that_would_overflow_is_rejected);
	tcase_add_test(tests, formatted_text_is_appended_and_bounded);
#ifndef __SANITIZE_ADDRESS__
	tcase_add_test(tests, reset_wipes_every_byte);
	tcase_add_test(tests, growing_wipes_the_old_bytes);
#endif
	tcase_add_test(tests, moving_leaves_the_source_empty);
	tcase_add_test(tests, equal_means_the_same_bytes);
	tcase_add_test(tests, a_pipe_is_read_to_its_end);
	tcase_add_test(tests, a_file_of_the_limit_is_read);
	tcase_add_test(tests, one_byte_over_the_limit_is_too_large);
	tcase_add_test(tests, an_empty_file_gives_an_empty_string);
	tcase_add_test(tests, a_missing_file_is_named);
}

int main(void)
{
	return run_tests("secret_buffer", add);
}
