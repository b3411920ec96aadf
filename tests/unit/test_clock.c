#include "lib/base/clock.h"
#include "tests/unit/expect.h"

static struct error err;

static const struct {
	const char *text;
	int64_t ms;
} durations[] = {
    {"0", 0},
    {"0s", 0},
    {"10", 10000},
    {"10s", 10000},
    {"500ms", 500},
    {"2m", 120000},
    {"2h", 7200000},
    {"1d", 86400000},
    {"1m30s", 90000},
    {"1h0m0s", 3600000},
    {"1s1ms", 1001},
    {"007", 7000},
    {"3650d", INT64_C(315360000000)},
};

START_TEST(durations_are_read)
{
	int64_t ms = -1;

	expect_ok(clock_parse_duration(durations[_i].text, &ms, &err), err);
	ck_assert_int_eq(ms, durations[_i].ms);
}
END_TEST

static const char *const no_durations[] = {"", " ", "s", "10 s", " 10s", "10s ", "-1s", "+1s",
    "1.5s", "1m30", "0m30", "0s0", "10S", "10sec", "1e3s", "0x10", "m1", "3651d",
    "9223372036854775807", "99999999999999999999999999s", "9223372036854775807ms", "3650d1ms"};

START_TEST(anything_else_is_rejected)
{
	int64_t ms = 42;

	expect_failure(clock_parse_duration(no_durations[_i], &ms, &err), err, ERROR_USAGE,
	    "is not a duration; write 10s");
	ck_assert_int_eq(ms, 42);
}
END_TEST

START_TEST(time_does_not_run_backwards)
{
	int64_t before = clock_now_ms();

	ck_assert_int_gt(before, 0);
	ck_assert_int_ge(clock_now_ms(), before);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, durations_are_read, 0, COUNT(durations));
	tcase_add_loop_test(tests, anything_else_is_rejected, 0, COUNT(no_durations));
	tcase_add_test(tests, time_does_not_run_backwards);
}

int main(void)
{
	return run_tests("clock", add);
}
