#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/json_reader.h"
#include "lib/base/log.h"
#include "tests/unit/expect.h"

static struct error err;
static int read_end;

/* From here on stderr is a pipe that written() reads. */
static void catch_stderr(void)
{
	int ends[2];

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

static const struct {
	enum log_level level;
	const char *line;
} text_lines[] = {
    {LOG_ERROR, "prog: it failed: 7\n"},
    {LOG_WARNING, "prog: warning: it failed: 7\n"},
    {LOG_INFO, "prog: it failed: 7\n"},
    {LOG_DEBUG, ""},
};

START_TEST(text_is_one_line_with_the_program)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	log_init("prog", LOG_INFO, LOG_TEXT);
	catch_stderr();
	log_write(text_lines[_i].level, "it failed: %d", 7);
	written(&text);
	expect_text(text, text_lines[_i].line);
}
END_TEST

START_TEST(advice_stays_in_the_line_without_a_terminal)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	log_init("prog", LOG_INFO, LOG_TEXT);
	catch_stderr();
	log_write(LOG_ERROR, "%s: failed; do this", "it");
	written(&text);
	expect_text(text, "prog: it: failed; do this\n");
}
END_TEST

/* From here on stderr is a terminal; return its other end. */
static int use_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(dup2(terminal, STDERR_FILENO), 0);
	return master;
}

static const struct {
	enum log_level level;
	enum log_format format;
	const char *text;
} terminal_lines[] = {
    {LOG_ERROR, LOG_TEXT, "prog: a; b: failed\r\nhint: do c; d\r\n"},
    {LOG_WARNING, LOG_TEXT, "prog: warning: a; b: failed\r\nhint: do c; d\r\n"},
    {LOG_INFO, LOG_TEXT, "prog: a; b: failed; do c; d\r\n"},
    {LOG_ERROR, LOG_JSON, "\"message\":\"a; b: failed; do c; d\"}\r\n"},
};

START_TEST(advice_is_a_line_of_its_own_on_a_terminal)
{
	char text[1000];

	log_init("prog", LOG_INFO, terminal_lines[_i].format);
	int master = use_terminal();
	log_write(terminal_lines[_i].level, "%s: failed; do %s", "a; b", "c; d");
	ssize_t length = read(master, text, sizeof(text) - 1);
	ck_assert_int_gt(length, 0);
	text[length] = '\0';
	expect_contains(text, terminal_lines[_i].text);
}
END_TEST

START_TEST(the_advice_of_an_error_is_a_line_of_its_own)
{
	char text[1000];

	log_init("prog", LOG_INFO, LOG_TEXT);
	int master = use_terminal();
	error_set(&err, ERROR_USAGE, "failed; do this");
	log_error(LOG_ERROR, &err);
	ssize_t length = read(master, text, sizeof(text) - 1);
	ck_assert_int_gt(length, 0);
	text[length] = '\0';
	ck_assert_str_eq(text, "prog: failed\r\nhint: do this\r\n");
}
END_TEST

static const char *const messages[] = {
    "plain",
    "quotes \" and \\ backslashes",
    "line\nbreak and \x1b[31m colour",
    "half a character \xC3",
    "not UTF-8 \xFF\xFE at all",
    "na\xC3\xAFve",
};

START_TEST(json_is_a_valid_object_for_each_line)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	log_init("prog", LOG_DEBUG, LOG_JSON);
	catch_stderr();
	log_write(LOG_WARNING, "%s", messages[_i]);
	written(&text);
	cleanup_json struct json *line = json_parse(text.data, text.length, "the line", &err);
	ck_assert_msg(line != NULL, "%s", err.message);
	ck_assert(json_string_is(line, json_member(line, JSON_ROOT, "level"), "warning"));
	ck_assert(json_string_is(line, json_member(line, JSON_ROOT, "program"), "prog"));
	ck_assert_int_eq(json_type(line, json_member(line, JSON_ROOT, "message")), JSON_STRING);
	ck_assert_ptr_eq(strchr(text.data, '\n'), text.data + text.length - 1);
}
END_TEST

START_TEST(json_keeps_the_message)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	log_init("prog", LOG_DEBUG, LOG_JSON);
	catch_stderr();
	log_write(LOG_ERROR, "role \"na\xC3\xAFve\"");
	written(&text);
	cleanup_json struct json *line = json_parse(text.data, text.length, "the line", &err);
	ck_assert(
	    json_string_is(line, json_member(line, JSON_ROOT, "message"), "role \"na\xC3\xAFve\""));
}
END_TEST

START_TEST(numbers_are_members_only_in_json)
{
	const struct log_number numbers[] = {{"done", 12}, {"left", -1}};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	log_init("prog", LOG_INFO, LOG_JSON);
	catch_stderr();
	log_write_numbers(LOG_INFO, "12 \"done\"", numbers, 2);
	log_init("prog", LOG_INFO, LOG_TEXT);
	log_write_numbers(LOG_INFO, "12 \x1b done", numbers, 2);
	log_write_numbers(LOG_DEBUG, "12 done", numbers, 2);
	written(&text);
	char *end = strchr(text.data, '\n');
	cleanup_json struct json *line =
	    json_parse(text.data, (size_t)(end - text.data), "the line", &err);
	ck_assert_msg(line != NULL, "%s", err.message);
	ck_assert_int_eq(json_integer(line, json_member(line, JSON_ROOT, "done"), 0), 12);
	ck_assert_int_eq(json_integer(line, json_member(line, JSON_ROOT, "left"), 0), -1);
	ck_assert(json_string_is(line, json_member(line, JSON_ROOT, "message"), "12 \"done\""));
	ck_assert_str_eq(end + 1, "prog: 12 ? done\n");
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_omitted)
{
	static struct log_number numbers[100];
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	for (size_t i = 0; i < COUNT(numbers); i++)
		numbers[i] = (struct log_number){"long-name", INT64_MIN};
	log_init("prog", LOG_INFO, LOG_JSON);
	catch_stderr();
	log_write_numbers(LOG_INFO, "many", numbers, COUNT(numbers));
	written(&text);
	expect_contains(text.data, "-9223372036854775808}\n");
}
END_TEST

START_TEST(a_line_full_of_quotes_stays_whole)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	char quotes[8000];

	memset(quotes, '"', sizeof(quotes) - 1);
	quotes[sizeof(quotes) - 1] = '\0';
	log_init("prog", LOG_DEBUG, LOG_JSON);
	catch_stderr();
	log_write(LOG_ERROR, "%s", quotes);
	written(&text);
	cleanup_json struct json *line = json_parse(text.data, text.length, "the line", &err);
	ck_assert_msg(line != NULL, "%s", err.message);
	ck_assert_int_eq(text.data[text.length - 1], '\n');
}
END_TEST

START_TEST(a_terminal_is_not_steered)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	log_init("prog", LOG_INFO, LOG_TEXT);
	catch_stderr();
	log_write(LOG_ERROR, "a\x1b[2J\nb\xC2\x9B"
			     "31m");
	written(&text);
	expect_text(text, "prog: a?[2J?b??31m\n");
}
END_TEST

static const struct {
	const char *text, *line;
} directions[] = {
    {"a\xE2\x80\xAA"
     "b",
	"prog: a???b\n"},
    {"a\xE2\x80\xAE"
     "b",
	"prog: a???b\n"},
    {"a\xE2\x81\xA6"
     "b",
	"prog: a???b\n"},
    {"a\xE2\x81\xA9"
     "b",
	"prog: a???b\n"},
    {"a\xE2\x80\x8E"
     "b",
	"prog: a???b\n"},
    {"a\xE2\x80\x8F"
     "b",
	"prog: a???b\n"},
    {"a\xD8\x9C"
     "b",
	"prog: a??b\n"},
    {"a\xE2\x80\xA8"
     "b",
	"prog: a???b\n"},
    {"\xE2\x80\xA7\xE2\x80\xAF\xE2\x81\xA5\xE2\x81\xAA", /* their neighbours */
	"prog: \xE2\x80\xA7\xE2\x80\xAF\xE2\x81\xA5\xE2\x81\xAA\n"},
    {"\xD7\xA9\xD7\x9C \xF0\x9F\x94\x91", "prog: \xD7\xA9\xD7\x9C \xF0\x9F\x94\x91\n"},
};

START_TEST(the_direction_of_writing_is_not_turned)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	log_init("prog", LOG_INFO, LOG_TEXT);
	catch_stderr();
	log_write(LOG_ERROR, "%s", directions[_i].text);
	written(&text);
	expect_text(text, directions[_i].line);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, text_is_one_line_with_the_program, 0, COUNT(text_lines));
	tcase_add_test(tests, advice_stays_in_the_line_without_a_terminal);
	tcase_add_loop_test(
	    tests, advice_is_a_line_of_its_own_on_a_terminal, 0, COUNT(terminal_lines));
	tcase_add_test(tests, the_advice_of_an_error_is_a_line_of_its_own);
	tcase_add_loop_test(tests, json_is_a_valid_object_for_each_line, 0, COUNT(messages));
	tcase_add_test(tests, json_keeps_the_message);
	tcase_add_test(tests, numbers_are_members_only_in_json);
	tcase_add_test(tests, numbers_that_do_not_fit_are_omitted);
	tcase_add_test(tests, a_line_full_of_quotes_stays_whole);
	tcase_add_test(tests, a_terminal_is_not_steered);
	tcase_add_loop_test(tests, the_direction_of_writing_is_not_turned, 0, COUNT(directions));
}

int main(void)
{
	return run_tests("log", add);
}
