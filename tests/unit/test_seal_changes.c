#include "lib/seal/internal.h"
#include "tests/unit/expect.h"

static struct error err;
static struct seal_changes changes;
static struct secret_buffer before, after;

static void tear_down(void)
{
	seal_changes_free(&changes);
	secret_buffer_free(&before);
	secret_buffer_free(&after);
}

static void give(const char *name, const char *bytes, size_t length)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&value, bytes, length, &err), err);
	expect_ok(variables_add(&changes.values, name, &value, "a test", &err), err);
}

static int apply(const char *text)
{
	expect_ok(secret_buffer_append_string(&before, text, &err), err);
	return changes_apply(&changes, &before, "the document", &after, &err);
}

START_TEST(a_new_document_has_the_values)
{
	give("A", "1", 1);
	give("B", "\"\n", 2);
	expect_ok(changes_apply(&changes, NULL, "the document", &after, &err), err);
	expect_text(after, "{\"A\":\"1\",\"B\":\"\\\"\\n\"}");
}
END_TEST

START_TEST(other_members_keep_their_place_and_spelling)
{
	give("B", "new", 3);
	give("Z", "last", 4);
	expect_ok(strings_append(&changes.unset, "C", &err), err);
	expect_ok(strings_append(&changes.renamed, "D=E", &err), err);
	expect_ok(
	    apply("{ \"A\": 1.0, \"B\": \"old\", \"C\": null,\n\"D\": {\"x\": [ 1 ]} }"), err);
	expect_text(after, "{\"A\":1.0,\"B\":\"new\",\"E\":{\"x\": [ 1 ]},\"Z\":\"last\"}");
}
END_TEST

START_TEST(a_document_that_does_not_parse_is_refused)
{
	give("A", "1", 1);
	expect_failure(apply("{\"A\":"), err, ERROR_INVALID, "the document: line 1");
}
END_TEST

START_TEST(a_document_that_is_not_an_object_is_refused)
{
	give("A", "1", 1);
	expect_failure(apply("[1]"), err, ERROR_INVALID, "not a JSON object");
}
END_TEST

START_TEST(a_value_that_is_not_utf8_is_refused)
{
	give("A", "\xFF", 1);
	expect_failure(apply("{}"), err, ERROR_INVALID, "not UTF-8, which JSON needs");
}
END_TEST

START_TEST(a_missing_member_to_unset_is_refused)
{
	expect_ok(strings_append(&changes.unset, "B", &err), err);
	expect_failure(apply("{\"A\":1}"), err, ERROR_NOT_FOUND, "to unset or rename");
}
END_TEST

START_TEST(a_rename_to_an_existing_member_is_refused)
{
	expect_ok(strings_append(&changes.renamed, "A=B", &err), err);
	expect_failure(apply("{\"A\":1,\"B\":2}"), err, ERROR_USAGE, "member \"B\" already exists");
}
END_TEST

START_TEST(a_name_in_two_changes_is_refused)
{
	give("A", "1", 1);
	expect_ok(strings_append(&changes.unset, "A", &err), err);
	expect_failure(changes_check(&changes, &err), err, ERROR_USAGE, "\"A\": named twice");
}
END_TEST

START_TEST(two_renames_to_one_name_are_refused)
{
	expect_ok(strings_append(&changes.renamed, "A=C", &err), err);
	expect_ok(strings_append(&changes.renamed, "B=C", &err), err);
	expect_failure(changes_check(&changes, &err), err, ERROR_USAGE, "\"C\": named twice");
}
END_TEST

START_TEST(a_rename_without_a_new_name_is_refused)
{
	expect_ok(strings_append(&changes.renamed, "A=", &err), err);
	expect_failure(changes_check(&changes, &err), err, ERROR_USAGE, "write OLD=NEW");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, NULL, tear_down);
	tcase_add_test(tests, a_new_document_has_the_values);
	tcase_add_test(tests, other_members_keep_their_place_and_spelling);
	tcase_add_test(tests, a_document_that_does_not_parse_is_refused);
	tcase_add_test(tests, a_document_that_is_not_an_object_is_refused);
	tcase_add_test(tests, a_value_that_is_not_utf8_is_refused);
	tcase_add_test(tests, a_missing_member_to_unset_is_refused);
	tcase_add_test(tests, a_rename_to_an_existing_member_is_refused);
	tcase_add_test(tests, a_name_in_two_changes_is_refused);
	tcase_add_test(tests, two_renames_to_one_name_are_refused);
	tcase_add_test(tests, a_rename_without_a_new_name_is_refused);
}

int main(void)
{
	return run_tests("seal_changes", add);
}
