/*
 * log: one line an event on stderr, as text or JSON.  Never on stdout, which is the application's.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* `program` is borrowed and must stay. */
void log_init(const char *program, enum log_level level, enum log_format format);

/*
 * "program: message" or {"time":...,"level":...,"program":...,"message":...}, in one write(2).
 * Text form prefixes warnings with "warning: ".  Control characters and what is no UTF-8 become
 * '?'. Callers pass no secret: there is no level at which one may be printed.
 */
void log_write(enum log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));

/*
 * A message and the numbers that it tells: for machines they are members of the JSON form, by these
 * names, which need no escape; the text form has the message alone.
 */
struct log_number {
	const char *name;
	int64_t value;
};
void log_write_numbers(enum log_level level, const char *message, const struct log_number *numbers,
    size_t count) __attribute__((nonnull));

/* It is text, which a person may be reading, and tells what is in order too. */
bool log_shows_progress(void);
/* Called before each line is written, to clear its place; NULL: nothing is. */
void log_before_line(void (*clear)(void));

#endif
