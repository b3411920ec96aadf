#include "lib/base/yaml_writer.h"
#include "tests/unit/expect.h"

static struct error err;
static struct secret_buffer json, yaml;

static void tear_down(void)
{
	secret_buffer_free(&json);
	secret_buffer_free(&yaml);
}

static void write_json(const char *text)
{
	expect_ok(secret_buffer_append_string(&json, text, &err), err);
	expect_ok(yaml_write_json(&json, &yaml, &err), err);
}

START_TEST(objects_and_arrays_are_blocks)
{
	write_json("{\"a\":[{\"b\":1,\"c\":true},null],\"d\":\"text\"}");
	expect_text(yaml, "a:\n- b: 1\n  c: true\n- null\nd: text\n");
}
END_TEST

START_TEST(strings_that_could_be_misread_are_quoted)
{
	write_json("[\"1\",\"no\",\"a: b\",\"\",\"vault:v1:x\",\"a\\nb\"]");
	expect_text(yaml, "- \"1\"\n- \"no\"\n- \"a: b\"\n- \"\"\n- \"vault:v1:x\"\n- \"a\\nb\"\n");
}
END_TEST

START_TEST(empty_containers_are_written_inline)
{
	write_json("{\"a\":[],\"b\":{}}");
	expect_text(yaml, "a: []\nb: {}\n");
}
END_TEST

START_TEST(characters_that_would_steer_a_terminal_are_escaped)
{
	write_json("[\"a\x7F\xC2\x9B\xC2\x85\xE2\x80\xAE\xE2\x80\xA8\xE2\x81\xA6\","
		   "\"\xC2\xAD\xE2\x80\x8B\xEF\xBB\xBF\xF3\xA0\x81\x81\"]");
	expect_text(yaml, "- \"a\\x7F\\x9B\\N\\u202E\\L\\u2066\"\n"
			  "- \"\\xAD\\u200B\\uFEFF\\U000E0041\"\n");
}
END_TEST

START_TEST(text_that_is_not_json_is_rejected)
{
	expect_ok(secret_buffer_append_string(&json, "{", &err), err);
	expect_failure(yaml_write_json(&json, &yaml, &err), err, ERROR_INVALID, "the output");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, NULL, tear_down);
	tcase_add_test(tests, objects_and_arrays_are_blocks);
	tcase_add_test(tests, strings_that_could_be_misread_are_quoted);
	tcase_add_test(tests, empty_containers_are_written_inline);
	tcase_add_test(tests, characters_that_would_steer_a_terminal_are_escaped);
	tcase_add_test(tests, text_that_is_not_json_is_rejected);
}

int main(void)
{
	return run_tests("yaml_writer", add);
}
