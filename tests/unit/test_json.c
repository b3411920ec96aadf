#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/utf8.h"
#include "tests/unit/expect.h"

static struct error err;

/* A text with its length, so that it may hold NUL bytes. */
#define TEXT(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
struct text {
	const char *bytes;
	size_t length;
};

/*
 * Parse a copy that ends where the text ends, so that a sanitizer sees every byte read behind it.
 */
static struct json *parse(const struct text *text, char **copy)
{
	*copy = malloc(text->length ? text->length : 1);
	memcpy(*copy, text->bytes, text->length);
	return json_parse(*copy, text->length, "the text", &err);
}

/* RFC 8259: what a parser must accept. */
static const struct text accepted[] = {
    /* lone scalars, white space */
    TEXT("null"),
    TEXT("true"),
    TEXT("false"),
    TEXT("0"),
    TEXT("\"\""),
    TEXT("\"a\""),
    TEXT(" 1 "),
    TEXT("\t\n\r 1\r\n\t "),
    TEXT("[]"),
    TEXT("{}"),
    TEXT("[ ]"),
    TEXT("{ }"),
    TEXT(" [] "),
    TEXT("[\n]"),
    TEXT("-0"),
    TEXT(" null"),
    TEXT("null\n"),
    TEXT(" \"x\" "),
    /* numbers */
    TEXT("[123]"),
    TEXT("[-1]"),
    TEXT("[0]"),
    TEXT("[-0]"),
    TEXT("[0e1]"),
    TEXT("[0E+1]"),
    TEXT("[1e2]"),
    TEXT("[1E-2]"),
    TEXT("[1E+22]"),
    TEXT("[123.456]"),
    TEXT("[-123.5e-10]"),
    TEXT("[0.0]"),
    TEXT("[1.0e00]"),
    TEXT("[10]"),
    TEXT("[20e1]"),
    TEXT("[-0.1]"),
    TEXT("[123456789012345678901234567890]"),
    TEXT("[1e400]"),
    TEXT("[-1e-400]"),
    TEXT("[1 ]"),
    TEXT("[ 1]"),
    TEXT("[1,2]"),
    TEXT("[1 , 2]"),
    TEXT("-1.5e3"),
    TEXT("[0.00000000000000000000000000000000000000000000000000000000000000000000000001]"),
    /* arrays and objects */
    TEXT("[[]]"),
    TEXT("[[],[]]"),
    TEXT("[{}]"),
    TEXT("[null]"),
    TEXT("[null,1,\"1\",{}]"),
    TEXT("[\"a\",\"b\"]"),
    TEXT("[true,false,null]"),
    TEXT("[[[[[[]]]]]]"),
    TEXT("{\"a\":\"b\"}"),
    TEXT("{\"a\":\"b\",\"c\":\"d\"}"),
    TEXT("{\"\":0}"),
    TEXT("{\"a\":[]}"),
    TEXT("{\"a\":{}}"),
    TEXT("{ \"a\" : 1 , \"b\" : 2 }"),
    TEXT("{\n\"a\":\n1\n}"),
    TEXT("{\"a\":{\"a\":{\"a\":1}}}"),
    TEXT("[{\"a\":1},{\"a\":1}]"),
    TEXT("{\"a\\u0000b\":1}"),
    TEXT("{\"min\":-1.0e+28,\"max\":1.0e+28}"),
    TEXT("{\"a\":1,\"A\":2}"),
    TEXT("{\"a\":null}"),
    TEXT("[{\"a\":[{\"b\":[]}]},2]"),
    /* strings: escapes */
    TEXT("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
    TEXT("[\"\\u0060\\u012a\\u12AB\"]"),
    TEXT("[\"\\\\u0000\"]"),
    TEXT("[\"\\\"\"]"),
    TEXT("[\"\\\\\"]"),
    TEXT("[\"\\\\n\"]"),
    TEXT("[\"\\u0000\"]"),
    TEXT("[\"\\uFFFF\"]"),
    TEXT("[\"\\uFFFE\"]"),
    TEXT("[\"\\uFDD0\"]"),
    TEXT("[\"\\u0022\"]"),
    TEXT("[\"\\u005C\"]"),
    TEXT("[\"\\uaBcD\"]"),
    TEXT("[\"\\uD801\\udc37\"]"),
    TEXT("[\"\\ud83d\\ude39\\ud83d\\udc8d\"]"),
    TEXT("[\"\\uDBFF\\uDFFF\"]"),
    TEXT("[\"\\uD800\\uDC00\"]"),
    TEXT("[\"\\uD7FF\\uE000\"]"),
    TEXT("\"\\ud834\\uDd1e\""),
    TEXT("[\"a/*b*/c\"]"),
    TEXT("[\"asd \"]"),
    TEXT("[\"new\\u000Aline\"]"),
    /* strings: UTF-8, at the edges of its ranges */
    TEXT("[\"\x7F\"]"),
    TEXT("[\"\xC2\x80\"]"),
    TEXT("[\"\xDF\xBF\"]"),
    TEXT("[\"\xE0\xA0\x80\"]"),
    TEXT("[\"\xED\x9F\xBF\"]"),
    TEXT("[\"\xEE\x80\x80\"]"),
    TEXT("[\"\xEF\xBF\xBF\"]"),
    TEXT("[\"\xF0\x90\x80\x80\"]"),
    TEXT("[\"\xF4\x8F\xBF\xBF\"]"),
    TEXT("[\"\xE2\x80\xA8\"]"),
    TEXT("[\"\xEF\xBB\xBF\"]"),
    TEXT("[\"\xF0\x9B\xBF\xBF"
	 "a\"]"),
    TEXT("\"\xC3\xA9t\xC3\xA9\""),
    TEXT("{\"\xC3\xA9\":1}"),
};

START_TEST(json_is_accepted)
{
	cleanup_free char *copy = NULL;
	cleanup_json struct json *document = parse(&accepted[_i], &copy);

	ck_assert_msg(document != NULL, "%s: %s", accepted[_i].bytes, err.message);
	ck_assert_int_ne(json_type(document, JSON_ROOT), JSON_NOTHING);
}
END_TEST

/* RFC 8259: what a parser must refuse. */
static const struct text refused[] = {
    /* nothing, or more than one value */
    TEXT(""),
    TEXT(" "),
    TEXT("\n"),
    TEXT("\0"),
    TEXT("1 2"),
    TEXT("1,"),
    TEXT("[]]"),
    TEXT("{}}"),
    TEXT("[][]"),
    TEXT("{}{}"),
    TEXT("[1]x"),
    TEXT("{\"a\":1}#"),
    TEXT("{\"a\":1}/**/"),
    TEXT("null null"),
    TEXT("\"a\"\"b\""),
    TEXT("\"a\",1"),
    TEXT("[1]\0"),
    TEXT("1\0"),
    TEXT("\"a\" x"),
    TEXT("{\"a\":1}x"),
    TEXT("{\"a\":\"b\"},"),
    TEXT("[],"),
    TEXT("]"),
    TEXT("}"),
    TEXT(":"),
    TEXT(","),
    /* byte order marks, other encodings, white space that JSON has not */
    TEXT("\xEF\xBB\xBF{}"),
    TEXT("\xEF\xBB\xBF"),
    TEXT("\xEF\xBB"),
    TEXT("\xFE\xFF\0[\0]"),
    TEXT("\xFF\xFE[\0]\0"),
    TEXT("[\0]\0"),
    TEXT("[\f]"),
    TEXT("[\v]"),
    TEXT("\xC2\xA0[]"),
    TEXT("[\xE2\x81\xA0]"),
    TEXT("\xC2\x85[]"),
    TEXT("[]\f"),
    /* words */
    TEXT("nul"),
    TEXT("nulll"),
    TEXT("tru"),
    TEXT("fals"),
    TEXT("True"),
    TEXT("NULL"),
    TEXT("undefined"),
    TEXT("[nul]"),
    TEXT("[truee]"),
    TEXT("[a]"),
    TEXT("abc"),
    TEXT("[NaN]"),
    TEXT("[-NaN]"),
    TEXT("[nan]"),
    TEXT("[Infinity]"),
    TEXT("[-Infinity]"),
    TEXT("[inf]"),
    TEXT("nu\0l"),
    TEXT("t"),
    TEXT("[n]"),
    /* numbers */
    TEXT("[+1]"),
    TEXT("[-]"),
    TEXT("-"),
    TEXT("[--1]"),
    TEXT("[-a]"),
    TEXT("[01]"),
    TEXT("[-01]"),
    TEXT("[00]"),
    TEXT("012"),
    TEXT("[1.]"),
    TEXT("[.1]"),
    TEXT("[-.1]"),
    TEXT("[1.e1]"),
    TEXT("[1e]"),
    TEXT("[1e+]"),
    TEXT("[1E-]"),
    TEXT("[0e]"),
    TEXT("[1ee2]"),
    TEXT("[1e1.5]"),
    TEXT("[1.2.3]"),
    TEXT("[0x1]"),
    TEXT("[1_000]"),
    TEXT("[1a]"),
    TEXT("[1 000]"),
    TEXT("[- 1]"),
    TEXT("[2.e3]"),
    TEXT("[1e 2]"),
    TEXT("[\xEF\xBC\x91]"),
    TEXT("[++1]"),
    TEXT("1.0."),
    TEXT("[1-2]"),
    TEXT("0x42"),
    TEXT("[0.3e+]"),
    TEXT("1e"),
    TEXT("-0."),
    TEXT("[-2.]"),
    TEXT("[9.e+]"),
    TEXT("[1\0]"),
    TEXT("1\xC3\xA9"),
    /* arrays */
    TEXT("["),
    TEXT("[1"),
    TEXT("[1,"),
    TEXT("[,1]"),
    TEXT("[1,]"),
    TEXT("[1,,2]"),
    TEXT("[,]"),
    TEXT("[1 true]"),
    TEXT("[1:2]"),
    TEXT("[\"a\":1]"),
    TEXT("[\"\": 1]"),
    TEXT("[1}"),
    TEXT("[}"),
    TEXT("[[]"),
    TEXT("[1 2]"),
    TEXT("[\"a\" \"b\"]"),
    TEXT("[\"a\""),
    TEXT("[\"\"a]"),
    TEXT("[[1]2]"),
    TEXT("[3[4]]"),
    TEXT("[1;2]"),
    TEXT("[\n1\n,"),
    TEXT("[[]1]"),
    TEXT("[{}\n"),
    TEXT("[1,\n1\n,1"),
    TEXT("[*]"),
    TEXT("[<null>]"),
    TEXT("(1)"),
    /* objects */
    TEXT("{"),
    TEXT("{\""),
    TEXT("{\"a\""),
    TEXT("{\"a\":"),
    TEXT("{\"a\":1"),
    TEXT("{\"a\":1,"),
    TEXT("{\"a\":1,}"),
    TEXT("{,\"a\":1}"),
    TEXT("{,}"),
    TEXT("{\"a\":1,,\"b\":2}"),
    TEXT("{\"a\"}"),
    TEXT("{\"a\",1}"),
    TEXT("{\"a\" 1}"),
    TEXT("{\"a\"::1}"),
    TEXT("{:1}"),
    TEXT("{1:1}"),
    TEXT("{null:1}"),
    TEXT("{true:1}"),
    TEXT("{a:1}"),
    TEXT("{'a':1}"),
    TEXT("{\"a\":}"),
    TEXT("{\"a\":1 \"b\":2}"),
    TEXT("{\"a\":1]"),
    TEXT("{]"),
    TEXT("{[]:1}"),
    TEXT("{{}:1}"),
    TEXT("{\"a\":1:2}"),
    TEXT("{\"a\":1 2}"),
    TEXT("{\"a\":\"b\" \"c\"}"),
    TEXT("{\"a\":1;\"b\":2}"),
    TEXT("{}}"),
    TEXT("{\"a\":/*c*/1}"),
    TEXT("{\"a\":b}"),
    TEXT("{\"a\":\"b\",\"c\"}"),
    TEXT("{\"a\":\"b\",3}"),
    TEXT("{\"a\":\"a"),
    TEXT("{\"x\", null}"),
    TEXT("{9999E1:1}"),
    /* strings */
    TEXT("\""),
    TEXT("\"a"),
    TEXT("'a'"),
    TEXT("[\"a]"),
    TEXT("[\"\\"),
    TEXT("\"\\\""),
    TEXT("[\"\\x00\"]"),
    TEXT("[\"\\a\"]"),
    TEXT("[\"\\'\"]"),
    TEXT("[\"\\0\"]"),
    TEXT("[\"\\U0041\"]"),
    TEXT("[\"\\\"]"),
    TEXT("[\"\\ \"]"),
    TEXT("[\"\\\n\"]"),
    TEXT("[\"\n\"]"),
    TEXT("[\"\t\"]"),
    TEXT("[\"\r\"]"),
    TEXT("[\"\0\"]"),
    TEXT("[\"a\0b\"]"),
    TEXT("[\"\x1F\"]"),
    TEXT("[\"\x01\"]"),
    TEXT("[\"\\u\"]"),
    TEXT("[\"\\u1\"]"),
    TEXT("[\"\\u12\"]"),
    TEXT("[\"\\u123\"]"),
    TEXT("[\"\\u123g\"]"),
    TEXT("[\"\\u-123\"]"),
    TEXT("[\"\\u 123\"]"),
    TEXT("\"\\u00"),
    TEXT("\"\\u"),
    TEXT("\"\\u0041"),
    TEXT("[\"\\\0\"]"),
    TEXT("[\"\\\xC3\xA9\"]"),
    TEXT("[\\n]"),
    /* half surrogate pairs, which UTF-8 cannot encode */
    TEXT("[\"\\uD800\"]"),
    TEXT("[\"\\uDC00\"]"),
    TEXT("[\"\\uDBFF\"]"),
    TEXT("[\"\\uDFFF\"]"),
    TEXT("[\"\\uD800a\"]"),
    TEXT("[\"\\uD800\\n\"]"),
    TEXT("[\"\\uD800\\uD800\"]"),
    TEXT("[\"\\uDC00\\uD800\"]"),
    TEXT("[\"\\uD800\\u0041\"]"),
    TEXT("[\"\\uD800\\u\"]"),
    TEXT("[\"\\uD800\\uDC0\"]"),
    TEXT("[\"\\uD834\\udx1e\"]"),
    TEXT("\"\\uD800\\"),
    TEXT("[\"\\uD800\\uE000\"]"),
    TEXT("[\"\\uD800\\\\uDC00\"]"),
    TEXT("{\"\\uD800\":1}"),
    TEXT("\"\\uD800\\uDC"),
    /* not UTF-8: stray and missing bytes, overlong forms, surrogates, past U+10FFFF */
    TEXT("[\"\x80\"]"),
    TEXT("[\"\xBF\"]"),
    TEXT("[\"\xC3\"]"),
    TEXT("[\"\xC3(\"]"),
    TEXT("[\"\xE2\x82\"]"),
    TEXT("[\"\xE2(\xA1\"]"),
    TEXT("[\"\xF0\x9F\x98\"]"),
    TEXT("[\"\xC0\x80\"]"),
    TEXT("[\"\xC0\xAF\"]"),
    TEXT("[\"\xC1\xBF\"]"),
    TEXT("[\"\xE0\x80\x80\"]"),
    TEXT("[\"\xE0\x9F\xBF\"]"),
    TEXT("[\"\xF0\x80\x80\x80\"]"),
    TEXT("[\"\xF0\x8F\xBF\xBF\"]"),
    TEXT("[\"\xED\xA0\x80\"]"),
    TEXT("[\"\xED\xBF\xBF\"]"),
    TEXT("[\"\xF4\x90\x80\x80\"]"),
    TEXT("[\"\xF5\x80\x80\x80\"]"),
    TEXT("[\"\xF8\x88\x80\x80\x80\"]"),
    TEXT("[\"\xFE\"]"),
    TEXT("[\"\xFF\"]"),
    TEXT("[\"\xE9\"]"),
    TEXT("\"\xF0\x9F"),
    TEXT("[\xE9]"),
    TEXT("{\"\xFF\":1}"),
    TEXT("[\"\xC3\xA9\x80\"]"),
};

START_TEST(anything_else_is_rejected)
{
	cleanup_free char *copy = NULL;
	cleanup_json struct json *document = parse(&refused[_i], &copy);

	ck_assert_msg(document == NULL, "accepted: %s", refused[_i].bytes);
	ck_assert_int_eq(err.code, ERROR_INVALID);
	expect_contains(err.message, "the text: line ");
}
END_TEST

/* Every beginning of a JSON text that is not a lone number is itself no JSON. */
START_TEST(an_incomplete_text_is_rejected)
{
	static const char whole[] = "{\"a\":[1,-2.5e+3,true,false,null,"
				    "\"\\u00e9\\ud83d\\ude39\xC3\xA9\"],\"b\":{\"c\":{}}}";

	for (size_t length = 0; length < sizeof(whole) - 1; length++) {
		struct text text = {whole, length};
		cleanup_free char *copy = NULL;
		cleanup_json struct json *document = parse(&text, &copy);
		ck_assert_msg(document == NULL, "accepted: %.*s", (int)length, whole);
	}
}
END_TEST

static const char *const duplicates[] = {
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"b\":2,\"a\":3}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\\u0061\":1,\"a\":2}",
    "{\"\\/\":1,\"/\":2}",
    "{\"\\u00e9\":1,\"\xC3\xA9\":2}",
    "{\"\\ud83d\\ude39\":1,\"\xF0\x9F\x98\xB9\":2}",
    "{\"\":1,\"\":2}",
    "{\"a\\u0000\":1,\"a\\u0000\":2}",
    "[{\"x\":{\"a\":1,\"a\":2}}]",
    "{\"a\":{\"a\":1},\"b\":0,\"b\":0}",
};

START_TEST(a_duplicate_name_is_rejected)
{
	struct text text = {duplicates[_i], strlen(duplicates[_i])};
	cleanup_free char *copy = NULL;
	cleanup_json struct json *document = parse(&text, &copy);

	ck_assert_ptr_null(document);
	ck_assert_int_eq(err.code, ERROR_INVALID);
	expect_contains(err.message, "duplicate member name");
}
END_TEST

static const char *const no_duplicates[] = {
    "{\"a\":1,\"a\\u0000\":2}",
    "{\"\\\\n\":1,\"\\n\":2}",
    "{\"a\":1,\"\\\\u0061\":2}",
    "{\"ab\":1,\"ba\":2,\"a\":3,\"b\":4}",
    "[{\"a\":1},{\"a\":2}]",
};

START_TEST(names_that_only_look_alike_are_distinct)
{
	struct text text = {no_duplicates[_i], strlen(no_duplicates[_i])};
	cleanup_free char *copy = NULL;
	cleanup_json struct json *document = parse(&text, &copy);

	ck_assert_msg(document != NULL, "%s", err.message);
}
END_TEST

/* `depth` arrays, or objects, in each other. */
static void nest(struct secret_buffer *text, int depth, const char *open, const char *close)
{
	for (int i = 0; i < depth; i++)
		expect_ok(secret_buffer_append_string(text, open, &err), err);
	expect_ok(secret_buffer_append_string(text, "1", &err), err);
	for (int i = 0; i < depth; i++)
		expect_ok(secret_buffer_append_string(text, close, &err), err);
}

static const char *const brackets[][2] = {{"[", "]"}, {"{\"a\":", "}"}};

START_TEST(nesting_is_limited)
{
	for (int surplus = 0; surplus < 2; surplus++) {
		cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
		nest(&text, JSON_DEPTH_MAX + surplus, brackets[_i][0], brackets[_i][1]);
		cleanup_json struct json *document =
		    json_parse(text.data, text.length, "the text", &err);
		ck_assert((document == NULL) == surplus);
	}
	ck_assert_int_eq(err.code, ERROR_TOO_LARGE);
	expect_contains(err.message, "nested too deep");
}
END_TEST

/* Texts over which a careless parser takes quadratic time, or its stack. */
static const char *const hostile[] = {"[", "{\"a\":", "]", "[{", "\"", "[1,", "{}", "\\"};

START_TEST(a_million_of_anything_is_read_quickly)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	for (int i = 0; i < 1000000; i++)
		expect_ok(secret_buffer_append_string(&text, hostile[_i], &err), err);
	cleanup_json struct json *document = json_parse(text.data, text.length, "the text", &err);
	ck_assert_ptr_null(document);
}
END_TEST

START_TEST(many_members_are_checked_in_time)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&text, "{\"a\":0", &err), err);
	for (int i = 0; i < 100000; i++)
		expect_ok(secret_buffer_append_format(&text, &err, ",\"%d\":%d", i, i), err);
	expect_ok(secret_buffer_append_string(&text, "}", &err), err);
	cleanup_json struct json *document = json_parse(text.data, text.length, "the text", &err);
	ck_assert_msg(document != NULL, "%s", err.message);
	ck_assert_uint_eq(json_count(document, JSON_ROOT), 100001);
	ck_assert_int_eq(
	    json_integer(document, json_member(document, JSON_ROOT, "99999"), -1), 99999);
}
END_TEST

static const struct {
	const char *text, *place;
} places[] = {
    {"[1,\n 2,\n  x]", "line 3, column 3: expected a value"},
    {"x", "line 1, column 1"},
    {"\xEF\xBB\xBF{}", "line 1, column 1: a byte order mark"},
    {"[\"\xC3\xA9\xC3\xA9\" 1]", "line 1, column 7: expected ',' or ']'"},
    {"{\"a\":1,\n\"a\":2}", "line 2, column 1: duplicate member name"},
    {"{\"a\":1,,", "line 1, column 8: expected a member's name in double quotes"},
    {"[\"ab\n\"]", "line 1, column 5: an unescaped control character"},
    {"{\"a\" 1}", "line 1, column 6: expected ':'"},
    {"[1] 2", "line 1, column 5: text after the value"},
    {"[1", "line 1, column 3: the text ends within an object or array"},
    {"", "line 1, column 1: the text ends before a value"},
};

START_TEST(a_message_names_line_and_column)
{
	const char *text = places[_i].text;

	ck_assert_ptr_null(json_parse(text, strlen(text), "secrets.json", &err));
	expect_contains(err.message, "secrets.json: ");
	expect_contains(err.message, places[_i].place);
}
END_TEST

START_TEST(a_message_never_shows_the_text)
{
	static const char text[] = "{\"password\":\"hunter2\",\"password\":\"hunter2\" hunter2";

	for (size_t length = 0; length < sizeof(text); length++)
		if (!json_parse(text, length, "the text", &err)) {
			expect_lacks(err.message, "hunter");
			expect_lacks(err.message, "password");
		}
}
END_TEST

static const char sample[] =
    "{\"s\":\"a\\n\\u00e9\\ud83d\\ude39\",\"n\":-12,\"t\":true,\"f\":false,\"z\":null,\n"
    "  \"o\":{\"in\":{\"deep\":\"yes\"}}, "
    "\"l\":[1,[2],{\"x\":3},\"four\"],\"big\":9223372036854775807,"
    "\"over\":9223372036854775808,\"small\":-9223372036854775808,\"under\":-9223372036854775809,"
    "\"frac\":1.0,\"nul\":\"a\\u0000b\",\"e\\u0061\":1,\"plain\":\"text\",\"\":\"empty name\"}";

static struct json *parse_sample(void)
{
	struct json *document = json_parse(sample, strlen(sample), "the sample", &err);

	ck_assert_msg(document != NULL, "%s", err.message);
	return document;
}

static const struct {
	const char *name;
	enum json_type type;
} types[] = {
    {"s", JSON_STRING},
    {"n", JSON_NUMBER},
    {"t", JSON_BOOLEAN},
    {"f", JSON_BOOLEAN},
    {"z", JSON_NULL},
    {"o", JSON_OBJECT},
    {"l", JSON_ARRAY},
    {"ea", JSON_NUMBER},
    {"", JSON_STRING},
    {"e\\u0061", JSON_NOTHING},
    {"missing", JSON_NOTHING},
    {"deep", JSON_NOTHING},
    {"a\n", JSON_NOTHING},
};

START_TEST(members_are_found_by_their_unescaped_names)
{
	cleanup_json struct json *document = parse_sample();
	json_node node = json_member(document, JSON_ROOT, types[_i].name);

	ck_assert_int_eq(json_type(document, node), types[_i].type);
}
END_TEST

START_TEST(a_name_is_compared_literally)
{
	static const char text[] = "[\"x\\\\u0061y\",\"xay\\n\",\"\\\\\"]";
	cleanup_json struct json *document = json_parse(text, strlen(text), "the text", &err);
	json_node first = json_first(document, JSON_ROOT), second = json_next(document, first);
	json_node third = json_next(document, second);

	ck_assert(json_string_is(document, first, "x\\u0061y"));
	ck_assert(!json_string_is(document, second, "xay\\n"));
	ck_assert(!json_string_is(document, second, "\\u0061\\"));
	ck_assert(json_string_is(document, second, "xay\n"));
	ck_assert(json_string_is(document, third, "\\"));
	ck_assert(!json_string_is(document, third, "/"));
}
END_TEST

static const struct {
	const char *name;
	int64_t number;
} integers[] = {
    {"n", -12},
    {"big", INT64_MAX},
    {"small", INT64_MIN},
    {"over", 42},
    {"under", 42},
    {"frac", 42},
    {"s", 42},
    {"t", 42},
    {"missing", 42},
};

START_TEST(integers_are_read_if_they_fit)
{
	cleanup_json struct json *document = parse_sample();
	json_node node = json_member(document, JSON_ROOT, integers[_i].name);

	ck_assert_int_eq(json_integer(document, node, 42), integers[_i].number);
}
END_TEST

START_TEST(booleans_are_read)
{
	cleanup_json struct json *document = parse_sample();

	ck_assert(json_boolean(document, json_member(document, JSON_ROOT, "t"), false));
	ck_assert(!json_boolean(document, json_member(document, JSON_ROOT, "f"), true));
	ck_assert(json_boolean(document, json_member(document, JSON_ROOT, "n"), true));
	ck_assert(!json_boolean(document, JSON_ABSENT, false));
}
END_TEST

START_TEST(a_path_ends_at_the_first_missing_member)
{
	cleanup_json struct json *document = parse_sample();

	ck_assert(json_string_is(
	    document, json_path(document, JSON_ROOT, "o", "in", "deep", NULL), "yes"));
	ck_assert_int_eq(json_path(document, JSON_ROOT, "o", "out", "deep", NULL), JSON_ABSENT);
	ck_assert_int_eq(json_path(document, JSON_ROOT, "n", "in", NULL), JSON_ABSENT);
	ck_assert_int_eq(json_path(document, JSON_ROOT, NULL), JSON_ROOT);
	ck_assert_int_eq(json_path(NULL, JSON_ROOT, "o", NULL), JSON_ABSENT);
}
END_TEST

START_TEST(walking_visits_only_elements)
{
	cleanup_json struct json *document = parse_sample();
	json_node list = json_member(document, JSON_ROOT, "l");
	enum json_type seen[8];
	size_t count = 0;

	json_each (document, list, node)
		seen[count++] = json_type(document, node);
	ck_assert_uint_eq(count, 4);
	ck_assert_uint_eq(json_count(document, list), 4);
	ck_assert_int_eq(seen[0], JSON_NUMBER);
	ck_assert_int_eq(seen[1], JSON_ARRAY);
	ck_assert_int_eq(seen[2], JSON_OBJECT);
	ck_assert_int_eq(seen[3], JSON_STRING);
	json_each (document, json_member(document, JSON_ROOT, "n"), node)
		ck_abort_msg("a number has no elements, not %d", node);
}
END_TEST

START_TEST(strings_come_out_unescaped)
{
	cleanup_json struct json *document = parse_sample();
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;

	expect_ok(json_string(document, json_member(document, JSON_ROOT, "s"), &out, &err), err);
	expect_text(out, "a\n\xC3\xA9\xF0\x9F\x98\xB9");
	secret_buffer_reset(&out);
	expect_ok(json_string(document, json_member(document, JSON_ROOT, "nul"), &out, &err), err);
	expect_bytes(out, "a\0b", 3);
	expect_failure(json_string(document, json_member(document, JSON_ROOT, "n"), &out, &err),
	    err, ERROR_INVALID, "not a string");
	secret_buffer_reset(&out);
	expect_ok(json_name(document, json_member(document, JSON_ROOT, "ea"), &out, &err), err);
	expect_text(out, "ea");
	expect_failure(json_name(document, JSON_ROOT, &out, &err), err, ERROR_INVALID, "member");
}
END_TEST

START_TEST(duplicated_strings_are_public_text)
{
	cleanup_json struct json *document = parse_sample();
	cleanup_free char *text = json_strdup(document, json_member(document, JSON_ROOT, "s"));
	cleanup_free char *name =
	    json_name_strdup(document, json_member(document, JSON_ROOT, "ea"));

	ck_assert_str_eq(text, "a\n\xC3\xA9\xF0\x9F\x98\xB9");
	ck_assert_str_eq(name, "ea");
	ck_assert_ptr_null(json_strdup(document, json_member(document, JSON_ROOT, "nul")));
	ck_assert_ptr_null(json_strdup(document, json_member(document, JSON_ROOT, "n")));
	ck_assert_ptr_null(json_strdup(document, JSON_ABSENT));
	ck_assert_ptr_null(json_name_strdup(document, JSON_ROOT));
}
END_TEST

START_TEST(borrowed_text_is_unchanged)
{
	cleanup_json struct json *document = parse_sample();
	size_t length;
	const char *raw = json_raw(document, json_member(document, JSON_ROOT, "plain"), &length);

	ck_assert_uint_eq(length, 6);
	ck_assert_mem_eq(raw, "\"text\"", 6);
	raw = json_plain_string(document, json_member(document, JSON_ROOT, "plain"), &length);
	ck_assert_uint_eq(length, 4);
	ck_assert_mem_eq(raw, "text", 4);
	ck_assert_ptr_null(
	    json_plain_string(document, json_member(document, JSON_ROOT, "s"), &length));
	ck_assert_ptr_null(json_raw(document, JSON_ABSENT, &length));
	ck_assert_uint_eq(length, 0);
}
END_TEST

static const struct {
	const char *text, *compact;
} compacts[] = {
    {" { \"a\" : [ 1 , 2 ] ,\n\"b b\" : \" x  y \" }\n", "{\"a\":[1,2],\"b b\":\" x  y \"}"},
    {"[ ]", "[]"},
    {"[\"\\\" \", \"\\\\\", 1.50e+07]", "[\"\\\" \",\"\\\\\",1.50e+07]"},
    {" true ", "true"},
    {"\t\" \\u0020 \"", "\" \\u0020 \""},
    {"-0.0", "-0.0"},
};

START_TEST(compact_form_removes_only_white_space)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;
	const char *text = compacts[_i].text;
	cleanup_json struct json *document = json_parse(text, strlen(text), "the text", &err);

	expect_ok(json_compact(document, JSON_ROOT, &out, &err), err);
	expect_text(out, compacts[_i].compact);
	expect_failure(
	    json_compact(document, JSON_ABSENT, &out, &err), err, ERROR_INVALID, "no such value");
}
END_TEST

START_TEST(a_writer_writes_commas_and_escapes)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;
	struct json_writer writer;

	json_writer_init(&writer, &out);
	json_write_object(&writer);
	json_write_member(&writer, "a\"b",
	    "c\\d\x01\x1f\b\f\n\r\t/\x7f\xC3\xA9\xC2\x9B\xE2\x80\xAE\xE2\x81\xA6\xF0\x9F\x98\x80");
	json_write_name_bytes(&writer, "n\0n", 3);
	json_write_string_bytes(&writer, "v\0v", 3);
	json_write_name(&writer, "list");
	json_write_array(&writer);
	json_write_integer(&writer, INT64_MIN);
	json_write_boolean(&writer, true);
	json_write_boolean(&writer, false);
	json_write_null(&writer);
	json_write_object(&writer);
	json_write_object_end(&writer);
	json_write_array(&writer);
	json_write_array_end(&writer);
	json_write_base64(&writer, "foob", 4);
	json_write_base64(&writer, NULL, 0);
	json_write_raw(&writer, "1.5", 3);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	expect_ok(json_writer_finish(&writer, &err), err);
	expect_text(out,
	    "{\"a\\\"b\":\"c\\\\d\\u0001\\u001f\\b\\f\\n\\r\\t/"
	    "\\u007f\xC3\xA9\\u009b\\u202e\\u2066\xF0\x9F\x98\x80\",\"n\\u0000n\":\"v\\u0000v\","
	    "\"list\":[-9223372036854775808,true,false,null,{},[],\"Zm9vYg==\",\"\",1.5]}");
	cleanup_json struct json *back =
	    json_parse(out.data, out.length, "the writer's text", &err);
	ck_assert_msg(back != NULL, "%s", err.message);
}
END_TEST

START_TEST(every_character_is_read_back)
{
	cleanup_secret struct secret_buffer all = SECRET_BUFFER_INIT, out = SECRET_BUFFER_INIT,
					    back = SECRET_BUFFER_INIT;
	struct json_writer writer;
	char utf8[4];

	for (unsigned long code = 0; code <= 0x10FFFF; code++)
		if (code < 0xD800 || code > 0xDFFF)
			expect_ok(
			    secret_buffer_append(&all, utf8, utf8_encode(code, utf8), &err), err);
	json_writer_init(&writer, &out);
	json_write_string_bytes(&writer, all.data, all.length);
	expect_ok(json_writer_finish(&writer, &err), err);
	cleanup_json struct json *document = json_parse(out.data, out.length, "the text", &err);
	expect_ok(json_string(document, JSON_ROOT, &back, &err), err);
	ck_assert(secret_buffer_equal(&back, &all));
}
END_TEST

static void write_bad_text(struct json_writer *writer)
{
	json_write_string(writer, "\xFF");
}

static void write_two_values(struct json_writer *writer)
{
	json_write_null(writer);
	json_write_null(writer);
}

static void write_no_value(struct json_writer *writer)
{
	(void)writer;
}

static void write_open_object(struct json_writer *writer)
{
	json_write_object(writer);
}

static void write_surplus_end(struct json_writer *writer)
{
	json_write_null(writer);
	json_write_array_end(writer);
}

static void write_too_deep(struct json_writer *writer)
{
	for (int i = 0; i < JSON_DEPTH_MAX + 1; i++)
		json_write_array(writer);
	for (int i = 0; i < JSON_DEPTH_MAX + 1; i++)
		json_write_array_end(writer);
}

static void write_empty_raw(struct json_writer *writer)
{
	json_write_raw(writer, "", 0);
}

static const struct {
	void (*write)(struct json_writer *writer);
	const char *message;
} mistakes[] = {
    {write_bad_text, "not UTF-8"},
    {write_two_values, "a second value"},
    {write_no_value, "no value"},
    {write_open_object, "not closed"},
    {write_surplus_end, "an end without a beginning"},
    {write_too_deep, "nested too deep"},
    {write_empty_raw, "no value"},
};

START_TEST(a_writer_keeps_its_first_failure)
{
	cleanup_secret struct secret_buffer out = SECRET_BUFFER_INIT;
	struct json_writer writer;

	json_writer_init(&writer, &out);
	mistakes[_i].write(&writer);
	ck_assert_int_eq(json_writer_finish(&writer, &err), -1);
	expect_contains(err.message, mistakes[_i].message);
}
END_TEST

START_TEST(invalid_utf8_is_found_anywhere_in_long_ascii)
{
	char text[40];

	for (size_t place = 0; place < sizeof(text); place++) {
		memset(text, 'a', sizeof(text));
		ck_assert(utf8_is_valid(text, sizeof(text)));
		text[place] = (char)0x80;
		ck_assert(utf8_is_valid(text, place));
		ck_assert(!utf8_is_valid(text, place + 1));
		ck_assert(!utf8_is_valid(text, sizeof(text)));
		if (place == 0)
			continue;
		text[place - 1] = (char)0xC3;
		ck_assert(utf8_is_valid(text, sizeof(text)));
	}
}
END_TEST

START_TEST(a_writer_stops_at_its_buffers_limit)
{
	cleanup_secret struct secret_buffer out = {.limit = 4};
	struct json_writer writer;

	json_writer_init(&writer, &out);
	json_write_string(&writer, "longer");
	ck_assert_int_eq(json_writer_finish(&writer, &err), -1);
	ck_assert_int_eq(err.code, ERROR_TOO_LARGE);
}
END_TEST

START_TEST(a_missing_document_has_no_values)
{
	char *text;

	expect_ok(json_copy_string(NULL, JSON_ABSENT, &text, &err), err);
	ck_assert_ptr_null(text);
	expect_ok(json_copy_name(NULL, JSON_ABSENT, &text, &err), err);
	ck_assert_ptr_null(text);
	ck_assert_ptr_null(json_strdup(NULL, JSON_ABSENT));
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_missing_document_has_no_values);
	tcase_add_loop_test(tests, json_is_accepted, 0, COUNT(accepted));
	tcase_add_loop_test(tests, anything_else_is_rejected, 0, COUNT(refused));
	tcase_add_test(tests, an_incomplete_text_is_rejected);
	tcase_add_loop_test(tests, a_duplicate_name_is_rejected, 0, COUNT(duplicates));
	tcase_add_loop_test(
	    tests, names_that_only_look_alike_are_distinct, 0, COUNT(no_duplicates));
	tcase_add_loop_test(tests, nesting_is_limited, 0, COUNT(brackets));
	tcase_add_loop_test(tests, a_million_of_anything_is_read_quickly, 0, COUNT(hostile));
	tcase_add_test(tests, many_members_are_checked_in_time);
	tcase_add_loop_test(tests, a_message_names_line_and_column, 0, COUNT(places));
	tcase_add_test(tests, a_message_never_shows_the_text);
	tcase_add_loop_test(tests, members_are_found_by_their_unescaped_names, 0, COUNT(types));
	tcase_add_test(tests, a_name_is_compared_literally);
	tcase_add_loop_test(tests, integers_are_read_if_they_fit, 0, COUNT(integers));
	tcase_add_test(tests, booleans_are_read);
	tcase_add_test(tests, a_path_ends_at_the_first_missing_member);
	tcase_add_test(tests, walking_visits_only_elements);
	tcase_add_test(tests, strings_come_out_unescaped);
	tcase_add_test(tests, duplicated_strings_are_public_text);
	tcase_add_test(tests, borrowed_text_is_unchanged);
	tcase_add_loop_test(tests, compact_form_removes_only_white_space, 0, COUNT(compacts));
	tcase_add_test(tests, a_writer_writes_commas_and_escapes);
	tcase_add_test(tests, every_character_is_read_back);
	tcase_add_loop_test(tests, a_writer_keeps_its_first_failure, 0, COUNT(mistakes));
	tcase_add_test(tests, invalid_utf8_is_found_anywhere_in_long_ascii);
	tcase_add_test(tests, a_writer_stops_at_its_buffers_limit);
}

int main(void)
{
	return run_tests("json", add);
}
