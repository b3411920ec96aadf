#include "lib/base/cleanup.h"
#include "lib/base/strings.h"
#include "tests/unit/expect.h"

static struct error err;

START_TEST(an_empty_list_has_no_items)
{
	struct strings list = {NULL, 0};

	ck_assert(!strings_contain(&list, ""));
	strings_free(&list);
}
END_TEST

START_TEST(items_keep_their_order_and_are_copies)
{
	struct strings list = {NULL, 0};
	char text[] = "first";

	expect_ok(strings_append(&list, text, &err), err);
	expect_ok(strings_append(&list, "second", &err), err);
	text[0] = 'F';
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(list.items[0], "first");
	ck_assert_str_eq(list.items[1], "second");
	ck_assert_ptr_null(list.items[2]);
	ck_assert(strings_contain(&list, "second"));
	ck_assert(!strings_contain(&list, "sec"));
	strings_free(&list);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_ptr_null(list.items);
}
END_TEST

START_TEST(format_allocates)
{
	cleanup_free char *text = string_format(&err, "%s/%d", "keys", 3);

	ck_assert_str_eq(text, "keys/3");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, an_empty_list_has_no_items);
	tcase_add_test(tests, items_keep_their_order_and_are_copies);
	tcase_add_test(tests, format_allocates);
}

int main(void)
{
	return run_tests("strings", add);
}
