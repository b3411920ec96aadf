#include "lib/base/progress.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

/* Used if the terminal does not report its width. */
#define COLUMNS_DEFAULT 80
#define COLUMNS_MAX 200
#define WIPE "\r\033[K" /* to the beginning of the line, and erase to its end (ECMA-48: CR, EL) */

static struct {
	const char *what; /* NULL: progress is not shown */
	int64_t begun_ms, shown_ms;
	bool visible;
} progress;

/* Return true if stderr can erase a line, and this process is in the terminal's foreground. */
static bool terminal_is_ours(void)
{
	const char *kind = getenv("TERM");

	return kind && *kind && strcmp(kind, "dumb") != 0 && tcgetpgrp(STDERR_FILENO) == getpgrp();
}

static size_t columns(void)
{
	struct winsize window;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_col == 0)
		return COLUMNS_DEFAULT;
	return window.ws_col < COLUMNS_MAX ? window.ws_col : COLUMNS_MAX;
}

/* Write to the terminal.  A failure cannot be reported, because reports go to stderr. */
static void terminal_put(const char *text)
{
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
	(void)ignored;
}

void progress_begin(const char *what)
{
	progress_end();
	if (!log_shows_progress() || !terminal_is_ours())
		return;
	progress.what = what;
	progress.begun_ms = clock_now_ms();
	log_before_line(progress_hide);
}

bool progress_has_terminal(void)
{
	return progress.what != NULL;
}

static void show(size_t done, size_t total, int64_t now_ms)
{
	char line[sizeof(WIPE) + COLUMNS_MAX] = WIPE;

	/* Leave the last column free, because a terminal may continue on the next line after it. */
	progress_format(line + sizeof(WIPE) - 1, columns(), progress.what, done, total,
	    now_ms - progress.begun_ms);
	terminal_put(line);
	progress.visible = true;
	progress.shown_ms = now_ms;
}

void progress_update(size_t done, size_t total)
{
	if (!progress.what)
		return;
	int64_t now_ms = clock_now_ms();
	/* Keep a hidden line hidden for an interval, to avoid flicker. */
	if (now_ms - progress.begun_ms >= PROGRESS_DELAY_MS &&
	    now_ms - progress.shown_ms >= PROGRESS_INTERVAL_MS && terminal_is_ours())
		show(done, total, now_ms);
}

void progress_hide(void)
{
	if (progress.visible)
		terminal_put(WIPE);
	progress.visible = false;
}

void progress_end(void)
{
	if (!progress.what)
		return;
	progress_hide();
	log_before_line(NULL);
	memset(&progress, 0, sizeof(progress));
}

/* Write "410/s", or a rate below 10 with one decimal. */
static size_t format_rate(char *text, size_t size, size_t done, int64_t elapsed_ms)
{
	double rate = (double)done * 1000 / (double)elapsed_ms;

	return (size_t)snprintf(text, size, rate < 10 ? ", %.1f/s" : ", %.0f/s", rate);
}

static void format_left(char *text, size_t size, size_t done, size_t total, int64_t elapsed_ms)
{
	/* Round up, so that unfinished work never has "0s left". */
	long long left_s =
	    (long long)((double)(total - done) * (double)elapsed_ms / (double)done / 1000) + 1;

	if (left_s < 60)
		snprintf(text, size, ", %llds left", left_s);
	else if (left_s < 3600)
		snprintf(text, size, ", %lldm%02llds left", left_s / 60, left_s % 60);
	else
		snprintf(text, size, ", %lldh%02lldm left", left_s / 3600, left_s / 60 % 60);
}

void progress_format(
    char *line, size_t size, const char *what, size_t done, size_t total, int64_t elapsed_ms)
{
	bool known = total > 0 && done <= total;
	size_t length = known ? (size_t)snprintf(line, size, "%s: %d%% (%zu/%zu)", what,
				    (int)((double)done * 100 / (double)total), done, total)
			      : (size_t)snprintf(line, size, "%s: %zu", what, done);

	if (done > 0 && elapsed_ms > 0 && length < size)
		length += format_rate(line + length, size - length, done, elapsed_ms);
	if (known && done > 0 && done < total && elapsed_ms > 0 && length < size)
		format_left(line + length, size - length, done, total, elapsed_ms);
}
