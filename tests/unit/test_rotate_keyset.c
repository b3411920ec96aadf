#include "lib/rotate/keyset.h"
#include "tests/unit/expect.h"

static struct error err;

START_TEST(a_key_is_found_by_any_of_its_spellings)
{
	struct keyset set = {NULL, 0};

	expect_ok(keyset_add(&set, "aes256-key", &err), err);
	expect_ok(keyset_add(&set, "team/transit/k", &err), err);
	ck_assert_ptr_eq(keyset_find(&set, "transit/aes256-key"), &set.keys[0]);
	ck_assert_ptr_eq(keyset_find(&set, "aes256-key"), &set.keys[0]);
	ck_assert_ptr_eq(keyset_find(&set, "team/transit/k"), &set.keys[1]);
	ck_assert_ptr_null(keyset_find(&set, "k"));
	ck_assert_ptr_null(keyset_find(&set, "transit/k"));
	ck_assert_ptr_null(keyset_find(&set, "eam/transit/k"));
	keyset_free(&set);
	ck_assert_uint_eq(set.count, 0);
}
END_TEST

START_TEST(a_key_is_in_it_once)
{
	struct keyset set = {NULL, 0};

	expect_ok(keyset_add(&set, "transit/aes256-key", &err), err);
	expect_ok(keyset_add(&set, "aes256-key", &err), err);
	ck_assert_uint_eq(set.count, 1);
	keyset_free(&set);
}
END_TEST

START_TEST(what_names_no_key_is_refused)
{
	struct keyset set = {NULL, 0};

	expect_failure(keyset_add(&set, "transit/", &err), err, ERROR_USAGE, "[MOUNT/]NAME");
	expect_failure(keyset_add(&set, "a b", &err), err, ERROR_USAGE, "[MOUNT/]NAME");
	ck_assert_uint_eq(set.count, 0);
	keyset_free(&set);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_key_is_found_by_any_of_its_spellings);
	tcase_add_test(tests, a_key_is_in_it_once);
	tcase_add_test(tests, what_names_no_key_is_refused);
}

int main(void)
{
	return run_tests("rotate_keyset", add);
}
