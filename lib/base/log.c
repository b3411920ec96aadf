#include "lib/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/message.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"

/* Size of an error's message with a prefix; each byte may need an escape. */
#define MESSAGE_MAX 2048
/* Size of the names and values of a line's numbers. */
#define NUMBERS_MAX 512
#define LINE_MAX_BYTES (2 * MESSAGE_MAX + NUMBERS_MAX + 256)

static const char *log_program = "secretmanager";
static enum log_level log_threshold = LOG_INFO;
static enum log_format log_style = LOG_TEXT;
static void (*log_clear)(void);

void log_init(const char *program, enum log_level level, enum log_format format)
{
	log_program = program;
	log_threshold = level;
	log_style = format;
}

bool log_shows_progress(void)
{
	return log_style == LOG_TEXT && log_threshold >= LOG_INFO;
}

void log_before_line(void (*clear)(void))
{
	log_clear = clear;
}

static bool log_enabled(enum log_level level)
{
	return level <= log_threshold;
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};

	return names[level];
}

/* Write the line.  On a terminal, where a person reads it, the advice is a line of its own. */
static int text_line(
    char *line, size_t size, enum log_level level, const char *message, size_t advice_length)
{
	const char *mark = level == LOG_WARNING ? "warning: " : "";
	const char *advice = level <= LOG_WARNING ? message_advice(message, advice_length) : NULL;

	if (!advice || !isatty(STDERR_FILENO))
		return snprintf(line, size, "%s: %s%s\n", log_program, mark, message);
	return snprintf(line, size, "%s: %s%.*s\nhint: %s\n", log_program, mark,
	    (int)(advice - message - (ptrdiff_t)strlen(MESSAGE_SEPARATOR)), message, advice);
}

/* Write ,"NAME":VALUE for each number that fits. */
static void write_numbers(char *text, size_t size, const struct log_number *numbers, size_t count)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		int length = snprintf(text + used, size - used, ",\"%s\":%lld", numbers[i].name,
		    (long long)numbers[i].value);
		if ((size_t)length >= size - used) {
			text[used] = '\0';
			return;
		}
		used += (size_t)length;
	}
}

/* Format a line as JSON.  Only '"' and '\' need escapes: control characters have been replaced. */
static int json_line(char *line, size_t size, enum log_level level, const char *message,
    const struct log_number *numbers, size_t count)
{
	char when[sizeof("2006-01-02T15:04:05Z")];
	char escaped[2 * MESSAGE_MAX], members[NUMBERS_MAX];
	size_t used = 0;
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
	for (; *message && used < sizeof(escaped) - 3; message++) {
		if (*message == '"' || *message == '\\')
			escaped[used++] = '\\';
		escaped[used++] = *message;
	}
	escaped[used] = '\0';
	write_numbers(members, sizeof(members), numbers, count);
	return snprintf(line, size,
	    "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"message\":\"%s\"%s}\n", when,
	    level_name(level), log_program, escaped, members);
}

/* Write a line; `message` is printable. */
static void write_line(enum log_level level, const char *message, size_t advice_length,
    const struct log_number *numbers, size_t count)
{
	char line[LINE_MAX_BYTES];
	int length = log_style == LOG_JSON
			 ? json_line(line, sizeof(line), level, message, numbers, count)
			 : text_line(line, sizeof(line), level, message, advice_length);

	if (length > (int)sizeof(line) - 1)
		length = (int)sizeof(line) - 1;
	if (log_clear)
		log_clear();
	/* A failure cannot be reported, because reports go to stderr. */
	ssize_t ignored = write(STDERR_FILENO, line, (size_t)length);
	(void)ignored;
}

/* Make the message printable and short, write it, and free it. */
static void write_message(enum log_level level, char *message, size_t advice_length,
    const struct log_number *numbers, size_t count)
{
	if (!message) {
		write_line(level, "out of memory", 0, NULL, 0);
		return;
	}
	utf8_make_printable(message);
	utf8_shorten(message, MESSAGE_MAX - 1);
	write_line(level, message, advice_length, numbers, count);
	free(message);
}

void log_write(enum log_level level, const char *format, ...)
{
	size_t advice_length;
	va_list arguments;

	if (!log_enabled(level))
		return;
	va_start(arguments, format);
	char *message = message_vformat(&advice_length, format, arguments);
	va_end(arguments);
	write_message(level, message, advice_length, NULL, 0);
}

void log_error(enum log_level level, const struct error *err)
{
	if (log_enabled(level))
		write_message(level, strdup(err->message), err->advice_length, NULL, 0);
}

void log_write_numbers(
    enum log_level level, const char *message, const struct log_number *numbers, size_t count)
{
	if (log_enabled(level))
		write_message(level, strdup(message), 0, numbers, count);
}
