/*
 * signals: catch the signals that end a tool (HUP, INT, QUIT, TERM), so that it ends cleanly.
 *
 * System calls are interrupted, not restarted.  The launcher must catch more signals as PID 1, and
 * does not use this module (lib/launch/command.c).
 */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "lib/base/error.h"

/*
 * Catch these signals, except ignored ones, and ignore SIGPIPE.  The handler calls `on_signal`
 * unless it is NULL.
 */
void signals_catch(void (*on_signal)(void));
/* Return the number of the first signal that was caught, or 0. */
int signals_caught(void);

/* Block these signals, and set *before to the previous mask, for ppoll and signals_release. */
void signals_block(sigset_t *before) __attribute__((nonnull));
void signals_release(const sigset_t *before) __attribute__((nonnull));

/* Restore the initial actions and unblock all signals, in a child between fork and exec. */
void signals_restore(void);

/* Return 0, or -1 with ERROR_INTERRUPTED if a signal was caught: "interrupted by signal 2". */
int signals_check(struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
