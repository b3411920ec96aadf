#include "lib/base/cleanup.h"
#include "lib/launch/deliver.h"
#include "tests/unit/secrets.h"

static struct strings allowed;

static int write_all(enum serialize_format format, struct secret_buffer *text)
{
	cleanup_free const struct variable **all = all_variables();

	return serialize_variables(all, variables.count, format, &allowed, text, &err);
}

static void clean(void)
{
	variables_free(&variables);
	strings_free(&allowed);
}

START_TEST(a_format_is_parsed_by_its_name)
{
	enum serialize_format format = SERIALIZE_NUL;

	ck_assert(serialize_parse_format("json", &format));
	ck_assert_int_eq(format, SERIALIZE_JSON);
	ck_assert(serialize_parse_format("dotenv", &format));
	ck_assert_int_eq(format, SERIALIZE_DOTENV);
	ck_assert(serialize_parse_format("nul", &format));
	ck_assert_int_eq(format, SERIALIZE_NUL);
	ck_assert(!serialize_parse_format("", &format));
	ck_assert(!serialize_parse_format("JSON", &format));
	ck_assert(!serialize_parse_format("raw", &format));
}
END_TEST

static const struct {
	enum serialize_format format;
	const char *text;
	size_t length;
} formats[] = {
    {SERIALIZE_JSON, "{\"A\":\"say \\\"5\\\" $x #\",\"B\":\"\",\"C\":\"it's\"}", 40},
    {SERIALIZE_DOTENV, "A='say \"5\" $x #'\nB=''\nC=\"it's\"\n", 31},
    {SERIALIZE_NUL, "A=say \"5\" $x #\0B=\0C=it's\0", 25},
};

START_TEST(all_variables_are_written_in_each_format)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	add_variable("A", "say \"5\" $x #");
	add_variable("B", "");
	add_variable("C", "it's");
	expect_ok(write_all(formats[_i].format, &text), err);
	expect_bytes(text, formats[_i].text, formats[_i].length);
	clean();
}
END_TEST

START_TEST(no_variables_are_valid_text_in_each_format)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT, nul = SECRET_BUFFER_INIT;

	expect_ok(write_all(SERIALIZE_JSON, &json), err);
	expect_text(json, "{}");
	expect_ok(write_all(SERIALIZE_NUL, &nul), err);
	ck_assert_uint_eq(nul.length, 0);
}
END_TEST

static const struct {
	enum serialize_format format;
	const char *name, *value;
	size_t length;
	const char *message;
} unfit[] = {
    {SERIALIZE_JSON, "A", "\xFF", 1, "not UTF-8, which JSON requires; deliver it alone"},
    {SERIALIZE_DOTENV, "A", "a\0b", 3, "contains a NUL byte, which dotenv form cannot"},
    {SERIALIZE_DOTENV, "A", "\xFF", 1, "--file A=PATH, --memfd A or --fd N=A"},
    {SERIALIZE_NUL, "A", "a\0b", 3, "NUL byte, which ends a value in nul form; deliver it alone"},
    /* A shell that reads the dotenv form would run this. */
    {SERIALIZE_DOTENV, "x; rm -rf /; A", "1", 1, "is not a valid name in dotenv form"},
    {SERIALIZE_DOTENV, "A\nB", "1", 1, "is not a valid name in dotenv form"},
    {SERIALIZE_DOTENV, "tls.crt", "1", 1, "is not a valid name in dotenv form"},
    {SERIALIZE_DOTENV, "", "1", 1, "is not a valid name in dotenv form"},
    {SERIALIZE_NUL, "A=B", "1", 1, "is not a valid name before \"=\""},
    {SERIALIZE_NUL, "", "1", 1, "is not a valid name before \"=\""},
    {SERIALIZE_DOTENV, "LD_PRELOAD", "1", 1, "--allow-env LD_PRELOAD"},
    {SERIALIZE_NUL, "LD_PRELOAD", "1", 1, "--allow-env LD_PRELOAD"},
    /* Values that some readers take for another value, or for a second variable. */
    {SERIALIZE_DOTENV, "A", "x'\nLD_PRELOAD=/evil.so\nB='", 26,
	"readers of dotenv form take differently"},
    {SERIALIZE_DOTENV, "A", "x\nB=1", 5, "readers of dotenv form take differently"},
    {SERIALIZE_DOTENV, "A", "x\rB=1", 5, "readers of dotenv form take differently"},
    {SERIALIZE_DOTENV, "A", "x\\", 2, "readers of dotenv form take differently"},
    {SERIALIZE_DOTENV, "A", "\\\\x", 3, "readers of dotenv form take differently"},
    {SERIALIZE_DOTENV, "A", "${B}", 4, "readers of dotenv form take differently"},
    {SERIALIZE_DOTENV, "A", "it's $5", 7, "readers of dotenv form take differently"},
    {SERIALIZE_DOTENV, "A", "it's \"5\"", 8, "use json or nul"},
};

START_TEST(a_value_that_the_format_cannot_contain_is_refused)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	add_bytes(unfit[_i].name, unfit[_i].value, unfit[_i].length);
	expect_failure(write_all(unfit[_i].format, &text), err, ERROR_INVALID, unfit[_i].message);
	expect_contains(err.message, SECRETS_SOURCE);
	clean();
}
END_TEST

START_TEST(a_dangerous_name_is_accepted_if_allowed_and_in_json)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT, nul = SECRET_BUFFER_INIT;

	add_variable("PATH", "/bin");
	expect_ok(write_all(SERIALIZE_JSON, &json), err);
	expect_text(json, "{\"PATH\":\"/bin\"}");
	expect_ok(strings_append(&allowed, "PATH", &err), err);
	expect_ok(write_all(SERIALIZE_NUL, &nul), err);
	expect_bytes(nul, "PATH=/bin", 10);
	clean();
}
END_TEST

START_TEST(an_invalid_variable_name_is_accepted_in_json_and_nul)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT, nul = SECRET_BUFFER_INIT;

	add_variable("tls.crt", "pem");
	expect_ok(write_all(SERIALIZE_JSON, &json), err);
	expect_text(json, "{\"tls.crt\":\"pem\"}");
	expect_ok(write_all(SERIALIZE_NUL, &nul), err);
	expect_bytes(nul, "tls.crt=pem", 12);
	clean();
}
END_TEST

START_TEST(binary_data_is_accepted_in_nul)
{
	cleanup_secret struct secret_buffer nul = SECRET_BUFFER_INIT;

	add_variable("A", "\xFF");
	expect_ok(write_all(SERIALIZE_NUL, &nul), err);
	expect_bytes(nul, "A=\xFF", 4);
	clean();
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_format_is_parsed_by_its_name);
	tcase_add_loop_test(tests, all_variables_are_written_in_each_format, 0, COUNT(formats));
	tcase_add_test(tests, no_variables_are_valid_text_in_each_format);
	tcase_add_loop_test(
	    tests, a_value_that_the_format_cannot_contain_is_refused, 0, COUNT(unfit));
	tcase_add_test(tests, a_dangerous_name_is_accepted_if_allowed_and_in_json);
	tcase_add_test(tests, an_invalid_variable_name_is_accepted_in_json_and_nul);
	tcase_add_test(tests, binary_data_is_accepted_in_nul);
}

int main(void)
{
	return run_tests("serialize", add);
}
