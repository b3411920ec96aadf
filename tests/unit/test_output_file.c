#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/folder.h"
#include "lib/base/output_file.h"
#include "lib/base/strings.h"
#include "tests/unit/expect.h"

static struct error err;
static char folder[] = "/tmp/test_output_file.XXXXXX";
static char path[64];
static struct output_file file = OUTPUT_FILE_INIT;

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
}

static void teardown(void)
{
	output_file_free(&file);
	unlink(path);
	ck_assert_int_eq(rmdir(folder), 0); /* and nothing else remains in it */
}

static void put_old(void)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(output_file_write_all(fd, "old", 3), 0);
	close(fd);
}

static void expect_content(const char *content)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_file(&text, path, &err), err);
	expect_text(text, content);
}

static void write_new(void)
{
	expect_ok(output_file_open(&file, path, &err), err);
	expect_ok(output_file_create(&file, ".new-", &err), err);
	ck_assert_int_eq(output_file_write_all(file.fd, "new", 3), 0);
}

START_TEST(a_placed_file_replaces_the_old_one)
{
	struct strings names = {0};

	put_old();
	write_new();
	expect_content("old");
	expect_ok(output_file_place(&file, _i, &err), err);
	expect_content("new");
	expect_ok(folder_list(AT_FDCWD, folder, folder, &names, &err), err);
	ck_assert_uint_eq(names.count, 1);
	strings_free(&names);
}
END_TEST

START_TEST(a_discarded_file_leaves_the_old_one)
{
	put_old();
	write_new();
	output_file_discard(&file);
	expect_content("old");
}
END_TEST

START_TEST(a_new_file_is_private_until_it_is_placed)
{
	struct stat status;

	write_new();
	ck_assert_int_eq(fstat(file.fd, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(a_path_without_a_file_name_is_refused)
{
	expect_failure(output_file_open(&file, "/tmp/", &err), err, ERROR_USAGE, "\"/tmp/\"");
	expect_failure(output_file_open(&file, "", &err), err, ERROR_USAGE, "\"\"");
}
END_TEST

START_TEST(a_missing_directory_is_named)
{
	expect_failure(output_file_open(&file, "/nowhere/at/all", &err), err, ERROR_SYSTEM,
	    "/nowhere/at: No such file or directory");
}
END_TEST

START_TEST(a_directory_that_cannot_hold_the_file_is_an_error)
{
	expect_ok(output_file_open(&file, "/proc/file", &err), err);
	expect_failure(output_file_create(&file, ".new-", &err), err, ERROR_SYSTEM, "creating");
}
END_TEST

START_TEST(an_error_of_write_is_reported)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(output_file_write_all(fd, "x", 1), -1);
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, a_placed_file_replaces_the_old_one, 0, 2);
	tcase_add_test(tests, a_discarded_file_leaves_the_old_one);
	tcase_add_test(tests, a_new_file_is_private_until_it_is_placed);
	tcase_add_test(tests, a_path_without_a_file_name_is_refused);
	tcase_add_test(tests, a_missing_directory_is_named);
	tcase_add_test(tests, a_directory_that_cannot_hold_the_file_is_an_error);
	tcase_add_test(tests, an_error_of_write_is_reported);
}

int main(void)
{
	return run_tests("output_file", add);
}
