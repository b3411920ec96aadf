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

/* Read the documents of the open file to its end. */
static size_t count_documents(struct manifest_file *file)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	size_t line, count = 0;
	off_t offset;
	int found;

	while ((found = manifest_file_next(file, &text, &line, &offset, &err)) == 1)
		count++;
	expect_ok(found, err);
	manifest_file_end_reading(file);
	return count;
}

/* Replace the bytes `old_text` at an offset. */
static int replace_text(
    struct manifest_file *file, off_t offset, const char *old_text, const char *new_text)
{
	cleanup_secret struct secret_buffer from = SECRET_BUFFER_INIT, to = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&from, old_text, strlen(old_text), &err), err);
	expect_ok(secret_buffer_append(&to, new_text, strlen(new_text), &err), err);
	return manifest_file_replace(file, offset, &from, &to, &err);
}

START_TEST(commit_replaces_documents_and_copies_the_others)
{
	struct manifest_file file;
	struct stat now;

	write_text("---\na: 1\n---\nb: 2\n---\nc: 3\n", 0604);
	expect_ok(manifest_file_open(&file, path, &err), err);
	ck_assert_uint_eq(count_documents(&file), 3);
	ck_assert(!manifest_file_is_changed(&file));
	expect_ok(replace_text(&file, 9, "---\nb: 2\n", "---\nbbb: 22\n"), err);
	ck_assert(manifest_file_is_changed(&file));
	expect_file("---\na: 1\n---\nb: 2\n---\nc: 3\n");
	expect_ok(manifest_file_commit(&file, &err), err);
	manifest_file_free(&file);
	expect_file("---\na: 1\n---\nbbb: 22\n---\nc: 3\n");
	ck_assert_int_eq(stat(path, &now), 0);
	ck_assert_uint_eq(now.st_mode & 07777, 0604);
}
END_TEST

START_TEST(without_commit_the_file_keeps_its_text)
{
	struct manifest_file file;

	write_text("old", 0600);
	expect_ok(manifest_file_open(&file, path, &err), err);
	expect_ok(replace_text(&file, 0, "old", "new"), err);
	manifest_file_free(&file);
	expect_file("old");
}
END_TEST

START_TEST(discard_removes_the_temporary_file)
{
	struct manifest_file file;

	write_text("old", 0600);
	expect_ok(manifest_file_open(&file, path, &err), err);
	expect_ok(manifest_file_prepare(&file, &err), err);
	manifest_file_discard(&file);
	/* Also what rmdir in tear_down checks. */
	ck_assert(!manifest_file_is_changed(&file));
	manifest_file_free(&file);
}
END_TEST

START_TEST(texts_longer_than_one_write_are_complete)
{
	cleanup_secret struct secret_buffer now = SECRET_BUFFER_INIT;
	static char block[300001], old[1000001];
	struct manifest_file file;

	memset(old, 'o', sizeof(old) - 1);
	memset(block, 'n', sizeof(block) - 1);
	memcpy(old + 400000, "first", 5);
	memcpy(old + 500000, "second", 6);
	write_text(old, 0600);
	expect_ok(manifest_file_open(&file, path, &err), err);
	expect_ok(replace_text(&file, 400000, "first", block), err);
	expect_ok(replace_text(&file, 500000, "second", "2"), err);
	expect_ok(manifest_file_commit(&file, &err), err);
	manifest_file_free(&file);
	expect_ok(secret_buffer_read_file(&now, path, &err), err);
	ck_assert_uint_eq(now.length, 1000000 - 5 + 300000 - 6 + 1);
	ck_assert_int_eq(now.data[399999], 'o');
	ck_assert_int_eq(now.data[400000], 'n');
	ck_assert_int_eq(now.data[699999], 'n');
	ck_assert_int_eq(now.data[700000], 'o');
	ck_assert_int_eq(now.data[700000 + 99995], '2');
	ck_assert_int_eq(now.data[now.length - 1], 'o');
}
END_TEST

START_TEST(a_change_of_the_same_size_and_time_is_a_conflict)
{
	struct manifest_file file;
	struct stat before;

	write_text("old", 0600);
	ck_assert_int_eq(stat(path, &before), 0);
	expect_ok(manifest_file_open(&file, path, &err), err);
	int fd = open(path, O_WRONLY);
	ck_assert_int_eq(write(fd, "new", 3), 3);
	struct timespec times[] = {before.st_atim, before.st_mtim};
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
	expect_failure(replace_text(&file, 0, "old", "our"), err, ERROR_CONFLICT,
	    "changed by another process");
	manifest_file_free(&file);
	expect_file("new");
}
END_TEST

static void append_byte(void)
{
	int fd = open(path, O_WRONLY | O_APPEND);

	ck_assert_int_eq(write(fd, "!", 1), 1);
	close(fd);
}

static void replace_file(void)
{
	unlink(path);
	write_text("old", 0600);
}

static void make_link(void)
{
	unlink(path);
	ck_assert_int_eq(symlink("/etc/hostname", path), 0);
}

static void remove_file(void)
{
	unlink(path);
}

static void (*const meddlers[])(void) = {append_byte, replace_file, make_link, remove_file};

START_TEST(a_change_by_another_process_is_kept)
{
	struct manifest_file file;
	struct stat before, after;

	write_text("old", 0600);
	expect_ok(manifest_file_open(&file, path, &err), err);
	expect_ok(replace_text(&file, 0, "old", "new"), err);
	meddlers[_i]();
	int there = lstat(path, &before);
	expect_failure(
	    manifest_file_commit(&file, &err), err, ERROR_CONFLICT, "changed by another process");
	manifest_file_free(&file);
	ck_assert_int_eq(lstat(path, &after), there);
	if (there == 0)
		ck_assert_uint_eq(after.st_ino, before.st_ino);
}
END_TEST

START_TEST(a_change_before_the_first_replacement_is_kept)
{
	struct manifest_file file;

	write_text("old", 0600);
	expect_ok(manifest_file_open(&file, path, &err), err);
	meddlers[_i]();
	ck_assert_int_eq(replace_text(&file, 0, "old", "new"), -1);
	manifest_file_free(&file);
}
END_TEST

START_TEST(only_regular_files_are_opened)
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
	tcase_add_test(tests, commit_replaces_documents_and_copies_the_others);
	tcase_add_test(tests, without_commit_the_file_keeps_its_text);
	tcase_add_test(tests, discard_removes_the_temporary_file);
	tcase_add_test(tests, texts_longer_than_one_write_are_complete);
	tcase_add_test(tests, a_change_of_the_same_size_and_time_is_a_conflict);
	tcase_add_loop_test(tests, a_change_by_another_process_is_kept, 0, COUNT(meddlers));
	tcase_add_loop_test(
	    tests, a_change_before_the_first_replacement_is_kept, 0, COUNT(meddlers));
	tcase_add_test(tests, only_regular_files_are_opened);
}

int main(void)
{
	return run_tests("manifest_file", add_tests);
}
