#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/launch/memfd.h"
#include "tests/unit/expect.h"

static struct error err;
static struct secret_buffer content;

static int make(const char *bytes, size_t length)
{
	expect_ok(secret_buffer_append(&content, bytes, length, &err), err);
	int fd = memfd_make(&content, &err);
	secret_buffer_free(&content);
	if (fd < 0)
		ck_abort_msg("%s", err.message);
	return fd;
}

START_TEST(it_holds_the_bytes_and_can_be_read_again)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	int fd = make("a\0\xFF", 3);
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

START_TEST(nobody_can_change_it)
{
	int fd = make("secret", 6);

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

START_TEST(it_is_its_owners_alone_and_inherited)
{
	struct stat status;
	int fd = make("secret", 6);

	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0400);
	ck_assert_int_eq(fcntl(fd, F_GETFD), 0);
	close(fd);
}
END_TEST

START_TEST(its_number_is_none_of_the_standard_streams)
{
	close(STDIN_FILENO);
	int fd = make("secret", 6);

	ck_assert_int_ge(fd, 3);
	ck_assert_int_eq(fcntl(STDIN_FILENO, F_GETFD), -1);
	close(fd);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, it_holds_the_bytes_and_can_be_read_again);
	tcase_add_test(tests, nobody_can_change_it);
	tcase_add_test(tests, it_is_its_owners_alone_and_inherited);
	tcase_add_test(tests, its_number_is_none_of_the_standard_streams);
}

int main(void)
{
	return run_tests("memfd", add);
}
