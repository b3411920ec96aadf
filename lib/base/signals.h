/*
 * signals: the signals that end a tool (HUP, INT, QUIT, TERM), caught so that it ends cleanly.
 *
 * System calls are interrupted, not restarted.  The launcher, which as PID 1 must catch more
 * signals, does not use this (lib/launch/command.c).
 */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "lib/base/error.h"

/*
 * Catch them, except those that are ignored already, and ignore SIGPIPE.  `on_signal`, if not NULL,
 * is called in the handler.
 */
void signals_catch(void (*on_signal)(void));
/* Return the number of the first that was caught, or 0. */
int signals_caught(void);

/* Block them, and set *before to the mask before, for ppoll and signals_release. */
void signals_block(sigset_t *before) __attribute__((nonnull));
void signals_release(const sigset_t *before) __attribute__((nonnull));

/* In a child between fork and exec: restore the initial actions, and block nothing. */
void signals_restore(void);

/* Return 0, or ERROR_INTERRUPTED if one was caught: "interrupted by signal 2". */
int signals_check(struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
