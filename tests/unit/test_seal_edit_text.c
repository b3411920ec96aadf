#include <stdio.h>

#include "lib/seal/edit_text.h"
#include "tests/unit/expect.h"

static struct error err;
static struct variables values, read_back;
static struct secret_buffer text;

static void tear_down(void)
{
	variables_free(&values);
	variables_free(&read_back);
	secret_buffer_free(&text);
}

static void give(const char *name, const char *bytes, size_t length)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&value, bytes, length, &err), err);
	expect_ok(variables_add(&values, name, &value, "a test", &err), err);
}

static void write_and_read(void)
{
	expect_ok(edit_text_write_values(&values, "a title", &text, &err), err);
	expect_ok(edit_text_read_values(&text, &read_back, &err), err);
	ck_assert_uint_eq(read_back.count, values.count);
	for (size_t i = 0; i < values.count; i++) {
		const struct variable *variable = variables_find(&read_back, values.items[i].name);
		ck_assert_ptr_nonnull(variable);
		expect_bytes(variable->value, secret_buffer_string(&values.items[i].value),
		    values.items[i].value.length);
	}
}

/* Values that YAML could change: line ends, white space, other types, odd characters. */
START_TEST(every_value_is_read_back_unchanged)
{
	static const char *const odd[] = {"", " ", "\n", "\n\n", "a\n", "a\nb", "a\n\n\n",
	    " a\nb\n", "\ta\n", "a \n b \n", "a\r\nb\r\n", "\r", "null", "~", "true", "1e3", "007",
	    "- a", "a: b", "# a", "a #b", "'", "\"", "\\n", "%a", "---", "...", "a\n---\nb\n",
	    "a\n# b\n", "\xC3\xA9", "\xC2\x85", "\xE2\x80\xA8", "\xEF\xBB\xBF", "\xF0\x9F\x98\x80",
	    "\x7F", "\x01", "\x1B[0m", "{", "[1]", "!!x", "&a", "*a", "|", ">", "@", "`", "a\tb\n",
	    "=======", "a\n=======\n<<<<<<< b\n", "a\n\tb\n", "  a\n b\n", "\xEF\xBF\xBE",
	    "\xEE\x80\x80\n"};
	char name[16];

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		snprintf(name, sizeof(name), "K%zu", i);
		give(name, odd[i], strlen(odd[i]));
	}
	write_and_read();
}
END_TEST

START_TEST(every_name_is_read_back)
{
	static const char *const odd[] = {"a\"b", "a\\", "a\nb: c", "\xC3\xA9", "a: b", "#", "yes"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		give(odd[i], "a value", 7);
	write_and_read();
}
END_TEST

START_TEST(every_byte_is_read_back)
{
	char bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	give("ALL", bytes, sizeof(bytes));
	give("NUL", "\0", 1);
	write_and_read();
	expect_contains(text.data, "\"NUL (base64)\": \"AA==\"");
}
END_TEST

START_TEST(names_that_look_like_other_types_are_read_back)
{
	give("1", "a", 1);
	give("true", "b", 1);
	give("null", "c", 1);
	give("-a", "d", 1);
	give("1.0", "e", 1);
	write_and_read();
}
END_TEST

START_TEST(no_values_are_read_back_as_none)
{
	write_and_read();
}
END_TEST

START_TEST(a_document_of_one_line_is_shown_with_one_member_a_line)
{
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT;

	expect_ok(
	    secret_buffer_append_string(&document, "{\"a\":1.0,\"b\\n\":{\"c\": 2}}", &err), err);
	expect_ok(edit_text_write_document(&document, &text, &err), err);
	expect_text(text, "{\n  \"a\": 1.0,\n  \"b\\n\": {\"c\": 2}\n}\n");
}
END_TEST

START_TEST(a_document_that_does_not_parse_is_refused)
{
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&document, "hunter2", &err), err);
	expect_failure(
	    edit_text_write_document(&document, &text, &err), err, ERROR_INVALID, "cannot edit it");
	expect_lacks(err.message, "hunter2");
}
END_TEST

static void give_to(struct variables *to, const char *name, const char *text_of_value)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&value, text_of_value, &err), err);
	expect_ok(variables_add(to, name, &value, "a test", &err), err);
}

/* Changes of one side are taken, the same change of both is one change, and others are shown. */
START_TEST(two_changed_versions_are_merged)
{
	struct variables mine = {0}, theirs = {0};
	static const char *const table[][4] = {
	    /* name, base, mine, theirs */
	    {"same", "1", "1", "1"},
	    {"mine", "1", "2", "1"},
	    {"theirs", "1", "1", "2"},
	    {"both", "1", "2", "2"},
	    {"clash", "1", "2", "3"},
	    {"unset-by-me", "1", NULL, "1"},
	    {"unset-by-them", "1", "1", NULL},
	    {"unset-and-set", "1", "2", NULL},
	    {"new-mine", NULL, "1", NULL},
	    {"new-theirs", NULL, NULL, "1"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct variables *const to[] = {&values, &mine, &theirs};
		for (size_t j = 0; j < 3; j++)
			if (table[i][j + 1])
				give_to(to[j], table[i][0], table[i][j + 1]);
	}
	expect_ok(edit_text_write_merged(&values, &mine, &theirs, true, &text, &err), err);
	expect_text(text, "{\n"
			  "  \"same\": 1,\n"
			  "  \"mine\": 2,\n"
			  "  \"theirs\": 2,\n"
			  "  \"both\": 2,\n"
			  "<<<<<<< your text\n"
			  "  \"clash\": 2,\n"
			  "=======\n"
			  "  \"clash\": 3,\n"
			  ">>>>>>> the Secret now\n"
			  "  \"new-theirs\": 1,\n"
			  "<<<<<<< your text\n"
			  "  \"unset-and-set\": 2,\n"
			  "=======\n"
			  ">>>>>>> the Secret now\n"
			  "  \"new-mine\": 1\n"
			  "}\n");
	expect_failure(edit_text_read_document(&text, &read_back, &err), err, ERROR_INVALID,
	    "line 6: conflict marker");
	variables_free(&mine);
	variables_free(&theirs);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, NULL, tear_down);
	tcase_add_test(tests, every_value_is_read_back_unchanged);
	tcase_add_test(tests, every_name_is_read_back);
	tcase_add_test(tests, every_byte_is_read_back);
	tcase_add_test(tests, names_that_look_like_other_types_are_read_back);
	tcase_add_test(tests, no_values_are_read_back_as_none);
	tcase_add_test(tests, a_document_of_one_line_is_shown_with_one_member_a_line);
	tcase_add_test(tests, a_document_that_does_not_parse_is_refused);
	tcase_add_test(tests, two_changed_versions_are_merged);
}

int main(void)
{
	return run_tests("seal_edit_text", add);
}
