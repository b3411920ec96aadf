#include <errno.h>

#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "tests/unit/expect.h"

static struct error err;

START_TEST(setting_replaces_and_returns_minus_one)
{
	ck_assert_int_eq(error_set(&err, ERROR_USAGE, "first"), -1);
	ck_assert_int_eq(error_set(&err, ERROR_DENIED, "%s: %d", "second", 403), -1);
	ck_assert_int_eq(err.code, ERROR_DENIED);
	ck_assert_str_eq(err.message, "second: 403");
}
END_TEST

START_TEST(wrapping_prefixes_and_hinting_appends)
{
	error_set(&err, ERROR_DENIED, "status 403");
	ck_assert_int_eq(error_wrap(&err, "login with role \"%s\"", "demo"), -1);
	ck_assert_int_eq(error_hint(&err, "check the role"), -1);
	ck_assert_str_eq(err.message, "login with role \"demo\": status 403; check the role");
	ck_assert_int_eq(err.code, ERROR_DENIED);
}
END_TEST

START_TEST(advice_follows_the_separator_of_the_format)
{
	error_set(&err, ERROR_DENIED, "%s: denied; check %s", "a; b", "c; d");
	ck_assert_str_eq(error_advice(&err), "check c; d");
	error_wrap(&err, "login; %d", 1);
	ck_assert_str_eq(error_advice(&err), "check c; d");
	error_hint(&err, "run %s", "it; again");
	ck_assert_str_eq(error_advice(&err), "check c; d; run it; again");
	ck_assert_str_eq(err.message, "login; 1: a; b: denied; check c; d; run it; again");
	error_clear(&err);
	ck_assert_ptr_null(error_advice(&err));
}
END_TEST

START_TEST(arguments_are_not_advice)
{
	error_set(&err, ERROR_REJECTED, "status 400: %s", "no; run this");
	ck_assert_ptr_null(error_advice(&err));
	error_hint(&err, "check the role");
	ck_assert_str_eq(error_advice(&err), "check the role");
	errno = EACCES;
	error_system(&err, "a; b");
	ck_assert_ptr_null(error_advice(&err));
}
END_TEST

START_TEST(a_problem_in_a_file_may_have_advice)
{
	error_at(&err, ERROR_INVALID, "a; b", (struct utf8_position){1, 2}, "no; quote it");
	ck_assert_str_eq(error_advice(&err), "quote it");
	error_at(&err, ERROR_INVALID, "a; b", (struct utf8_position){1, 2}, "no");
	ck_assert_ptr_null(error_advice(&err));
}
END_TEST

START_TEST(advice_that_was_cut_is_not_advice)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, ERROR_REJECTED, "%s; shorten it", text);
	ck_assert_str_eq(error_advice(&err), "shorten it");
	error_set(&err, ERROR_REJECTED, "no; %s", text);
	ck_assert_ptr_null(error_advice(&err));
}
END_TEST

START_TEST(a_system_error_contains_strerror)
{
	errno = EACCES;
	ck_assert_int_eq(error_system(&err, "token"), -1);
	ck_assert_str_eq(err.message, "token: Permission denied");
	ck_assert_int_eq(err.code, ERROR_SYSTEM);
}
END_TEST

START_TEST(a_message_can_not_start_another_line)
{
	error_set(&err, ERROR_REJECTED, "bad\nforged: \x1b[31mline\x7f");
	ck_assert_str_eq(err.message, "bad?forged: ?[31mline?");
	error_hint(&err, "do\rthis");
	error_wrap(&err, "in\tthere");
	ck_assert_str_eq(err.message, "in?there: bad?forged: ?[31mline?; do?this");
	error_set(&err, ERROR_REJECTED, "role \xE2\x80\xAE%s, na\xC3\xAFve \xC2\x9B", "nimda");
	ck_assert_str_eq(err.message, "role ???nimda, na\xC3\xAFve ??");
}
END_TEST

START_TEST(an_error_can_be_set_from_its_own_message)
{
	error_set(&err, ERROR_NETWORK, "inner");
	error_set(&err, ERROR_NETWORK, "outer (%s)", err.message);
	ck_assert_str_eq(err.message, "outer (inner)");
}
END_TEST

START_TEST(a_long_message_is_cut_and_marked)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&err, ERROR_INVALID, "%s", text);
	ck_assert_uint_eq(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	ck_assert_ptr_nonnull(strstr(err.message, "xxx...xxx"));
	error_wrap(&err, "what was done");
	ck_assert_uint_eq(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	ck_assert_int_eq(strncmp(err.message, "what was done: xxx", 18), 0);
	error_wrap(&err, "%s", text);
	error_hint(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.message), ERROR_MESSAGE_MAX - 1);
}
END_TEST

START_TEST(a_long_name_hides_neither_object_nor_cause)
{
	char name[200001];

	for (size_t i = 0; i + 1 < sizeof(name); i += 2)
		memcpy(name + i, "\xC3\xA9", 2);
	name[sizeof(name) - 1] = '\0';
	error_set(&err, ERROR_INVALID, "key \"%s\": not found", name);
	error_wrap(&err, "Secret demo/app");
	ck_assert_int_eq(strncmp(err.message, "Secret demo/app: key \"\xC3\xA9", 24), 0);
	ck_assert_str_eq(err.message + strlen(err.message) - 12, "\": not found");
	ck_assert_ptr_null(strchr(err.message, '?'));
	ck_assert(utf8_is_valid(err.message, strlen(err.message)));
	error_hint(&err, "%s: check it", name);
	ck_assert_str_eq(err.message + strlen(err.message) - 10, ": check it");
}
END_TEST

START_TEST(clearing_resets_code_and_message)
{
	error_memory(&err);
	ck_assert_str_eq(err.message, "out of memory");
	error_clear(&err);
	ck_assert_int_eq(err.code, ERROR_NONE);
	ck_assert_str_eq(err.message, "");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, setting_replaces_and_returns_minus_one);
	tcase_add_test(tests, wrapping_prefixes_and_hinting_appends);
	tcase_add_test(tests, advice_follows_the_separator_of_the_format);
	tcase_add_test(tests, arguments_are_not_advice);
	tcase_add_test(tests, a_problem_in_a_file_may_have_advice);
	tcase_add_test(tests, advice_that_was_cut_is_not_advice);
	tcase_add_test(tests, a_system_error_contains_strerror);
	tcase_add_test(tests, a_message_can_not_start_another_line);
	tcase_add_test(tests, an_error_can_be_set_from_its_own_message);
	tcase_add_test(tests, a_long_message_is_cut_and_marked);
	tcase_add_test(tests, a_long_name_hides_neither_object_nor_cause);
	tcase_add_test(tests, clearing_resets_code_and_message);
}

int main(void)
{
	return run_tests("error", add);
}
