/* prompt: ask a person for a secret on the terminal, without showing it. */
#ifndef SEAL_PROMPT_H
#define SEAL_PROMPT_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* ERROR_USAGE: there is no terminal to ask on. */
int prompt_check_terminal(struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Ask on /dev/tty, whatever standard input is, for the value called `name`, twice, until both are
 * the same (three times at most).  Nothing is shown; the terminal is put back, also when a signal
 * (lib/base/signals.h) ends it: ERROR_INTERRUPTED.  An empty value, one that is longer than a
 * terminal's line (4,094 bytes), one of several lines that is pasted and the end of input are
 * ERROR_INVALID; no terminal is ERROR_USAGE.
 */
int prompt_hidden(const char *name, struct secret_buffer *value, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Show `text` and wait for Enter, or until `over` is true.  ERROR_USAGE without a terminal. */
int prompt_enter(const char *text, bool (*over)(void), struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Ask a question whose answer is one of the lower-case `letters`, shown as it is typed, until one
 * of them is given (or a word that begins with it).  The end of input is ERROR_INVALID.
 */
int prompt_choice(const char *question, const char *letters, char *choice, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
