#include "lib/base/prompt.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/signals.h"

#define TERMINAL "/dev/tty"
#define ROUNDS 3

/*
 * Limit of a line in canonical mode (4,096 in N_TTY with the newline); the terminal drops the rest.
 */
#define LINE_MAX_BYTES 4095

/* Time to wait for the rest of a paste.  A person needs longer for the next answer. */
#define PASTE_MS 100

#define OVER_MS 100 /* interval between two calls of `over` */

static int open_terminal(struct error *err)
{
	int fd = open(TERMINAL, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		error_set(err, ERROR_USAGE, "no terminal (" TERMINAL ": %s)", strerror(errno));
	return fd;
}

static int hint_other_inputs(struct error *err)
{
	return error_hint(
	    err, "take the value from a file or from standard input (--from-file NAME=-)");
}

int prompt_check_terminal(struct error *err)
{
	cleanup_close int fd = open_terminal(err);

	return fd < 0 ? hint_other_inputs(err) : 0;
}

static int write_terminal(int fd, const char *text, struct error *err)
{
	size_t length = strlen(text);

	return write(fd, text, length) == (ssize_t)length ? 0 : error_system(err, TERMINAL);
}

/* Echo only newlines.  Disable Ctrl-Z, which would leave the shell with a terminal without echo. */
static void hide_input(struct termios *mode)
{
	mode->c_lflag &= ~(tcflag_t)ECHO;
	mode->c_lflag |= ICANON | ISIG | ECHONL;
	mode->c_cc[VSUSP] = _POSIX_VDISABLE;
}

/*
 * Wait for input.  ERROR_INTERRUPTED after a signal; signals are blocked except in ppoll, so that
 * none is missed.
 */
static int wait_for_input(int fd, const sigset_t *before, struct error *err)
{
	struct pollfd poll = {.fd = fd, .events = POLLIN};

	for (;;) {
		if (signals_check(err) < 0)
			return -1;
		if (ppoll(&poll, 1, NULL, before) > 0)
			return 0;
		if (errno != EINTR)
			return error_system(err, TERMINAL);
	}
}

/* Read a line without its newline. */
static int read_answer(
    int fd, const sigset_t *before, struct secret_buffer *line, struct error *err)
{
	secret_buffer_reset(line);
	if (secret_buffer_reserve(line, LINE_MAX_BYTES + 1, err) < 0 ||
	    wait_for_input(fd, before, err) < 0)
		return -1;
	ssize_t length = read(fd, line->data, LINE_MAX_BYTES + 1);
	if (length < 0)
		return error_system(err, TERMINAL);
	if (length == 0 || line->data[length - 1] != '\n') {
		if (length >= LINE_MAX_BYTES)
			return error_set(err, ERROR_INVALID,
			    "longer than a terminal's line; take it from a file");
		return error_set(err, ERROR_INVALID, "the input ended before a value");
	}
	line->length = (size_t)length - 1;
	line->data[line->length] = '\0';
	if (line->length >= LINE_MAX_BYTES - 1)
		return error_set(err, ERROR_INVALID,
		    "as long as a terminal's line, or longer; take it from a file");
	return 0;
}

static int ask_line(int fd, const char *question, struct secret_buffer *answer, struct error *err)
{
	sigset_t before;

	if (write_terminal(fd, question, err) < 0)
		return -1;
	signals_block(&before);
	int result = read_answer(fd, &before, answer, err);
	signals_release(&before);
	return result;
}

static bool is_line_breaks(const char *bytes, ssize_t length)
{
	for (ssize_t i = 0; i < length; i++)
		if (bytes[i] != '\n' && bytes[i] != '\r')
			return false;
	return true;
}

/*
 * Reject further input that arrived with the answer.  The rest of a pasted value of several lines
 * must not be lost or become the next answer.  An unfinished line is read in non-canonical mode.
 */
static int check_surplus(int fd, const struct termios *hidden, struct error *err)
{
	cleanup_secret struct secret_buffer rest = SECRET_BUFFER_INIT;
	struct pollfd input = {.fd = fd, .events = POLLIN};
	struct termios raw = *hidden;

	raw.c_lflag &= ~(tcflag_t)ICANON;
	raw.c_cc[VMIN] = raw.c_cc[VTIME] = 0;
	if (secret_buffer_reserve(&rest, LINE_MAX_BYTES, err) < 0)
		return -1;
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return error_system(err, TERMINAL);
	poll(&input, 1, PASTE_MS);
	ssize_t length = read(fd, rest.data, LINE_MAX_BYTES);
	rest.length = length > 0 ? (size_t)length : 0;
	if (tcsetattr(fd, TCSAFLUSH, hidden) < 0)
		return error_system(err, TERMINAL);
	if (is_line_breaks(rest.data, length))
		return 0;
	return error_set(err, ERROR_INVALID,
	    "more than one line was pasted; take a value of several lines from a file (--from-file)");
}

/* Ask for the value twice.  Return 1 if the answers differ. */
static int ask_twice(int fd, const struct termios *hidden, const char *name,
    struct secret_buffer *value, struct error *err)
{
	cleanup_secret struct secret_buffer again = SECRET_BUFFER_INIT;
	char question[512];

	snprintf(question, sizeof(question), "Value of %s: ", name);
	if (ask_line(fd, question, value, err) < 0 || check_surplus(fd, hidden, err) < 0)
		return -1;
	if (value->length == 0)
		return error_set(err, ERROR_INVALID,
		    "an empty value; to seal one, pass --from-literal %s=", name);
	snprintf(question, sizeof(question), "Value of %s, again: ", name);
	if (ask_line(fd, question, &again, err) < 0 || check_surplus(fd, hidden, err) < 0)
		return -1;
	return !secret_buffer_equal(value, &again);
}

static int ask_until_same(int fd, const struct termios *hidden, const char *name,
    struct secret_buffer *value, struct error *err)
{
	for (int round = 0; round < ROUNDS; round++) {
		int result = ask_twice(fd, hidden, name, value, err);
		if (result <= 0)
			return result;
		if (write_terminal(fd, "The values differ.  Try again.\n", err) < 0)
			return -1;
	}
	return error_set(err, ERROR_INVALID, "the two values differ");
}

int prompt_hidden(const char *name, struct secret_buffer *value, struct error *err)
{
	struct termios shown, hidden;
	cleanup_close int fd = open_terminal(err);

	if (fd < 0)
		return hint_other_inputs(err);
	if (tcgetattr(fd, &shown) < 0)
		return error_system(err, TERMINAL);
	hidden = shown;
	hide_input(&hidden);
	/* Drop input typed before the question. */
	if (tcsetattr(fd, TCSAFLUSH, &hidden) < 0)
		return error_system(err, TERMINAL);
	int result = ask_until_same(fd, &hidden, name, value, err);
	/* Drop unread input, which the shell would run. */
	tcsetattr(fd, TCSAFLUSH, &shown);
	if (result < 0)
		write_terminal(fd, "\n", &(struct error)ERROR_INIT);
	return result;
}

int prompt_enter(const char *text, bool (*over)(void), struct error *err)
{
	cleanup_secret struct secret_buffer answer = SECRET_BUFFER_INIT;
	cleanup_close int fd = open_terminal(err);
	struct pollfd input = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return -1;
	tcflush(fd, TCIFLUSH);
	if (write_terminal(fd, text, err) < 0)
		return -1;
	while (!over()) {
		if (signals_check(err) < 0)
			return -1;
		if (poll(&input, 1, OVER_MS) > 0)
			return ask_line(fd, "", &answer, err);
	}
	return write_terminal(fd, "\n", err);
}

int prompt_choice(const char *question, const char *letters, char *choice, struct error *err)
{
	cleanup_secret struct secret_buffer answer = SECRET_BUFFER_INIT;
	cleanup_close int fd = open_terminal(err);

	if (fd < 0)
		return -1;
	do {
		if (ask_line(fd, question, &answer, err) < 0) {
			write_terminal(fd, "\n", &(struct error)ERROR_INIT);
			return -1;
		}
		*choice = answer.length ? (char)tolower((unsigned char)answer.data[0]) : '\0';
	} while (!*choice || !strchr(letters, *choice));
	return 0;
}
