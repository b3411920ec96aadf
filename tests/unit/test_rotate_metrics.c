#include "lib/rotate/metrics.h"
#include "tests/unit/expect.h"

#define LAST_SUCCESS "secretmanager_rotate_last_success_timestamp_seconds"

static struct error err;

static struct keyset_version census[] = {{1, 0}, {2, 5}, {3, 70}};
static struct rotate_key keys[] = {
    {.name = "transit/a",
	.latest_version = 3,
	.min_decryption_version = 2,
	.versions = census,
	.version_count = 3},
    {.name = "transit/unread"},
};

static void write_text(
    const struct metrics_run *run, const struct rotate_summary *summary, struct secret_buffer *text)
{
	struct text_stream stream = {.write = NULL};

	expect_ok(metrics_write(run, summary, &stream, &err), err);
	secret_buffer_move(text, &stream.text);
	expect_lacks(text->data, "# TYPE secretmanager_rotate_values gauge\n#");
}

START_TEST(a_run_is_written_as_metrics)
{
	struct metrics_run run = {"nightly", true, 1000, 1000};
	struct rotate_summary summary = {.counted = true,
	    .values_counted = true,
	    .passes = 2,
	    .current = 12,
	    .failed = 3,
	    .took_ms = 61007,
	    .rewrapped = 9,
	    .key_states = keys,
	    .key_count = 2,
	    .patches = 11};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	write_text(&run, &summary, &text);
	expect_contains(text.data,
	    "# HELP " LAST_SUCCESS " When the last run that left nothing undone ended, in Unix "
	    "time.\n# TYPE " LAST_SUCCESS " gauge\n" LAST_SUCCESS "{rotation=\"nightly\"} 1000\n");
	expect_contains(text.data, "_last_run_success{rotation=\"nightly\"} 1\n");
	expect_contains(text.data, "_last_run_duration_seconds{rotation=\"nightly\"} 61.007\n");
	expect_contains(text.data, "_secrets{rotation=\"nightly\",state=\"current\"} 12\n");
	expect_contains(text.data, "_secrets{rotation=\"nightly\",state=\"failed\"} 3\n");
	expect_contains(text.data, "_requests{rotation=\"nightly\",kind=\"patch\"} 11\n");
	expect_contains(text.data,
	    "_values{rotation=\"nightly\",transit_key=\"transit/a\",version=\"2\"} 5\n"
	    "secretmanager_rotate_values{rotation=\"nightly\",transit_key=\"transit/a\","
	    "version=\"3\"} 70\n");
	expect_contains(
	    text.data, "_key_latest_version{rotation=\"nightly\",transit_key=\"transit/a\"} 3\n");
	expect_contains(
	    text.data, "_key_oldest_version{rotation=\"nightly\",transit_key=\"transit/a\"} 2\n");
	expect_lacks(text.data, "version=\"1\"");
	expect_lacks(text.data, "unread");
}
END_TEST

START_TEST(incomplete_counts_are_left_out)
{
	struct metrics_run run = {"nightly", false, 1000, 0};
	struct rotate_summary summary = {.passes = 1, .key_states = keys, .key_count = 2};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	write_text(&run, &summary, &text);
	expect_contains(text.data, "_last_run_success{rotation=\"nightly\"} 0\n");
	expect_lacks(text.data, LAST_SUCCESS);
	expect_lacks(text.data, "_rotate_secrets");
	expect_lacks(text.data, "_rotate_values");
	expect_lacks(text.data, "oldest_version");
	expect_contains(text.data, "_key_latest_version{");
	/* After finding the keys the versions are not known. */
	summary.counted = true;
	summary.passes = 0;
	secret_buffer_reset(&text);
	write_text(&run, &summary, &text);
	expect_lacks(text.data, "_rotate_secrets");
}
END_TEST

START_TEST(a_label_is_escaped)
{
	struct metrics_run run = {"a\"b\\c\nd=\xC3\xA9,{} 7", true, 1000, 42};
	struct rotate_summary summary = {.counted = true};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	write_text(&run, &summary, &text);
	expect_contains(text.data, LAST_SUCCESS "{rotation=\"a\\\"b\\\\c?d=\xC3\xA9,{} 7\"} 42\n");
	ck_assert_int_eq(metrics_last_success(text.data), 42);
}
END_TEST

static const struct {
	const char *text;
	int64_t last;
} old_texts[] = {
    {"", 0},
    {"\n\n", 0},
    {LAST_SUCCESS " 1700000000\n", 1700000000},
    {"a 1\n# HELP " LAST_SUCCESS " x\n" LAST_SUCCESS "{rotation=\"x\"} 1700000000\nb 2\n",
	1700000000},
    {LAST_SUCCESS "{rotation=\"x\"} 17", 17},
    {"# HELP " LAST_SUCCESS " 5\n", 0},
    {LAST_SUCCESS, 0},
    {LAST_SUCCESS " \n", 0},
    {LAST_SUCCESS " x\n12\n", 0},
    {LAST_SUCCESS " 17x\n", 0},
    {LAST_SUCCESS " -17\n", 0},
    {LAST_SUCCESS " 1.7e9\n", 0},
    {LAST_SUCCESS " 99999999999999999999999\n", INT64_MAX},
    {"x" LAST_SUCCESS " 17\n", 0},
};

START_TEST(the_last_success_is_read)
{
	ck_assert_int_eq(metrics_last_success(old_texts[_i].text), old_texts[_i].last);
}
END_TEST

START_TEST(a_directory_that_has_gone_is_reported_with_the_option)
{
	struct rotate_summary summary = {0};

	expect_failure(metrics_file_write("/nonexistent/it.prom", &summary, true, &err), err,
	    ERROR_SYSTEM, "--metrics-file /nonexistent/it.prom: ");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_directory_that_has_gone_is_reported_with_the_option);
	tcase_add_test(tests, a_run_is_written_as_metrics);
	tcase_add_test(tests, incomplete_counts_are_left_out);
	tcase_add_test(tests, a_label_is_escaped);
	tcase_add_loop_test(tests, the_last_success_is_read, 0, COUNT(old_texts));
}

int main(void)
{
	return run_tests("rotate_metrics", add);
}
