#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/manifest/walk.h"
#include "tests/unit/expect.h"

static char root[] = "/tmp/manifest-walk-XXXXXX";
static struct strings files;
static struct error err;

static const char *const made[] = {"b.yaml", "a.yml", "c.json", "d.txt", "yaml", ".hidden.yaml",
    ".secretmanager.yaml", "x.yaml.orig", "in/e.yaml", "in/in/f.json", ".git/g.yaml",
    "..data/h.yaml"};

static void make_files(void)
{
	static const char *const folders[] = {
	    "in", "in/in", ".git", "..data", "none", "folder.yaml"};

	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chdir(root), 0);
	for (size_t i = 0; i < COUNT(folders); i++)
		ck_assert_int_eq(mkdir(folders[i], 0700), 0);
	for (size_t i = 0; i < COUNT(made); i++) {
		int fd = open(made[i], O_CREAT | O_WRONLY, 0600);
		ck_assert_int_ge(fd, 0);
		close(fd);
	}
	ck_assert_int_eq(symlink("..data/h.yaml", "link.yaml"), 0);
	ck_assert_int_eq(symlink("in", "to-folder.yaml"), 0);
}

static void remove_files(void)
{
	char command[64];

	strings_free(&files);
	snprintf(command, sizeof(command), "rm -r %s", root);
	ck_assert_int_eq(system(command), 0);
}

static void expect_files(const char *list)
{
	char text[1000] = "";

	for (size_t i = 0; i < files.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
		    files.items[i]);
	ck_assert_str_eq(text, list);
}

START_TEST(a_folder_lists_its_manifests_in_order)
{
	expect_ok(manifest_walk_list(".", false, &files, &err), err);
	expect_files("./.hidden.yaml ./a.yml ./b.yaml ./c.json ./link.yaml");
}
END_TEST

START_TEST(recursive_lists_the_folders_in_it)
{
	expect_ok(manifest_walk_list(root, true, &files, &err), err);
	ck_assert_uint_eq(files.count, 7);
	expect_contains(files.items[4], "/in/e.yaml");
	expect_contains(files.items[5], "/in/in/f.json");
	expect_contains(files.items[6], "/link.yaml");
}
END_TEST

START_TEST(a_named_link_to_a_folder_is_followed)
{
	expect_ok(manifest_walk_list("to-folder.yaml", false, &files, &err), err);
	expect_files("to-folder.yaml/e.yaml");
}
END_TEST

START_TEST(a_file_is_listed_whatever_its_name)
{
	expect_ok(manifest_walk_list("d.txt", false, &files, &err), err);
	expect_ok(manifest_walk_list("missing", true, &files, &err), err);
	expect_files("d.txt missing");
}
END_TEST

START_TEST(an_empty_folder_is_an_error)
{
	expect_failure(manifest_walk_list("none", true, &files, &err), err, ERROR_NOT_FOUND,
	    "none: no manifest in this folder (*.yaml, *.yml, *.json)");
	expect_failure(manifest_walk_list("none", false, &files, &err), err, ERROR_NOT_FOUND, "-R");
}
END_TEST

START_TEST(a_pipe_is_refused)
{
	ck_assert_int_eq(mkfifo("in/pipe.yaml", 0600), 0);
	expect_failure(manifest_walk_list("in", false, &files, &err), err, ERROR_INVALID,
	    "in/pipe.yaml: not a regular file");
}
END_TEST

START_TEST(an_unreadable_folder_is_an_error)
{
	if (geteuid() == 0)
		return; /* root may read every folder */
	ck_assert_int_eq(chmod("none", 0), 0);
	expect_failure(manifest_walk_list("none", false, &files, &err), err, ERROR_SYSTEM,
	    "none: Permission denied");
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, make_files, remove_files);
	tcase_add_test(tests, a_folder_lists_its_manifests_in_order);
	tcase_add_test(tests, recursive_lists_the_folders_in_it);
	tcase_add_test(tests, a_named_link_to_a_folder_is_followed);
	tcase_add_test(tests, a_file_is_listed_whatever_its_name);
	tcase_add_test(tests, an_empty_folder_is_an_error);
	tcase_add_test(tests, a_pipe_is_refused);
	tcase_add_test(tests, an_unreadable_folder_is_an_error);
}

int main(void)
{
	return run_tests("manifest_walk", add_tests);
}
