#include "lib/base/yaml_plain.h"
#include "tests/unit/expect.h"

static const char *const strings[] = {
    /* Versions, addresses, telephone numbers, hashes, quantities. */
    "1.2.3", "v1.2", "1.27.4-gke.1600", "10.0.0.1", "10.0.0.1:6379", "10.0.0.0/8", "127.0.0.1:80",
    "6379:80", "8080:8080", "0.0.0.0:0", "2001:db8::1", "::1", "2024-beta", "2024-1", "2024-01",
    "2024-01-31-beta", "2024-01-31T", "2024-01-31 at noon", "12024-01-31", "+49-30-1234",
    "+49 30 1234", "1-2", "1/2", "100m", "1Gi", "50%", "1a2b3c", "12e", "12e+", "1e3.5", "e3",
    "1.5.", "1..5", "..", ".", "...", "-", "+", "--1", "+-1", "_1", "_", "1,000", ".env", ".5.6",
    ".e3", "-a", "-.", "+.", "1:2:", "1::2", "1:60", "1:234", ":30", "1:30pm",
    /* Tokens that begin as a based number does. */
    "0b", "0x", "0o", "0b2", "0b12", "0bcafe", "0b1-1", "0o8", "0o17a", "0xfg", "0x1p3", "0b_2",
    "0x-1", "0beef", "0Bz",
    /* Words. */
    "a", "nil", "none", "yess", "trueish", "NaN", "inf", "-inf", "Infinity", ".info", "+.nan", "<",
    "<<<", "==", "~/x", "vault:v1:AAAA"};

static const char *const ambiguous[] = {
    /* Words. */
    "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "yes",
    "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", "y", "Y", "n", "N", "<<",
    "=", ".inf", ".Inf", ".INF", "+.inf", "-.inf", "-.INF", ".nan", ".NaN", ".NAN",
    /* Integers. */
    "0", "7", "-7", "+7", "00", "0777", "-0777", "08", "09", "1_000", "1_", "1__0", "+1_0", "+_1",
    "0x1F", "0X1F", "-0x1F", "0x_", "0x1_F", "0_x1F", "0o17", "0O17", "-0o17", "0o_7", "0b1", "0B1",
    "-0b1", "+0b1_0", "0b_", "0b-1", "0b+1", "0o-7", "12345678901234567890123",
    /* Floats. */
    "1.0", "1.", ".5", "-.5", "+.5", "1.5e3", "1e3", "1E3", "1e+3", "1e-3", "1.e3", "12e03",
    "1_0.5", "1._", "._", "._1", "1e1_0", "1e999999", "685.230_15e+03",
    /* In base 60. */
    "1:30", "0:30", "-1:30", "+1:30", "1:5", "1:59", "190:20:30", "190:20:30.15", "1:2.", "1_0:30",
    "10:20:30:40:50:59",
    /* Times. */
    "2001-12-14", "2001-1-4", "2024-13-45", "-2001-12-14", "2001-12-15T02:59:43.1Z",
    "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "2001-12-15 2:59:43.10",
    "2001-12-14\t1:2:3"};

START_TEST(a_scalar_is_a_string_if_all_readers_agree)
{
	ck_assert_msg(yaml_plain_is_string(strings[_i], strlen(strings[_i])), "%s", strings[_i]);
}
END_TEST

START_TEST(a_scalar_is_not_a_string_if_any_reader_disagrees)
{
	ck_assert_msg(
	    !yaml_plain_is_string(ambiguous[_i], strlen(ambiguous[_i])), "%s", ambiguous[_i]);
}
END_TEST

/* Scalars of a document are not followed by a NUL. */
START_TEST(only_the_given_bytes_are_read)
{
	ck_assert(!yaml_plain_is_string("123a", 3));
	ck_assert(!yaml_plain_is_string("2001-12-145", 10));
	ck_assert(!yaml_plain_is_string("2001-12-14 1x", 12));
	ck_assert(yaml_plain_is_string("1.2.30", 5));
	ck_assert(yaml_plain_is_string("0b1", 2));
	ck_assert(yaml_plain_is_string("1e3", 2));
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_loop_test(tests, a_scalar_is_a_string_if_all_readers_agree, 0, COUNT(strings));
	tcase_add_loop_test(
	    tests, a_scalar_is_not_a_string_if_any_reader_disagrees, 0, COUNT(ambiguous));
	tcase_add_test(tests, only_the_given_bytes_are_read);
}

int main(void)
{
	return run_tests("yaml_plain", add_tests);
}
