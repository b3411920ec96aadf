#include <stdio.h>
#include <stdlib.h>

#include "lib/rotate/secret_filter.h"
#include "tests/unit/expect.h"

static struct error err;
static struct secret_shard shard;

static void begin(void)
{
	unsetenv(SECRET_SHARD_VARIABLE);
}

START_TEST(a_shard_is_parsed)
{
	expect_ok(secret_shard_parse("2/7", &shard, &err), err);
	ck_assert_int_eq(shard.index, 2);
	ck_assert_int_eq(shard.count, 7);
	setenv(SECRET_SHARD_VARIABLE, "3", 1);
	expect_ok(secret_shard_parse("/4", &shard, &err), err);
	ck_assert_int_eq(shard.index, 3);
	ck_assert_int_eq(shard.count, 4);
}
END_TEST

static const char *const wrong[] = {"", "3", "7/7", "8/7", "-1/7", "1/0", "0/", "a/7", "1/7x",
    "1 /7", "1/7/9", "0/10001", "0/99999999999999999999"};

START_TEST(an_invalid_shard_is_refused)
{
	expect_failure(secret_shard_parse(wrong[_i], &shard, &err), err, ERROR_USAGE, "--shard");
}
END_TEST

START_TEST(without_an_index_a_shard_is_refused)
{
	expect_failure(secret_shard_parse("/4", &shard, &err), err, ERROR_USAGE, "is not set");
	setenv(SECRET_SHARD_VARIABLE, "4", 1);
	expect_failure(secret_shard_parse("/4", &shard, &err), err, ERROR_USAGE, "counted from 0");
	setenv(SECRET_SHARD_VARIABLE, "", 1);
	expect_failure(secret_shard_parse("/4", &shard, &err), err, ERROR_USAGE, "counted from 0");
}
END_TEST

START_TEST(each_secret_is_in_one_shard_and_shards_are_even)
{
	enum { SHARDS = 5, SECRETS = 5000 };
	size_t parts[SHARDS] = {0};

	for (int i = 0; i < SECRETS; i++) {
		char name[32];
		int owners = 0;

		snprintf(name, sizeof(name), "secret-%d", i);
		for (int64_t at = 0; at < SHARDS; at++) {
			struct secret_shard one = {at, SHARDS};
			if (secret_shard_has(&one, "demo", name)) {
				owners++;
				parts[at]++;
			}
		}
		ck_assert_int_eq(owners, 1);
	}
	for (int at = 0; at < SHARDS; at++)
		ck_assert_uint_gt(parts[at], SECRETS / SHARDS * 8 / 10);
}
END_TEST

START_TEST(namespace_and_name_are_not_run_together)
{
	struct secret_shard one = {0, 10000};
	int differences = 0;

	ck_assert(secret_shard_has(&(struct secret_shard){0, 0}, "a", "b"));
	for (one.index = 0; one.index < one.count; one.index++)
		differences +=
		    secret_shard_has(&one, "ab", "c") != secret_shard_has(&one, "a", "bc");
	ck_assert_int_eq(differences, 2);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, begin, NULL);
	tcase_add_test(tests, a_shard_is_parsed);
	tcase_add_loop_test(tests, an_invalid_shard_is_refused, 0, COUNT(wrong));
	tcase_add_test(tests, without_an_index_a_shard_is_refused);
	tcase_add_test(tests, each_secret_is_in_one_shard_and_shards_are_even);
	tcase_add_test(tests, namespace_and_name_are_not_run_together);
}

int main(void)
{
	return run_tests("rotate_shard", add);
}
