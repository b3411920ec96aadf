/* prompt: ask a person on the terminal. */
#ifndef BASE_PROMPT_H
#define BASE_PROMPT_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Check that a value can be asked for on a terminal.  ERROR_USAGE with advice if not. */
int prompt_check_terminal(struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Ask on /dev/tty for the value called `name`, twice, until both answers are equal (at most three
 * times).  The answers are not shown.  The terminal is restored, also after a signal
 * (ERROR_INTERRUPTED, see lib/base/signals.h).  ERROR_INVALID: answers that differ, an empty value,
 * a value as long as a terminal's line (4,094 bytes), several pasted lines, or the end of input.
 * ERROR_USAGE: no terminal.
 */
int prompt_hidden(const char *name, struct secret_buffer *value, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Show `text` and wait for Enter, or until `over` returns true.  ERROR_USAGE: no terminal. */
int prompt_enter(const char *text, bool (*over)(void), struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Ask a question, with echo, until the answer begins with one of the lower-case `letters`.
 * ERROR_INVALID: the end of input.  ERROR_USAGE: no terminal; the caller adds the advice.
 */
int prompt_choice(const char *question, const char *letters, char *choice, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
