#include "lib/launch/init.h"
#include "tests/unit/expect.h"

START_TEST(a_pause_is_twice_the_one_before)
{
	struct restart_backoff backoff = {.first_ms = 10};
	int64_t now = 1000;

	for (int64_t factor = 1; factor <= RESTART_BACKOFF_MAX; factor *= 2) {
		ck_assert_int_eq(restart_backoff_begin(&backoff, now), now + 10 * factor);
		/* Just not quiet enough. */
		now = backoff.until_ms + RESTART_BACKOFF_QUIET * backoff.pause_ms - 1;
	}
	ck_assert_int_eq(
	    restart_backoff_begin(&backoff, now), now + 10 * (int64_t)RESTART_BACKOFF_MAX);
}
END_TEST

START_TEST(after_a_quiet_time_the_pause_is_the_first_one)
{
	struct restart_backoff backoff = {.first_ms = 10};

	restart_backoff_begin(&backoff, 1000);
	ck_assert_int_eq(restart_backoff_begin(&backoff, 1010), 1030);
	ck_assert_int_eq(restart_backoff_begin(&backoff, 1230), 1240);
}
END_TEST

START_TEST(without_a_first_pause_no_pause)
{
	struct restart_backoff backoff = {.first_ms = 0};

	ck_assert_int_eq(restart_backoff_begin(&backoff, 1000), 1000);
	ck_assert_int_eq(restart_backoff_begin(&backoff, 1000), 1000);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_pause_is_twice_the_one_before);
	tcase_add_test(tests, after_a_quiet_time_the_pause_is_the_first_one);
	tcase_add_test(tests, without_a_first_pause_no_pause);
}

int main(void)
{
	return run_tests("restart", add);
}
