/* log: write a line per event to stderr, as text or JSON.  stdout belongs to the application. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Set the program's name (borrowed), the least severe level to write, and the format. */
void log_init(const char *program, enum log_level level, enum log_format format);

/*
 * Write "program: message" or {"time":...,"level":...,"program":...,"message":...} with one
 * write(2).  In the text format, warnings begin with "warning: ", and on a terminal the advice of
 * an error or a warning (see lib/base/message.h) is a second line, "hint: ...".  Control characters
 * and invalid UTF-8 become '?'.  Never pass a secret, at any level.
 */
void log_write(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));

/* Write the message of an error. */
void log_error(enum log_level level, const struct error *err) __attribute__((nonnull));

/*
 * Write a message with numbers.  The JSON format has a member for each number, with this name,
 * which must not need escapes; the text format has only the message.
 */
struct log_number {
	const char *name;
	int64_t value;
};
void log_write_numbers(enum log_level level, const char *message, const struct log_number *numbers,
    size_t count) __attribute__((nonnull));

/* Return true if the log is text and includes LOG_INFO, so that progress may be shown. */
bool log_shows_progress(void);
/* Set a function to call before each line, to erase other output in its place; or NULL. */
void log_before_line(void (*clear)(void));

#endif
