#include <stdio.h>
#include <unistd.h>

#include "lib/seal/inputs.h"
#include "tests/unit/expect.h"

static struct error err;
static struct inputs inputs;
static struct variables values;
static struct secret_buffer members;
static char folder[] = "/tmp/seal-inputs-XXXXXX";
static char path[64];

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/input", folder);
}

static void tear_down(void)
{
	unlink(path);
	rmdir(folder);
	variables_free(&values);
	secret_buffer_free(&members);
	strings_free(&inputs.literals);
	strings_free(&inputs.files);
	strings_free(&inputs.env_files);
	strings_free(&inputs.generated);
}

/* Write the file, and return its path. */
static const char *file_of(const char *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
	return path;
}

static void give(struct strings *list, const char *text)
{
	expect_ok(strings_append(list, text, &err), err);
}

static void expect_value(size_t index, const char *name, const char *bytes, size_t length)
{
	ck_assert_uint_lt(index, values.count);
	ck_assert_str_eq(values.items[index].name, name);
	expect_bytes(values.items[index].value, bytes, length);
}

START_TEST(no_inputs_are_given_at_first)
{
	ck_assert(!inputs_given(&inputs));
	give(&inputs.literals, "A=1");
	ck_assert(inputs_given(&inputs));
}
END_TEST

START_TEST(literals_are_split_at_the_first_equals_sign)
{
	give(&inputs.literals, "A=x=y");
	give(&inputs.literals, "B=");
	expect_ok(inputs_read(&inputs, &values, &members, &err), err);
	expect_value(0, "A", "x=y", 3);
	expect_value(1, "B", "", 0);
}
END_TEST

START_TEST(a_literal_without_a_name_is_not_printed)
{
	give(&inputs.literals, "hunter2");
	expect_failure(
	    inputs_read(&inputs, &values, &members, &err), err, ERROR_USAGE, "--from-literal");
	expect_lacks(err.message, "hunter2");
}
END_TEST

START_TEST(files_keep_every_byte)
{
	file_of("a\0b\n", 4);
	char named[80];
	snprintf(named, sizeof(named), "KEY=%s", path);
	give(&inputs.files, named);
	give(&inputs.files, path);
	expect_ok(inputs_read(&inputs, &values, &members, &err), err);
	expect_value(0, "KEY", "a\0b\n", 4);
	expect_value(1, "input", "a\0b\n", 4);
}
END_TEST

START_TEST(a_file_that_is_too_large_is_refused)
{
	ck_assert_int_eq(truncate(file_of("", 0), (off_t)INPUT_BYTES_MAX + 1), 0);
	give(&inputs.files, path);
	expect_failure(inputs_read(&inputs, &values, &members, &err), err, ERROR_TOO_LARGE, path);
}
END_TEST

START_TEST(a_duplicate_name_names_both_sources)
{
	give(&inputs.literals, "A=1");
	give(&inputs.env_files, file_of("B=1\nA=2\n", 8));
	expect_failure(
	    inputs_read(&inputs, &values, &members, &err), err, ERROR_INVALID, "A comes from both");
	expect_contains(err.message, "--from-literal");
	expect_contains(err.message, "line 2");
}
END_TEST

START_TEST(the_members_of_a_document_are_values)
{
	static const char text[] = "{\"S\": \"x\", \"N\": 1.0, \"O\": {\"k\": [ ]}, \"Z\": null}";

	inputs.document = file_of(text, strlen(text));
	expect_ok(inputs_read(&inputs, &values, &members, &err), err);
	ck_assert_uint_eq(values.count, 3);
	expect_value(0, "S", "x", 1);
	expect_value(1, "N", "1.0", 3);
	expect_value(2, "O", "{\"k\":[]}", 8);
}
END_TEST

START_TEST(a_whole_document_is_read_unchanged)
{
	static const char text[] = "{ \"A\":\n\"x\" }\n\n";
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT;

	inputs.document = file_of(text, strlen(text));
	expect_ok(inputs_read_document(&inputs, &document, &err), err);
	expect_text(document, text);
	give(&inputs.literals, "B=1");
	expect_failure(inputs_read_document(&inputs, &document, &err), err, ERROR_USAGE,
	    "cannot be used with other values");
}
END_TEST

START_TEST(a_document_that_is_not_an_object_is_refused)
{
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT;

	inputs.document = file_of("[1]", 3);
	expect_failure(inputs_read_document(&inputs, &document, &err), err, ERROR_INVALID,
	    "not a JSON object");
}
END_TEST

START_TEST(a_yaml_document_becomes_json)
{
	static const char text[] = "A: x # comment\nB: [1, 2]\n";
	cleanup_secret struct secret_buffer document = SECRET_BUFFER_INIT;

	inputs.document = file_of(text, strlen(text));
	expect_ok(inputs_read_document(&inputs, &document, &err), err);
	expect_text(document, "{\"A\":\"x\",\"B\":[1,2]}");
	expect_ok(inputs_read(&inputs, &values, &members, &err), err);
	expect_value(1, "B", "[1,2]", 5);
	expect_text(members, "{\"A\":\"x\",\"B\":[1,2]}");
}
END_TEST

static void expect_generated(size_t index, size_t length, const char *characters)
{
	const struct secret_buffer *value = &values.items[index].value;

	ck_assert_uint_eq(value->length, length);
	ck_assert_uint_eq(strspn(value->data, characters), length);
}

START_TEST(values_are_generated)
{
	give(&inputs.generated, "A=500:hex");
	give(&inputs.generated, "B=500");
	expect_ok(inputs_read(&inputs, &values, &members, &err), err);
	expect_generated(0, 500, "0123456789abcdef");
	expect_generated(1, 500, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
}
END_TEST

/* Each of 10 digits appears about 1,000 times in 10,000, within 7 standard deviations. */
START_TEST(every_character_has_an_equal_chance)
{
	size_t counts[10] = {0};

	give(&inputs.generated, "A=10000:digits");
	expect_ok(inputs_read(&inputs, &values, &members, &err), err);
	for (size_t i = 0; i < 10000; i++)
		counts[values.items[0].value.data[i] - '0']++;
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_gt(counts[i], 790);
		ck_assert_uint_lt(counts[i], 1210);
	}
}
END_TEST

START_TEST(an_invalid_recipe_is_refused)
{
	give(&inputs.generated, "A=32:words");
	expect_failure(
	    inputs_read(&inputs, &values, &members, &err), err, ERROR_USAGE, "not a class");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, no_inputs_are_given_at_first);
	tcase_add_test(tests, literals_are_split_at_the_first_equals_sign);
	tcase_add_test(tests, a_literal_without_a_name_is_not_printed);
	tcase_add_test(tests, files_keep_every_byte);
	tcase_add_test(tests, a_file_that_is_too_large_is_refused);
	tcase_add_test(tests, a_duplicate_name_names_both_sources);
	tcase_add_test(tests, the_members_of_a_document_are_values);
	tcase_add_test(tests, a_whole_document_is_read_unchanged);
	tcase_add_test(tests, a_document_that_is_not_an_object_is_refused);
	tcase_add_test(tests, a_yaml_document_becomes_json);
	tcase_add_test(tests, values_are_generated);
	tcase_add_test(tests, every_character_has_an_equal_chance);
	tcase_add_test(tests, an_invalid_recipe_is_refused);
}

int main(void)
{
	return run_tests("seal_inputs", add);
}
