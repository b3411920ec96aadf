#include "lib/manifest/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/expect.h"

static struct error err;
static char folder[32], path[64];

static void set_up(void)
{
	strcpy(folder, "/tmp/manifest-file.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/app.yaml", folder);
}

static void tear_down(void)
{
	unlink(path);
	/* Fails when anything was left behind. */
	ck_assert_int_eq(rmdir(folder), 0);
}

static void write_text(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void expect_file(const char *text)
{
	cleanup_secret struct secret_buffer now = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_file(&now, path, &err), err);
	expect_text(now, text);
}

START_TEST(a_commit_puts_the_new_text_in_place)
{
	struct manifest_file file;
	struct stat now;

	write_text("old", 0604);
	expect_ok(manifest_file_open(&file, path, &err), err);
	expect_ok(manifest_file_write(&file, "new ", 4, &err), err);
	expect_ok(manifest_file_write(&file, "text", 4, &err), err);
	expect_file("old");
	expect_ok(manifest_file_commit(&file, &err), err);
	manifest_file_free(&file);
	expect_file("new text");
	ck_assert_int_eq(stat(path, &now), 0);
	ck_assert_uint_eq(now.st_mode & 07777, 0604);
}
END_TEST

START_TEST(without_a_commit_all_is_as_it_was)
{
	struct manifest_file file;

	write_text("old", 0600);
	expect_ok(manifest_file_open(&file, path, &err), err);
	expect_ok(manifest_file_write(&file, "new", 3, &err), err);
	manifest_file_free(&file);
	expect_file("old");
}
END_TEST

START_TEST(a_long_text_is_written_whole)
{
	cleanup_secret struct secret_buffer now = SECRET_BUFFER_INIT;
	static char block[100000];
	static const size_t lengths[] = {1, 99999, 100000, 100000, 3};
	struct manifest_file file;
	size_t all = 0;

	write_text("old", 0600);
	expect_ok(manifest_file_open(&file, path, &err), err);
	for (int round = 0; round < 20; round++) {
		memset(block, 'a' + round, sizeof(block));
		size_t length = lengths[round % 5];
		expect_ok(manifest_file_write(&file, block, length, &err), err);
		all += length;
	}
	expect_ok(manifest_file_commit(&file, &err), err);
	manifest_file_free(&file);
	expect_ok(secret_buffer_read_file(&now, path, &err), err);
	ck_assert_uint_eq(now.length, all);
	ck_assert_int_eq(now.data[0], 'a');
	ck_assert_int_eq(now.data[1], 'b');
	ck_assert_int_eq(now.data[now.length - 1], 'a' + 19);
}
END_TEST

static void append(void)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	ck_assert_int_eq(write(fd, "!", 1), 1);
	close(fd);
}

static void replace(void)
{
	unlink(path);
	write_text("old", 0600);
}

static void make_link(void)
{
	unlink(path);
	ck_assert_int_eq(symlink("/etc/hostname", path), 0);
}

static void take_away(void)
{
	unlink(path);
}

static void (*const meddlers[])(void) = {append, replace, make_link, take_away};

START_TEST(what_somebody_else_changed_stays_theirs)
{
	struct manifest_file file;
	struct stat before, after;

	write_text("old", 0600);
	expect_ok(manifest_file_open(&file, path, &err), err);
	meddlers[_i]();
	int there = lstat(path, &before);
	expect_ok(manifest_file_write(&file, "new", 3, &err), err);
	expect_failure(manifest_file_commit(&file, &err), err, ERROR_CONFLICT,
	    "somebody changed it meanwhile");
	manifest_file_free(&file);
	ck_assert_int_eq(lstat(path, &after), there);
	if (there == 0)
		ck_assert_uint_eq(after.st_ino, before.st_ino);
}
END_TEST

START_TEST(only_files_are_opened)
{
	struct manifest_file file;

	expect_failure(
	    manifest_file_open(&file, folder, &err), err, ERROR_USAGE, "not a regular file");
	expect_failure(manifest_file_open(&file, "/dev/null", &err), err, ERROR_USAGE,
	    "/dev/null: not a regular file");
	expect_failure(manifest_file_open(&file, path, &err), err, ERROR_SYSTEM, "No such file");
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_commit_puts_the_new_text_in_place);
	tcase_add_test(tests, without_a_commit_all_is_as_it_was);
	tcase_add_test(tests, a_long_text_is_written_whole);
	tcase_add_loop_test(tests, what_somebody_else_changed_stays_theirs, 0, COUNT(meddlers));
	tcase_add_test(tests, only_files_are_opened);
}

int main(void)
{
	return run_tests("manifest_file", add_tests);
}
