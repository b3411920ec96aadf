#include "lib/rotate/window.h"
#include "tests/unit/expect.h"

static struct window window;

static void begin(void)
{
	window_init(&window);
}

START_TEST(so_many_run_at_once_and_no_more)
{
	for (int i = 0; i < WINDOW_MAX; i++) {
		ck_assert(window_has_room(&window, 100));
		window_enter(&window, 100);
	}
	ck_assert(!window_has_room(&window, 100));
	window_leave(&window, 100, true);
	ck_assert(window_has_room(&window, 100));
}
END_TEST

START_TEST(large_ones_go_few_at_a_time_but_go)
{
	ck_assert(window_has_room(&window, 2 * WINDOW_BYTES));
	window_enter(&window, 2 * WINDOW_BYTES);
	ck_assert(!window_has_room(&window, 1));
	window_leave(&window, 2 * WINDOW_BYTES, true);
	window_enter(&window, WINDOW_BYTES - 10);
	ck_assert(window_has_room(&window, 10));
	ck_assert(!window_has_room(&window, 11));
}
END_TEST

START_TEST(it_halves_once_for_all_that_were_under_way)
{
	unsigned first = window_enter(&window, 1), second = window_enter(&window, 1);

	window_put_off(&window, &first);
	ck_assert_uint_eq(window.size, WINDOW_MAX / 2);
	window_put_off(&window, &second);
	ck_assert_uint_eq(window.size, WINDOW_MAX / 2);
	/* Put off again, it is news. */
	window_put_off(&window, &first);
	ck_assert_uint_eq(window.size, WINDOW_MAX / 4);
}
END_TEST

START_TEST(it_never_closes_and_grows_back_by_one_a_window)
{
	for (int i = 0; i < 10; i++) {
		unsigned epoch = window_enter(&window, 1);
		window_put_off(&window, &epoch);
		window_leave(&window, 1, false);
	}
	ck_assert_uint_eq(window.size, 1);
	unsigned answers = 0;
	for (; window.size < WINDOW_MAX; answers++) {
		window_enter(&window, 1);
		window_leave(&window, 1, true);
	}
	/* 1 + 2 + ... + 15 */
	ck_assert_uint_eq(answers, WINDOW_MAX * (WINDOW_MAX - 1) / 2);
	for (unsigned i = 0; i < 3 * WINDOW_MAX; i++) {
		window_enter(&window, 1);
		window_leave(&window, 1, true);
	}
	ck_assert_uint_eq(window.size, WINDOW_MAX);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, begin, NULL);
	tcase_add_test(tests, so_many_run_at_once_and_no_more);
	tcase_add_test(tests, large_ones_go_few_at_a_time_but_go);
	tcase_add_test(tests, it_halves_once_for_all_that_were_under_way);
	tcase_add_test(tests, it_never_closes_and_grows_back_by_one_a_window);
}

int main(void)
{
	return run_tests("rotate_window", add);
}
