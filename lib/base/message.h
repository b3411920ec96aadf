/* message: the text of errors and log lines, "object: problem; advice". */
#ifndef BASE_MESSAGE_H
#define BASE_MESSAGE_H

#include <stdarg.h>
#include <stddef.h>

/* The text before the advice. */
#define MESSAGE_SEPARATOR "; "

/*
 * Return the text as vasprintf does, newly allocated, or NULL if out of memory.  Set
 * *advice_length to the length of the advice at its end, or 0.  The advice begins after the first
 * "; " of the format.  In the arguments, "; " has no meaning: they may come from a server.
 */
char *message_vformat(size_t *advice_length, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0), nonnull(1, 2)));

/*
 * Return the advice, which has this length, or NULL.  NULL also if it does not follow "; " any
 * more, because the message was changed or shortened since.
 */
const char *message_advice(const char *message, size_t advice_length) __attribute__((nonnull));

#endif
