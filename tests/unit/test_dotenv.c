#include <stdio.h>

#include "lib/base/dotenv.h"
#include "tests/unit/expect.h"

static struct error err;

/* "NAME=value;" for each line, value's control characters and all. */
static int gather(void *context, const char *name, struct secret_buffer *value, struct error *error)
{
	struct secret_buffer *seen = context;

	if (secret_buffer_append_string(seen, name, error) < 0 ||
	    secret_buffer_append(seen, "=", 1, error) < 0 ||
	    secret_buffer_append(seen, secret_buffer_string(value), value->length, error) < 0)
		return -1;
	return secret_buffer_append(seen, ";", 1, error);
}

static int read_text(const char *text, size_t length, struct secret_buffer *seen)
{
	cleanup_secret struct secret_buffer file = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append(&file, text, length, &err), err);
	return dotenv_each(&file, "app.env", gather, seen, &err);
}

static const struct {
	const char *text, *seen;
} good[] = {
    {"", ""},
    {"\n\n# a comment\n  # another\n", ""},
    {"A=1\nB=2", "A=1;B=2;"},
    {"A=\n", "A=;"},
    {"  A=1\r\nB=2\r\n", "A=1;B=2;"},
    {"export A=1\nexport   B=2\nexport=3\n", "A=1;B=2;export=3;"},
    {"A_b.c-9=x\n", "A_b.c-9=x;"},
    {"A=p@ss=w:rd\n", "A=p@ss=w:rd;"},
    {"A=two words\n", "A=two words;"},
    {"A='$x \\n \"q\" #'\n", "A=$x \\n \"q\" #;"},
    {"A='' # comment\n", "A=;"},
    {"A=\"a\\nb'c' #\"\n", "A=a\nb'c' #;"},
    {"A=\" padded \"\t# comment\n", "A= padded ;"},
    {"A='a\nB=1\n\n c'\r\nB=2\n", "A=a\nB=1\n\n c;B=2;"},
    {"A=\"a\r\n'b'\\n\r\n\" # comment\nB=2", "A=a\n'b'\n\n;B=2;"},
    {"A='-----BEGIN X-----\n+/==\n-----END X-----\n'",
	"A=-----BEGIN X-----\n+/==\n-----END X-----\n;"},
    {"A='\xC2\xA0 \x01'\nB=x\xC3\xA0y\tz\n", "A=\xC2\xA0 \x01;B=x\xC3\xA0y\tz;"},
    {"A=\xC3\xBC\n", "A=\xC3\xBC;"},
    {"\xEF\xBB\xBF"
     "A=1\n",
	"A=1;"},
};

START_TEST(lines_are_read)
{
	cleanup_secret struct secret_buffer seen = SECRET_BUFFER_INIT;

	expect_ok(read_text(good[_i].text, strlen(good[_i].text), &seen), err);
	expect_text(seen, good[_i].seen);
}
END_TEST

static const struct {
	const char *line;
	int column;
	const char *why;
} bad[] = {
    {"no equals", 3, "immediately by '='"},
    {"=value", 1, "neither NAME=value"},
    {"1A=x", 1, "neither NAME=value"},
    {"A =x", 2, "immediately by '='"},
    {"export", 7, "immediately by '='"},
    {"A= x", 3, "white space at an end"},
    {"A=x ", 4, "white space at an end"},
    {"A=x\t", 4, "white space at an end"},
    {"A=\xC3\xBC # y", 5, "'#' after white space"},
    {"  A=x\t# y $(", 7, "'#' after white space"},
    {"A=x # y", 5, "'#' after white space"},
    {"A=abc#123", 6, "'#' begins a comment"},
    {"A=#x", 3, "'#' begins a comment"},
    {"A=${B}", 3, "not expanded"},
    {"A=$(id)", 3, "not expanded"},
    {"A=a$B", 4, "not expanded"},
    {"A=a$", 4, "not expanded"},
    {"A=`id`", 3, "backquote"},
    {"A=x\\", 4, "a backslash"},
    {"A=x\\y", 4, "a backslash"},
    {"A=it's", 5, "quote"},
    {"A=x\"y\"", 4, "quote"},
    {"A=\xC2\xA0x", 3, "white space except"},
    {"A=x\xC2\xA0", 4, "white space except"},
    {"A=x\xE2\x80\xA8", 4, "white space except"},
    {"A=x\xE3\x80\x80y", 4, "white space except"},
    {"A=\x0Bx", 3, "control character"},
    {"A=x\x1C", 4, "control character"},
    {"\xC2\xA0"
     "A=x",
	1, "neither NAME=value"},
    {"A=x\ry", 4, "a carriage return without"},
    {"A='x\ry'", 5, "a carriage return without"},
    {"A='x", 3, "no closing quote"},
    {"A=\"x", 3, "no closing quote"},
    {"A=\"x\\", 5, "no such escape"},
    {"A=\"x\\q\"", 5, "no such escape"},
    {"A=\"x\\t\"", 5, "no such escape"},
    {"A=\"x\\r\"", 5, "no such escape"},
    {"A=\"x\\\"\"", 5, "no such escape"},
    {"A=\"x\\\\\"", 5, "no such escape"},
    {"A=\"\\$B\"", 4, "no such escape"},
    {"A=\"$B\"", 4, "expand $ and backquotes"},
    {"A=\"`B\"", 4, "backquote"},
    {"A='${B}'", 4, "${"},
    {"A='x\\\\y'", 5, "a backslash before"},
    {"A='x\\'", 5, "a backslash before"},
    {"A=\"x\"y", 6, "only a comment may follow"},
    {"A='x'#y", 6, "only a comment may follow"},
    {"A='x' # it's", 11, "quote is in the comment"},
    {"A=\"x\" # \"", 9, "quote is in the comment"},
};

START_TEST(lines_on_which_readers_disagree_are_rejected_with_their_place)
{
	cleanup_secret struct secret_buffer seen = SECRET_BUFFER_INIT;
	char text[128], place[64];

	snprintf(text, sizeof(text), "GOOD=1\n\n%s\nLATER=2\n", bad[_i].line);
	snprintf(place, sizeof(place), "app.env: line 3, column %d: ", bad[_i].column);
	expect_failure(read_text(text, strlen(text), &seen), err, ERROR_INVALID, place);
	expect_contains(err.message, bad[_i].why);
	/* A lone CR is found before any line is read. */
	expect_text(seen, strchr(bad[_i].line, '\r') ? "" : "GOOD=1;");
}
END_TEST

START_TEST(bytes_that_are_not_text_are_rejected)
{
	cleanup_secret struct secret_buffer seen = SECRET_BUFFER_INIT;

	expect_failure(read_text("A=1\nB=\xC3\xBC\xFF\n", 10, &seen), err, ERROR_INVALID,
	    "app.env: line 2, column 4: not UTF-8");
	expect_failure(read_text("A=1\n\nB=\xC3\xBC\0\xFF\n", 12, &seen), err, ERROR_INVALID,
	    "app.env: line 3, column 4: a NUL byte");
	expect_text(seen, "");
}
END_TEST

static int refuse(void *context, const char *name, struct secret_buffer *value, struct error *error)
{
	(void)context;
	(void)value;
	return error_set(error, ERROR_INVALID, "%s is not wanted", name);
}

static int refuse_by_file(
    void *context, const char *name, struct secret_buffer *value, struct error *error)
{
	refuse(context, name, value, error);
	return error_wrap(error, "app.env");
}

START_TEST(lines_of_a_quoted_value_count)
{
	cleanup_secret struct secret_buffer seen = SECRET_BUFFER_INIT;

	expect_failure(read_text("A='1\n2\n3' x\n", 12, &seen), err, ERROR_INVALID,
	    "app.env: line 3, column 4: only a comment");
	expect_failure(read_text("A='1\n2'\n\nB=\"\n\n", 14, &seen), err, ERROR_INVALID,
	    "app.env: line 4, column 3: no closing quote");
}
END_TEST

START_TEST(an_error_of_the_caller_gets_the_line)
{
	cleanup_secret struct secret_buffer file = SECRET_BUFFER_INIT;

	expect_ok(secret_buffer_append_string(&file, "\nA=1\n", &err), err);
	expect_failure(dotenv_each(&file, "app.env", refuse, NULL, &err), err, ERROR_INVALID,
	    "app.env: line 2: A is not wanted");
	expect_failure(dotenv_each(&file, "app.env", refuse_by_file, NULL, &err), err,
	    ERROR_INVALID, "app.env: line 2: A is not wanted");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, lines_are_read, 0, COUNT(good));
	tcase_add_loop_test(
	    tests, lines_on_which_readers_disagree_are_rejected_with_their_place, 0, COUNT(bad));
	tcase_add_test(tests, bytes_that_are_not_text_are_rejected);
	tcase_add_test(tests, lines_of_a_quoted_value_count);
	tcase_add_test(tests, an_error_of_the_caller_gets_the_line);
}

int main(void)
{
	return run_tests("dotenv", add);
}
