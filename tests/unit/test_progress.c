#include <pty.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/progress.h"
#include "tests/unit/expect.h"

/* Replaces the library's clock: the test sets the time. */
static int64_t now_ms = 12345;
int64_t clock_now_ms(void)
{
	return now_ms;
}

static const struct {
	size_t done, total;
	int64_t elapsed_ms;
	const char *line;
} lines[] = {
    {0, 0, 1000, "Counting: 0"}, {1200, 0, 3000, "Counting: 1200, 400/s"},
    {3, 0, 2000, "Counting: 3, 1.5/s"}, {0, 40, 2000, "Counting: 0% (0/40)"},
    {10, 40, 2000, "Counting: 25% (10/40), 5.0/s, 7s left"},
    {39, 40, 3900, "Counting: 97% (39/40), 10/s, 1s left"},
    {40, 40, 4000, "Counting: 100% (40/40), 10/s"},
    {1000, 100000, 1000, "Counting: 1% (1000/100000), 1000/s, 1m40s left"},
    {1, 7201, 1000, "Counting: 0% (1/7201), 1.0/s, 2h00m left"},
    {41, 40, 4000, "Counting: 41, 10/s"}, /* there turned out to be more */
};

START_TEST(the_line_has_number_rate_and_time_left)
{
	char line[100];

	progress_format(
	    line, sizeof(line), "Counting", lines[_i].done, lines[_i].total, lines[_i].elapsed_ms);
	ck_assert_str_eq(line, lines[_i].line);
}
END_TEST

START_TEST(a_narrow_terminal_gets_a_shorter_line)
{
	const char *whole = "Counting: 25% (10/40), 5.0/s, 7s left";

	for (size_t size = 1; size <= strlen(whole) + 1; size++) {
		char line[64];
		memset(line, '#', sizeof(line));
		progress_format(line, size, "Counting", 10, 40, 2000);
		ck_assert_uint_eq(strlen(line), size - 1);
		ck_assert_int_eq(strncmp(line, whole, size - 1), 0);
		ck_assert_int_eq(line[size], '#');
	}
}
END_TEST

/*
 * The output of a child to its own terminal.
 */

struct show {
	const char *term;
	enum log_level level;
	enum log_format format;
	unsigned short columns;
	bool background, pipe;
};

/* The part that is the same for each. */
static void run_long(void)
{
	progress_begin("Counting");
	progress_update(1, 10);
	now_ms += PROGRESS_DELAY_MS - 1;
	progress_update(2, 10); /* too early */
	now_ms += 1;
	progress_update(3, 10);
	now_ms += PROGRESS_INTERVAL_MS - 1;
	progress_update(4, 10); /* too soon */
	progress_hide();
	progress_hide(); /* it is hidden */
	now_ms += 1;
	progress_update(6, 10);
	log_write(LOG_ERROR, "a line");
	log_write(LOG_ERROR, "another");
	progress_end();
	log_write(LOG_ERROR, "the last");
}

static void be_child(const struct show *show)
{
	int ends[2];

	alarm(10);
	setenv("TERM", show->term, 1);
	log_init("prog", show->level, show->format);
	if (show->pipe) {
		ck_assert_int_eq(pipe(ends), 0);
		dup2(ends[1], STDERR_FILENO);
	}
	if (show->background && fork() > 0) {
		wait(NULL);
		_exit(0);
	}
	if (show->background) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
	}
	run_long();
	if (show->pipe) {
		char text[4096];
		ssize_t length = read(ends[0], text, sizeof(text));
		if (write(STDOUT_FILENO, text, (size_t)length) != length)
			_exit(1);
	}
	_exit(0);
}

static void see(const struct show *show, char *text, size_t size)
{
	struct winsize window = {.ws_row = 24, .ws_col = show->columns ? show->columns : 80};
	size_t length = 0;
	ssize_t got;
	int terminal;
	pid_t child = forkpty(&terminal, NULL, NULL, &window);

	ck_assert_int_ge(child, 0);
	if (child == 0)
		be_child(show);
	/* EIO when the last has closed it. */
	while ((got = read(terminal, text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	close(terminal);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}

#define WIPE "\r\033[K"
#define SHOWN                                                                                      \
	WIPE "Counting: 30% (3/10), 3.0/s, 3s left" WIPE WIPE                                      \
	     "Counting: 60% (6/10), 5.0/s, 1s left" WIPE "prog: a line\r\nprog: another\r\n"       \
	     "prog: the last\r\n"
#define SILENT "prog: a line\r\nprog: another\r\nprog: the last\r\n"

START_TEST(a_terminal_shows_one_line_and_wipes_it)
{
	struct show show = {.term = "xterm", .level = LOG_INFO};
	char text[4096];

	see(&show, text, sizeof(text));
	ck_assert_str_eq(text, SHOWN);
}
END_TEST

START_TEST(the_line_is_shorter_than_the_terminal_is_wide)
{
	struct show show = {.term = "xterm", .level = LOG_DEBUG, .columns = 12};
	char text[4096];

	see(&show, text, sizeof(text));
	ck_assert_str_eq(text, WIPE "Counting: 3" WIPE WIPE "Counting: 6" WIPE SILENT);
}
END_TEST

static const struct show silent[] = {
    {.term = "dumb", .level = LOG_INFO},
    {.term = "", .level = LOG_INFO},
    {.term = "xterm", .level = LOG_WARNING},
    {.term = "xterm", .level = LOG_INFO, .background = true},
    {.term = "xterm", .level = LOG_INFO, .pipe = true},
};

START_TEST(without_a_terminal_nothing_is_shown)
{
	char text[4096];

	see(&silent[_i], text, sizeof(text));
	ck_assert_str_eq(text, SILENT);
}
END_TEST

START_TEST(a_log_for_machines_has_nothing_between_its_lines)
{
	struct show show = {.term = "xterm", .level = LOG_INFO, .format = LOG_JSON};
	char text[4096];

	see(&show, text, sizeof(text));
	expect_lacks(text, "\033");
	expect_contains(text, "a line");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(tests, the_line_has_number_rate_and_time_left, 0, COUNT(lines));
	tcase_add_test(tests, a_narrow_terminal_gets_a_shorter_line);
	tcase_add_test(tests, a_terminal_shows_one_line_and_wipes_it);
	tcase_add_test(tests, the_line_is_shorter_than_the_terminal_is_wide);
	tcase_add_loop_test(tests, without_a_terminal_nothing_is_shown, 0, COUNT(silent));
	tcase_add_test(tests, a_log_for_machines_has_nothing_between_its_lines);
}

int main(void)
{
	return run_tests("progress", add);
}
