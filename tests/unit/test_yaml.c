#include "lib/base/json_reader.h"
#include "lib/base/yaml.h"
#include "tests/unit/expect.h"

static struct error err;

static int convert(const char *yaml, struct secret_buffer *json)
{
	return yaml_to_json(yaml, strlen(yaml), "config", json, &err);
}

static const struct {
	const char *yaml, *json;
} documents[] = {
    {"", "null"},
    {"# nothing\n", "null"},
    {"---\n...\n", "null"},
    {"plain text", "\"plain text\""},
    {"a: 1\nb: [x, 'y', \"z\\n\"]\n", "{\"a\":1,\"b\":[\"x\",\"y\",\"z\\n\"]}"},
    {"- a: {b: c}\n- []\n- {}\n", "[{\"a\":{\"b\":\"c\"}},[],{}]"},
    {"a:\n- b\n- c: d\n", "{\"a\":[\"b\",{\"c\":\"d\"}]}"},
    {"text: |\n  one\n  two\n", "{\"text\":\"one\\ntwo\\n\"}"},
    {"text: >-\n  one\n  two\n", "{\"text\":\"one two\"}"},
    /* The last line counts as ended, as in kubectl. */
    {"text: |\n  one", "{\"text\":\"one\\n\"}"},
    {"text: |\r\n  one\r", "{\"text\":\"one\\n\"}"},
    {"text: |+\n  one\n  ", "{\"text\":\"one\\n\\n\"}"},
    {"text: >\n  one\n  two", "{\"text\":\"one two\\n\"}"},
    {"text: |-\n  one", "{\"text\":\"one\"}"},
    {"text: |", "{\"text\":\"\"}"},
    {"|\n one", "\"one\\n\""},
    {"'8080': a\n\"true\": b\n", "{\"8080\":\"a\",\"true\":\"b\"}"},
    {"zero: \"a\\0b\"", "{\"zero\":\"a\\u0000b\"}"},
    {"name: \"\\u00fc \\U0001F600\"", "{\"name\":\"\u00fc \U0001F600\"}"},
    {"'<<': a", "{\"<<\":\"a\"}"},
    {"\xEF\xBB\xBF"
     "a: b",
	"{\"a\":\"b\"}"},
    {"%YAML 1.2\n---\na: b\n", "{\"a\":\"b\"}"},
    /* The same key on another level is another key. */
    {"a: {a: {a: 1}}\nb: {a: 2}", "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":2}}"},
};

START_TEST(documents_are_converted_to_json)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	expect_ok(convert(documents[_i].yaml, &json), err);
	expect_text(json, documents[_i].json);
	struct json *document = json_parse(json.data, json.length, "json", &err);
	ck_assert_msg(document != NULL, "%s", err.message);
	json_free(document);
}
END_TEST

static const struct {
	const char *yaml, *json;
} scalars[] = {
    {"null", "null"},
    {"Null", "null"},
    {"NULL", "null"},
    {"~", "null"},
    {"", "null"},
    {"nULL", "\"nULL\""},
    {"true", "true"},
    {"True", "\"True\""},
    {"TRUE", "\"TRUE\""},
    {"tRUE", "\"tRUE\""},
    {"false", "false"},
    {"False", "\"False\""},
    {"FALSE", "\"FALSE\""},
    {"yes", "\"yes\""},
    {"no", "\"no\""},
    {"on", "\"on\""},
    {"off", "\"off\""},
    {"y", "\"y\""},
    /* Numbers of JSON, as they are written. */
    {"0", "0"},
    {"-7", "-7"},
    {"1.0", "1.0"},
    {"1e3", "1e3"},
    {"-0.5E-7", "-0.5E-7"},
    {"12345678901234567890123", "12345678901234567890123"},
    /* Other numbers keep their text. */
    {"+5", "\"+5\""},
    {"007", "\"007\""},
    {"0o17", "\"0o17\""},
    {"0x1F", "\"0x1F\""},
    {".5", "\".5\""},
    {"5.", "\"5.\""},
    {"-.5", "\"-.5\""},
    {"1.e3", "\"1.e3\""},
    /* No numbers. */
    {"1_000", "\"1_000\""},
    {"0x", "\"0x\""},
    {"0o8", "\"0o8\""},
    {"1e", "\"1e\""},
    {"1e+", "\"1e+\""},
    {"+", "\"+\""},
    {".", "\".\""},
    {"1.2.3", "\"1.2.3\""},
    {"2001-12-14", "\"2001-12-14\""},
    {"12:30:45", "\"12:30:45\""},
    {"1a", "\"1a\""},
    {"-inf", "\"-inf\""},
    {"NaN", "\"NaN\""},
    /* Quotes make a string of anything. */
    {"'null'", "\"null\""},
    {"\"true\"", "\"true\""},
    {"'12'", "\"12\""},
    {"''", "\"\""},
    {"'.inf'", "\".inf\""},
    /* Tags of the core schema. */
    {"!!str 12", "\"12\""},
    {"!!str", "\"\""},
    {"! 12", "\"12\""},
    {"!!int 12", "12"},
    {"!!float 12", "12"},
    {"!!bool true", "true"},
    {"!!null ~", "null"},
    {"!!int 0x1F", "\"0x1F\""},
    {"!!map {a: 1}", "{\"a\":1}"},
    {"!!seq [1]", "[1]"},
};

START_TEST(scalars_follow_the_core_schema)
{
	cleanup_secret struct secret_buffer yaml = SECRET_BUFFER_INIT, json = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer wanted = SECRET_BUFFER_INIT;

	/* In a mapping, so that no scalar is a JSON text by itself. */
	expect_ok(secret_buffer_append_format(&yaml, &err, "k: %s\n", scalars[_i].yaml), err);
	expect_ok(secret_buffer_append_format(&wanted, &err, "{\"k\":%s}", scalars[_i].json), err);
	expect_ok(convert(yaml.data, &json), err);
	expect_text(json, wanted.data);
}
END_TEST

static const struct {
	const char *yaml, *where, *why;
} refused[] = {
    {"a: &x 1", "line 1, column 4", "an anchor"},
    {"a: &x [1]", "line 1, column 4", "an anchor"},
    {"a: &x {b: 1}", "line 1, column 4", "an anchor"},
    {"&x a: 1", "line 1, column 1", "an anchor"},
    {"a: 1\nb: *x", "line 2, column 4", "an alias"},
    {"a: 1\n*x : 2", "line 2, column 1", "an alias"},
    {"a: 1\n<<: {b: 2}", "line 2, column 1", "a merge key"},
    {"a: 1\nb: 2\na: 3", "line 3, column 1", "duplicate key"},
    {"a: {b: 1, 'b': 2}", "line 1, column 11", "duplicate key"},
    {"\u00fc\u00fc: {b: 1, \"\\x62\": 2}", "line 1, column 12", "duplicate key"},
    {"{\"a\": 1, \"a\": 2}", "line 1, column 10", "duplicate member name"},
    /* A brace begins JSON. */
    {"{\"a\": \"b\n c\"}", "line 1, column 9", "control character"},
    {"{a: b}", "line 1, column 2", "in double quotes"},
    {"{'a': 'b'}", "line 1, column 2", "in double quotes"},
    {"\n\n {\"a\": b}", "line 3, column 8", ""},
    {"# c\n---\n{\"a\": 1,}", "line 3, column 9", ""},
    {"\xEF\xBB\xBF{\"a\": b}", "line 1, column 7", ""},
    {"{\"a\": 1} # c", "line 1, column 10", "after the value"},
    {"{", "line 1, column 2", ""},
    {"\xEF\xBB\xBF\xEF\xBB\xBF{\"a\": 1}", "line 1, column 1", "byte order mark"},
    {"a: 1\n\xEF\xBB\xBF"
     "b: 2\n",
	"line 2, column 1", "byte order mark"},
    {"1: a", "line 1, column 1", "not a string"},
    {"0x1F: a", "line 1, column 1", "not a string"},
    {"true: a", "line 1, column 1", "not a string"},
    {"~: a", "line 1, column 1", "not a string"},
    {"? \n: a", "line 1, column 2", "not a string"},
    {"? [a]\n: b", "line 1, column 3", "not a string"},
    {"? {a: b}\n: c", "line 1, column 3", "not a string"},
    {"a: !secret b", "line 1, column 4", "a tag"},
    {"a: !!binary aGk=", "line 1, column 4", "a tag"},
    {"a: !<x> b", "line 1, column 4", "a tag"},
    {"a: !mine [1]", "line 1, column 4", "a tag"},
    {"a: !!seq {b: 1}", "line 1, column 4", "a tag"},
    {"a: !!int b", "line 1, column 4", "its tag"},
    {"a: !!int '1'", "line 1, column 4", "its tag"},
    {"a: !!int 1.5", "line 1, column 4", "its tag"},
    {"a: .inf", "line 1, column 4", "no infinity"},
    {"a: -.INF", "line 1, column 4", "no infinity"},
    {"a: .NaN", "line 1, column 4", "no infinity"},
    {"a: 1\n---\nb: 2", "line 2, column 1", "a second document"},
    {"a: [1", "line 2, column 1", "did not find"},
    {"a: b: c", "line 1, column 5", "mapping values"},
    {"a: 1\n\tb: 2", "line 2, column 1", "a tab character"},
    {"a: \xff", "line 1, column 4", "UTF-8"},
    {"\u00fc: 1\nb: \x01", "line 2, column 4", "control characters"},
    {"a: \"\\ud83d\"", "line 1, column 7", "Unicode"},
};

START_TEST(syntax_that_can_hide_content_is_rejected)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	expect_failure(convert(refused[_i].yaml, &json), err, ERROR_INVALID, refused[_i].why);
	expect_contains(err.message, "config: ");
	expect_contains(err.message, refused[_i].where);
}
END_TEST

static const char *const json_texts[] = {"null", " {\"a\" : [1, 2.50, true] }\n",
    "\"\\ud83d\\ude00 \\/\"", "{\"a\":\"tab\\there\"}", "{\"&x\":\"*x\",\"<<\":{}}", "\t[\t1\t]\t"};

static const struct {
	const char *text, *json;
} json_with_more[] = {
    {"\xEF\xBB\xBF{\"a\": 1}\n", "{\"a\": 1}\n"},
    {"\xEF\xBB\xBF\n {\"a\": 1}", "\n {\"a\": 1}"},
    {"# c\n--- # d\n{\"a\": 1}\n", "{\"a\": 1}\n"},
    {"%YAML 1.2\n---\n{\"a\": 1}", "{\"a\": 1}"},
    {"\xEF\xBB\xBF"
     "a: 1\nb: 2\n",
	"{\"a\":1,\"b\":2}"},
    {"\xEF\xBB\xBF# c\na: 1", "{\"a\":1}"},
    {"---\n\xEF\xBB\xBF{\"a\": 1}", "{\"a\": 1}"},
};

START_TEST(byte_order_marks_and_comments_before_json_are_skipped)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	expect_ok(convert(json_with_more[_i].text, &json), err);
	expect_text(json, json_with_more[_i].json);
}
END_TEST

START_TEST(json_is_not_changed)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	expect_ok(convert(json_texts[_i], &json), err);
	expect_text(json, json_texts[_i]);
}
END_TEST

/* "[[[...]]]" of YAML: the word inside is not JSON. */
static void nest(struct secret_buffer *yaml, int depth)
{
	for (int i = 0; i < depth; i++)
		expect_ok(secret_buffer_append_string(yaml, "[", &err), err);
	expect_ok(secret_buffer_append_string(yaml, "word", &err), err);
	for (int i = 0; i < depth; i++)
		expect_ok(secret_buffer_append_string(yaml, "]", &err), err);
}

START_TEST(nesting_is_limited_as_in_json)
{
	cleanup_secret struct secret_buffer deep = SECRET_BUFFER_INIT, deeper = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	nest(&deep, JSON_DEPTH_MAX);
	expect_ok(convert(deep.data, &json), err);
	nest(&deeper, JSON_DEPTH_MAX + 1);
	expect_failure(convert(deeper.data, &json), err, ERROR_TOO_LARGE, "nested too deep");
	expect_contains(err.message, "line 1, column 65");
}
END_TEST

START_TEST(many_keys_are_read_quickly)
{
	cleanup_secret struct secret_buffer yaml = SECRET_BUFFER_INIT, json = SECRET_BUFFER_INIT;

	for (int i = 0; i < 50000; i++)
		expect_ok(secret_buffer_append_format(&yaml, &err, "key%d: v\n", i), err);
	expect_ok(convert(yaml.data, &json), err);
	expect_ok(secret_buffer_append_string(&yaml, "key0: again\n", &err), err);
	expect_failure(convert(yaml.data, &json), err, ERROR_INVALID, "line 50001, column 1");
}
END_TEST

START_TEST(existing_content_is_kept)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&json, "before ", &err), err);
	expect_ok(convert("a: b", &json), err);
	expect_text(json, "before {\"a\":\"b\"}");
}
END_TEST

START_TEST(a_full_buffer_is_an_error)
{
	cleanup_secret struct secret_buffer json = {.limit = 8};

	expect_failure(convert("a: a longer text", &json), err, ERROR_TOO_LARGE, "config");
}
END_TEST

START_TEST(messages_do_not_contain_the_text)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	expect_failure(convert("password: hunter2\npassword: hunter2", &json), err, ERROR_INVALID,
	    "duplicate");
	expect_lacks(err.message, "hunter2");
	expect_failure(convert("password: \"hunter2", &json), err, ERROR_INVALID, "config");
	expect_lacks(err.message, "hunter2");
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_loop_test(tests, documents_are_converted_to_json, 0, COUNT(documents));
	tcase_add_loop_test(tests, scalars_follow_the_core_schema, 0, COUNT(scalars));
	tcase_add_loop_test(tests, syntax_that_can_hide_content_is_rejected, 0, COUNT(refused));
	tcase_add_loop_test(tests, json_is_not_changed, 0, COUNT(json_texts));
	tcase_add_loop_test(
	    tests, byte_order_marks_and_comments_before_json_are_skipped, 0, COUNT(json_with_more));
	tcase_add_test(tests, nesting_is_limited_as_in_json);
	tcase_add_test(tests, many_keys_are_read_quickly);
	tcase_add_test(tests, existing_content_is_kept);
	tcase_add_test(tests, a_full_buffer_is_an_error);
	tcase_add_test(tests, messages_do_not_contain_the_text);
}

int main(void)
{
	return run_tests("yaml", add_tests);
}
