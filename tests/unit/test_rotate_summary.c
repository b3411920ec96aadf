#include "lib/base/json_reader.h"
#include "lib/base/log.h"
#include "lib/rotate/summary.h"
#include "tests/unit/expect.h"

static struct error err;

static struct keyset_version one[] = {{4, 1}};
static struct keyset_version many[] = {{1, 2}, {2, 0}, {3, 10}, {4, 7}};
static struct rotate_key keys[] = {
    {.name = "transit/one",
	.latest_version = 4,
	.min_decryption_version = 1,
	.versions = one,
	.version_count = 1},
    {.name = "transit/many",
	.latest_version = 4,
	.min_decryption_version = 3,
	.versions = many,
	.version_count = 4},
    {.name = "transit/unread"},
};

START_TEST(the_text_has_a_line_for_secrets_and_each_key)
{
	struct rotate_summary summary = {.counted = true,
	    .values_counted = true,
	    .passes = 2,
	    .keys = 2,
	    .listed = 20,
	    .current = 12,
	    .rewrapped = 9,
	    .conflicts = 1,
	    .failed = 3,
	    .unsealed = 5,
	    .took_ms = 61007,
	    .key_states = keys,
	    .key_count = 3};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(summary_write_text(&summary, &text, &err), err);
	expect_text(text,
	    "keys rotated 2, Secrets listed 20, current 12, rewrapped 9, conflicts 1, failed 3, 5 "
	    "not sealed; 61.007 s\n"
	    "transit/one: newest version 4; 1 value on it\n"
	    "transit/many: newest version 4; 7 values on it, 12 on older versions, the oldest 1; "
	    "versions below 3 are retired\n");
}
END_TEST

START_TEST(without_a_pass_there_are_no_counts)
{
	struct rotate_summary summary = {
	    .keys = 1, .listed = 20, .current = 20, .key_states = keys, .key_count = 1};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(summary_write_text(&summary, &text, &err), err);
	expect_text(text, "keys rotated 1, Secrets listed 20; 0.000 s\n"
			  "transit/one: newest version 4\n");
	secret_buffer_reset(&text);
	expect_ok(summary_write_json(&summary, NULL, &text, &err), err);
	expect_lacks(text.data, "\"current\"");
	expect_lacks(text.data, "\"old\"");
	expect_contains(text.data, "\"complete\":false");
}
END_TEST

START_TEST(the_json_is_one_object)
{
	static const struct {
		const char *name;
		int64_t value;
	} wanted[] = {{"keysRotated", 2}, {"listed", 20}, {"sealed", 15}, {"current", 12},
	    {"failed", 3}, {"tookMilliseconds", 61007}, {"passes", 2}};
	struct rotate_failure failures[] = {{.secret = "demo/a", .reason = "it is \"so\""}};
	struct rotate_summary summary = {.counted = true,
	    .values_counted = true,
	    .passes = 2,
	    .keys = 2,
	    .listed = 20,
	    .current = 12,
	    .failed = 3,
	    .unsealed = 5,
	    .took_ms = 61007,
	    .key_states = keys,
	    .key_count = 3,
	    .failures = failures,
	    .failure_count = 1};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	expect_ok(summary_write_json(&summary, "3 are left", &text, &err), err);
	ck_assert_int_eq(text.data[text.length - 1], '\n');
	cleanup_json struct json *root = json_parse(text.data, text.length, "it", &err);
	ck_assert_msg(root != NULL, "%s", err.message);
	for (size_t i = 0; i < COUNT(wanted); i++)
		ck_assert_int_eq(
		    json_integer(root, json_member(root, JSON_ROOT, wanted[i].name), -1),
		    wanted[i].value);
	ck_assert(!json_boolean(root, json_member(root, JSON_ROOT, "ok"), true));
	ck_assert(json_boolean(root, json_member(root, JSON_ROOT, "complete"), false));
	ck_assert(json_string_is(root, json_member(root, JSON_ROOT, "error"), "3 are left"));
	expect_contains(text.data, "{\"name\":\"transit/many\",\"latestVersion\":4,"
				   "\"minDecryptionVersion\":3,\"valuesByVersion\":{\"1\":2,"
				   "\"3\":10,\"4\":7}}");
	expect_contains(text.data, "\"failures\":[{\"secret\":\"demo/a\",\"reason\":\"it is "
				   "\\\"so\\\"\"}]");
}
END_TEST

START_TEST(a_raised_minimum_is_shown)
{
	struct keyset set = {.counted = true};
	struct rotate_summary summary = {.passes = 1};
	struct keyset_key *raised = keyset_add(&set, "raised", &err);
	struct keyset_key *left = keyset_add(&set, "left", &err);

	raised->state.min_decryption_version = left->state.min_decryption_version = 1;
	raised->wanted_version = left->wanted_version = 5;
	raised->raised = true;
	expect_ok(summary_take_keys(&summary, &set, &err), err);
	ck_assert(summary.values_counted);
	ck_assert_uint_eq(summary.key_count, 2);
	ck_assert_int_eq(summary.key_states[0].min_decryption_version, 5);
	ck_assert_int_eq(summary.key_states[1].min_decryption_version, 1);
	keyset_free(&set);
	summary_free(&summary);
}
END_TEST

START_TEST(all_outcomes_count_as_done)
{
	struct rotate_summary summary = {.listed = 100,
	    .current = 1,
	    .old = 2,
	    .unsealed = 4,
	    .other_key = 8,
	    .deleted = 16,
	    .failed = 32,
	    .other_shard = 64};

	ck_assert_uint_eq(summary_done(&summary), 63);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, the_text_has_a_line_for_secrets_and_each_key);
	tcase_add_test(tests, without_a_pass_there_are_no_counts);
	tcase_add_test(tests, the_json_is_one_object);
	tcase_add_test(tests, a_raised_minimum_is_shown);
	tcase_add_test(tests, all_outcomes_count_as_done);
}

int main(void)
{
	return run_tests("rotate_summary", add);
}
