#include <unistd.h>

#include "lib/base/json_reader.h"
#include "lib/base/log.h"
#include "lib/rotate/pass.h"
#include "tests/unit/expect.h"

static struct error err;
static int read_end;

/* From here on stderr is a pipe that written() reads. */
static void catch_stderr(enum log_level level, enum log_format format)
{
	int ends[2];

	log_init("prog", level, format);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	close(ends[1]);
	read_end = ends[0];
}

static void written(struct secret_buffer *text)
{
	close(STDERR_FILENO);
	expect_ok(secret_buffer_read_fd(text, read_end, "stderr", &err), err);
}

START_TEST(a_line_is_logged_every_ten_seconds)
{
	struct rotate_summary summary = {.listed = 5000};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	catch_stderr(LOG_INFO, LOG_TEXT);
	pass_progress_begin(&summary, PASS_REWRAP, 1000);
	summary.current = 100;
	summary.old = summary.unsealed = summary.other_key = summary.deleted = summary.failed = 20;
	pass_progress_update(&summary, 1000 + PASS_PROGRESS_MS - 1);
	pass_progress_update(&summary, 1000 + PASS_PROGRESS_MS);
	pass_progress_update(&summary, 1000 + 2 * PASS_PROGRESS_MS - 1);
	summary.current = 4900;
	pass_progress_update(&summary, 1000 + 2 * PASS_PROGRESS_MS);
	pass_progress_end();
	written(&text);
	expect_text(text, "prog: Rewrapping Secrets: 4% (200/5000), 20/s, 4m01s left\n"
			  "prog: Rewrapping Secrets: 100% (5000/5000), 250/s\n");
}
END_TEST

START_TEST(the_interval_spans_short_passes)
{
	struct rotate_summary summary = {.listed = 0};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	catch_stderr(LOG_INFO, LOG_TEXT);
	pass_progress_begin(&summary, PASS_FIND_KEYS, 1000);
	summary.current = summary.listed = 60;
	pass_progress_update(&summary, 7000);
	pass_progress_end();
	pass_progress_begin(&summary, PASS_VERIFY, 8000);
	summary.current = 30;
	pass_progress_update(&summary, 1000 + PASS_PROGRESS_MS);
	pass_progress_end();
	written(&text);
	expect_text(text, "prog: Looking at Secrets: 50% (30/60), 10/s, 4s left\n");
}
END_TEST

START_TEST(a_json_line_has_numbers)
{
	struct rotate_summary summary = {.listed = 5000};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	static const struct {
		const char *name;
		int64_t value;
	} wanted[] = {{"done", 200}, {"total", 5000}, {"perSecond", 20}, {"rewrapped", 190},
	    {"conflicts", 3}, {"failed", 2}};

	catch_stderr(LOG_INFO, LOG_JSON);
	pass_progress_begin(&summary, PASS_REWRAP, 1000);
	summary =
	    (struct rotate_summary){.current = 198, .failed = 2, .rewrapped = 190, .conflicts = 3};
	pass_progress_update(&summary, 1000 + PASS_PROGRESS_MS);
	written(&text);
	cleanup_json struct json *line = json_parse(text.data, text.length, "the line", &err);
	ck_assert_msg(line != NULL, "%s", err.message);
	for (size_t i = 0; i < COUNT(wanted); i++)
		ck_assert_int_eq(
		    json_integer(line, json_member(line, JSON_ROOT, wanted[i].name), -1),
		    wanted[i].value);
	ck_assert(json_string_is(line, json_member(line, JSON_ROOT, "message"),
	    "Rewrapping Secrets: 4% (200/5000), 20/s, 4m01s left"));
}
END_TEST

static const struct {
	size_t before, done;
} unknown[] = {{0, 200}, {100, 101}};

START_TEST(an_unknown_total_is_left_out)
{
	struct rotate_summary summary = {.listed = unknown[_i].before};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	catch_stderr(LOG_INFO, LOG_JSON);
	pass_progress_begin(&summary, PASS_FIND_KEYS, 1000);
	summary.current = unknown[_i].done;
	pass_progress_update(&summary, 1000 + PASS_PROGRESS_MS);
	written(&text);
	expect_contains(text.data, "Finding Secrets: ");
	expect_lacks(text.data, "total");
	expect_lacks(text.data, "%");
}
END_TEST

START_TEST(at_level_warning_nothing_is_logged)
{
	struct rotate_summary summary = {.listed = 0};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	catch_stderr(LOG_WARNING, LOG_TEXT);
	pass_progress_begin(&summary, PASS_COUNT, 1000);
	pass_progress_update(&summary, 1000 + PASS_PROGRESS_MS);
	written(&text);
	expect_text(text, "");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_test(tests, a_line_is_logged_every_ten_seconds);
	tcase_add_test(tests, the_interval_spans_short_passes);
	tcase_add_test(tests, a_json_line_has_numbers);
	tcase_add_loop_test(tests, an_unknown_total_is_left_out, 0, COUNT(unknown));
	tcase_add_test(tests, at_level_warning_nothing_is_logged);
}

int main(void)
{
	return run_tests("rotate_progress", add);
}
