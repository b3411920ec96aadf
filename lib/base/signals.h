/*
 * signals: what a person ends a tool with (HUP, INT, QUIT, TERM), caught so that it ends cleanly.
 *
 * System calls are interrupted, not begun again.  The launcher, which is PID 1 and must catch far
 * more, has its own (lib/launch/command.h).
 */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "lib/base/error.h"

/*
 * Catch them, but for those that are ignored already, and ignore SIGPIPE.  `on_signal` is called in
 * the handler; may be NULL.
 */
void signals_catch(void (*on_signal)(void));
/* The number of the first that came, or 0. */
int signals_caught(void);

/* Hold them back; what stood before goes to *before, for ppoll and signals_release. */
void signals_block(sigset_t *before) __attribute__((nonnull));
void signals_release(const sigset_t *before) __attribute__((nonnull));

/* For the child between fork and exec: all as at the start, and nothing held back. */
void signals_restore(void);

/* ERROR_INTERRUPTED when one came: "interrupted by signal 2".  Else 0. */
int signals_check(struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
