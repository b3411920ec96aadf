#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/launch/deliver.h"
#include "tests/unit/expect.h"

static struct error err;
static struct deliver_plan plan;
static char folder[] = "/dev/shm/test_file.XXXXXX"; /* tmpfs, on every Linux */
static char path[64];
static struct file file;
static struct secret_buffer value;
static struct file_rules rules = {.mode = 0400, .user = (uid_t)-1, .group = (gid_t)-1};

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/secret", folder);
	expect_ok(secret_buffer_append(&value, "a\0\xFF", 3, &err), err);
}

static void teardown(void)
{
	unlink(path);
	rmdir(path);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing else is left in it */
	secret_buffer_free(&value);
}

static size_t entries(void)
{
	size_t count = 0;
	DIR *directory = opendir(folder);

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 2;
}

static void put_text(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void expect_content(const char *bytes, size_t length)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_read_file(&text, path, &err), err);
	expect_bytes(text, bytes, length);
}

START_TEST(the_file_gets_to_its_place_atomically)
{
	struct stat status;

	expect_ok(file_prepare(&file, path, &value, &rules, &err), err);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_uint_eq(entries(), 1);
	expect_ok(file_place(&file, &err), err);
	ck_assert_uint_eq(entries(), 1);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0400);
	file_free(&file);
	expect_content("a\0\xFF", 3);
}
END_TEST

START_TEST(a_file_that_was_not_placed_is_removed)
{
	put_text("old");
	expect_ok(file_prepare(&file, path, &value, &rules, &err), err);
	file_free(&file);
	ck_assert_uint_eq(entries(), 1);
	expect_content("old", 3);
}
END_TEST

START_TEST(a_placed_file_can_be_removed)
{
	expect_ok(file_prepare(&file, path, &value, &rules, &err), err);
	expect_ok(file_place(&file, &err), err);
	file_remove(&file);
	ck_assert_uint_eq(entries(), 0);
	file_free(&file);
}
END_TEST

START_TEST(an_existing_file_is_replaced)
{
	put_text("old");
	int reader = open(path, O_RDONLY);
	expect_ok(file_prepare(&file, path, &value, &rules, &err), err);
	expect_ok(file_place(&file, &err), err);
	file_free(&file);
	expect_content("a\0\xFF", 3);
	char old[4] = "";
	ck_assert_int_eq(read(reader, old, 3), 3);
	ck_assert_str_eq(old, "old");
	close(reader);
}
END_TEST

START_TEST(a_symbolic_link_is_replaced_not_its_target)
{
	char target[64];
	struct stat status;

	snprintf(target, sizeof(target), "%s/target", folder);
	ck_assert_int_eq(symlink(target, path), 0);
	expect_ok(file_prepare(&file, path, &value, &rules, &err), err);
	expect_ok(file_place(&file, &err), err);
	file_free(&file);
	ck_assert_int_eq(lstat(path, &status), 0);
	ck_assert(S_ISREG(status.st_mode));
	ck_assert_int_eq(access(target, F_OK), -1);
}
END_TEST

START_TEST(a_directory_or_a_fifo_is_not_replaced)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	expect_failure(
	    file_prepare(&file, path, &value, &rules, &err), err, ERROR_USAGE, "is a directory");
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	expect_failure(file_prepare(&file, path, &value, &rules, &err), err, ERROR_USAGE,
	    "not a regular file");
	expect_failure(file_prepare(&file, folder, &value, &rules, &err), err, ERROR_USAGE, folder);
}
END_TEST

START_TEST(a_missing_directory_is_an_error_with_advice)
{
	expect_failure(file_prepare(&file, "/nowhere/secret", &value, &rules, &err), err,
	    ERROR_SYSTEM, "/nowhere: No such file or directory");
	expect_contains(err.message, "emptyDir volume with \"medium: Memory\"");
}
END_TEST

START_TEST(a_path_without_a_file_name_is_refused)
{
	char slash[80];

	snprintf(slash, sizeof(slash), "%s/", folder);
	expect_failure(file_prepare(&file, slash, &value, &rules, &err), err, ERROR_USAGE,
	    "not the path of a file");
	expect_failure(file_prepare(&file, "/", &value, &rules, &err), err, ERROR_USAGE, "\"/\"");
	expect_failure(
	    file_prepare(&file, "..", &value, &rules, &err), err, ERROR_USAGE, "is a directory");
}
END_TEST

START_TEST(a_place_that_is_not_on_tmpfs_requires_allow_disk)
{
	expect_failure(file_prepare(&file, "/proc/self/secret", &value, &rules, &err), err,
	    ERROR_USAGE, "/proc/self/secret: not on tmpfs");
	expect_contains(err.message, "--allow-disk");
	file_free(&file);
	rules.allow_disk = true;
	expect_failure(file_prepare(&file, "/proc/self/secret", &value, &rules, &err), err,
	    ERROR_SYSTEM, "creating a file");
	file_free(&file);
}
END_TEST

START_TEST(a_relative_path_starts_at_the_working_directory)
{
	ck_assert_int_eq(chdir(folder), 0);
	expect_ok(file_prepare(&file, "secret", &value, &rules, &err), err);
	ck_assert_int_eq(chdir("/"), 0);
	expect_ok(file_place(&file, &err), err);
	file_free(&file);
	expect_content("a\0\xFF", 3);
}
END_TEST

START_TEST(two_paths_to_one_place_are_recognised)
{
	struct file other, third;
	char same[96], different[96];

	snprintf(same, sizeof(same), "%s/./secret", folder);
	snprintf(different, sizeof(different), "%s/other", folder);
	expect_ok(file_open(&file, path, &err), err);
	expect_ok(file_open(&other, same, &err), err);
	expect_ok(file_open(&third, different, &err), err);
	ck_assert(file_same_place(&file, &other));
	ck_assert(!file_same_place(&file, &third));
	file_free(&file);
	file_free(&other);
	file_free(&third);
}
END_TEST

static const struct {
	const char *text;
	mode_t mode;
} modes[] = {{NULL, 0400}, {"", 0400}, {"0440", 0440}, {"644", 0644}, {"0", 0}, {"0777", 0777}};

START_TEST(a_mode_is_parsed_as_octal)
{
	struct launch_settings settings = {.deliver.file_mode = modes[_i].text};
	struct stat status;

	expect_ok(deliver_plan_parse(&plan, &settings, &err), err);
	rules = plan.file_rules;
	deliver_plan_free(&plan);
	ck_assert_uint_eq(rules.mode, modes[_i].mode);
	umask(077);
	expect_ok(file_prepare(&file, path, &value, &rules, &err), err);
	expect_ok(file_place(&file, &err), err);
	file_free(&file);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, modes[_i].mode);
}
END_TEST

static const char *const no_modes[] = {
    "8", "0o400", "-1", "+400", " 400", "400 ", "1000", "4755", "u=r", "99999999999999999999"};

START_TEST(an_invalid_mode_is_refused)
{
	struct launch_settings settings = {.deliver.file_mode = no_modes[_i]};

	expect_failure(deliver_plan_parse(&plan, &settings, &err), err, ERROR_USAGE, "--file-mode");
}
END_TEST

static const struct {
	const char *text;
	uid_t user;
	gid_t group;
} owners[] = {{NULL, (uid_t)-1, (gid_t)-1}, {"1000", 1000, (gid_t)-1}, {"1000:2000", 1000, 2000},
    {"0:0", 0, 0}, {"4294967294", 4294967294, (gid_t)-1}};

START_TEST(an_owner_is_parsed_as_numbers)
{
	struct launch_settings settings = {.deliver.file_owner = owners[_i].text};

	expect_ok(deliver_plan_parse(&plan, &settings, &err), err);
	ck_assert_uint_eq(plan.file_rules.user, owners[_i].user);
	ck_assert_uint_eq(plan.file_rules.group, owners[_i].group);
	deliver_plan_free(&plan);
}
END_TEST

static const char *const no_owners[] = {"root", ":", "1:", ":1", "1:2:3", "1.2", "-1", "1:-1",
    "4294967295", "99999999999999999999", "0x10"};

START_TEST(an_invalid_owner_is_refused)
{
	struct launch_settings settings = {.deliver.file_owner = no_owners[_i]};

	expect_failure(
	    deliver_plan_parse(&plan, &settings, &err), err, ERROR_USAGE, "--file-owner");
}
END_TEST

START_TEST(the_file_gets_its_owner)
{
	struct stat status;

	rules.user = geteuid() ? geteuid() : 1000;
	rules.group = geteuid() ? getegid() : 2000;
	expect_ok(file_prepare(&file, path, &value, &rules, &err), err);
	expect_ok(file_place(&file, &err), err);
	file_free(&file);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_uid, rules.user);
	ck_assert_uint_eq(status.st_gid, rules.group);
	ck_assert_uint_eq(status.st_mode & 07777, 0400);
}
END_TEST

START_TEST(another_owner_requires_root)
{
	/* Also when root runs this. */
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(folder, 1000, 1000), 0);
		ck_assert_int_eq(seteuid(1000), 0);
	}
	rules.user = geteuid() + 1;
	expect_failure(file_prepare(&file, path, &value, &rules, &err), err, ERROR_SYSTEM,
	    "changing the owner: Operation not permitted");
	file_free(&file);
	ck_assert_uint_eq(entries(), 0);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, the_file_gets_to_its_place_atomically);
	tcase_add_test(tests, a_file_that_was_not_placed_is_removed);
	tcase_add_test(tests, a_placed_file_can_be_removed);
	tcase_add_test(tests, an_existing_file_is_replaced);
	tcase_add_test(tests, a_symbolic_link_is_replaced_not_its_target);
	tcase_add_test(tests, a_directory_or_a_fifo_is_not_replaced);
	tcase_add_test(tests, a_missing_directory_is_an_error_with_advice);
	tcase_add_test(tests, a_path_without_a_file_name_is_refused);
	tcase_add_test(tests, a_place_that_is_not_on_tmpfs_requires_allow_disk);
	tcase_add_test(tests, a_relative_path_starts_at_the_working_directory);
	tcase_add_test(tests, two_paths_to_one_place_are_recognised);
	tcase_add_loop_test(tests, a_mode_is_parsed_as_octal, 0, COUNT(modes));
	tcase_add_loop_test(tests, an_invalid_mode_is_refused, 0, COUNT(no_modes));
	tcase_add_loop_test(tests, an_owner_is_parsed_as_numbers, 0, COUNT(owners));
	tcase_add_loop_test(tests, an_invalid_owner_is_refused, 0, COUNT(no_owners));
	tcase_add_test(tests, the_file_gets_its_owner);
	tcase_add_test(tests, another_owner_requires_root);
}

int main(void)
{
	return run_tests("file", add);
}
