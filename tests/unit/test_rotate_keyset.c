#include <time.h>

#include "lib/base/log.h"
#include "lib/rotate/keyset.h"
#include "tests/unit/expect.h"

static struct error err;

static struct keyset_key *add_key(struct keyset *set, const char *text)
{
	struct keyset_key *key = keyset_add(set, text, &err);

	ck_assert_msg(key != NULL, "%s", err.message);
	return key;
}

START_TEST(a_key_is_found_with_and_without_its_mount)
{
	struct keyset set = {.keys = NULL};
	struct keyset_key *first = add_key(&set, "aes256-key");
	struct keyset_key *second = add_key(&set, "team/transit/k");

	ck_assert_ptr_eq(keyset_find(&set, "transit/aes256-key"), first);
	ck_assert_ptr_eq(keyset_find(&set, "aes256-key"), first);
	ck_assert_ptr_eq(keyset_find(&set, "team/transit/k"), second);
	ck_assert_ptr_null(keyset_find(&set, "k"));
	ck_assert_ptr_null(keyset_find(&set, "transit/k"));
	ck_assert_ptr_null(keyset_find(&set, "eam/transit/k"));
	keyset_free(&set);
	ck_assert_uint_eq(set.count, 0);
}
END_TEST

START_TEST(a_key_is_added_once)
{
	struct keyset set = {.keys = NULL};
	struct keyset_key *first = add_key(&set, "transit/aes256-key");

	ck_assert_ptr_eq(add_key(&set, "aes256-key"), first);
	ck_assert_uint_eq(set.count, 1);
	keyset_free(&set);
}
END_TEST

START_TEST(an_invalid_name_is_refused)
{
	struct keyset set = {.keys = NULL};

	ck_assert_ptr_null(keyset_add(&set, "transit/", &err));
	ck_assert_int_eq(err.code, ERROR_USAGE);
	expect_contains(err.message, "[MOUNT/]NAME");
	ck_assert_ptr_null(keyset_add(&set, "a b", &err));
	ck_assert_uint_eq(set.count, 0);
	keyset_free(&set);
}
END_TEST

START_TEST(values_are_counted_by_version)
{
	static const int64_t found[] = {3, 1, 12, 3, 2, 1, 1};
	struct keyset set = {.keys = NULL};
	struct keyset_key *key = add_key(&set, "k");

	ck_assert_int_eq(keyset_oldest(key->versions, key->version_count), 0);
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++)
		expect_ok(keyset_count_value(key, found[i], &err), err);
	ck_assert_uint_eq(key->version_count, 4);
	for (size_t i = 1; i < key->version_count; i++)
		ck_assert_int_lt(key->versions[i - 1].version, key->versions[i].version);
	ck_assert_int_eq(key->versions[0].version, 1);
	ck_assert_uint_eq(key->versions[0].values, 3);
	ck_assert_uint_eq(key->versions[3].values, 1);
	ck_assert_int_eq(keyset_oldest(key->versions, key->version_count), 1);
	keyset_free(&set);
}
END_TEST

START_TEST(a_rewrapped_value_is_counted_on_its_new_version)
{
	struct keyset set = {.keys = NULL};
	struct keyset_key *key = add_key(&set, "k");

	expect_ok(keyset_count_value(key, 1, &err), err);
	expect_ok(keyset_count_value(key, 2, &err), err);
	expect_ok(keyset_move_value(key, 1, 4, &err), err);
	ck_assert_int_eq(keyset_oldest(key->versions, key->version_count), 2);
	expect_ok(keyset_move_value(key, 2, 4, &err), err);
	ck_assert_int_eq(keyset_oldest(key->versions, key->version_count), 4);
	/* A value that was not counted is not moved. */
	expect_ok(keyset_move_value(key, 3, 4, &err), err);
	ck_assert_uint_eq(key->versions[key->version_count - 1].values, 2);
	keyset_reset_counts(&set);
	ck_assert_int_eq(keyset_oldest(key->versions, key->version_count), 0);
	keyset_free(&set);
}
END_TEST

static const struct {
	int64_t age_s;
	bool due;
} ages[] = {{0, false}, {3599, false}, {3601, true}, {1000000, true}, {-50, false}};

START_TEST(a_young_version_is_not_rotated)
{
	struct keyset set = {.keys = NULL};
	struct keyset_key *key = add_key(&set, "k");

	log_init("test", LOG_ERROR, LOG_TEXT);
	key->state.latest_created_s = (int64_t)time(NULL) - ages[_i].age_s;
	ck_assert_int_eq(keyset_key_is_due(key, 3600 * 1000), ages[_i].due);
	ck_assert(keyset_key_is_due(key, 0));
	/* Of unknown age: it is rotated. */
	key->state.latest_created_s = 0;
	ck_assert(keyset_key_is_due(key, 3600 * 1000));
	keyset_free(&set);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_key_is_found_with_and_without_its_mount);
	tcase_add_test(tests, a_key_is_added_once);
	tcase_add_test(tests, an_invalid_name_is_refused);
	tcase_add_test(tests, values_are_counted_by_version);
	tcase_add_test(tests, a_rewrapped_value_is_counted_on_its_new_version);
	tcase_add_loop_test(tests, a_young_version_is_not_rotated, 0, COUNT(ages));
}

int main(void)
{
	return run_tests("rotate_keyset", add);
}
