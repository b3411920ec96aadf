/*
 * progress: show the progress of a long run in one line on the terminal.
 *
 * The line is shown only if stderr is a terminal that can erase a line (TERM is set and is not
 * "dumb"), this process is in the foreground, and the log is text and includes LOG_INFO.  A run
 * that ends within PROGRESS_DELAY_MS shows nothing.  There is one line at a time; use it from one
 * thread.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shorter runs need no progress; faster updates cannot be read. */
#define PROGRESS_DELAY_MS 1000
#define PROGRESS_INTERVAL_MS 200

/* Begin to show progress.  `what` ("Verifying Secrets") is borrowed until progress_end. */
void progress_begin(const char *what) __attribute__((nonnull));

/* Return true if there is a terminal to show progress on; if not, log instead. */
bool progress_has_terminal(void);

/* Show that `done` of `total` items (0: unknown) are done.  Cheap enough to call for each item. */
void progress_update(size_t done, size_t total);

/* Erase the line until the next update.  Call it before any output that may go to the terminal. */
void progress_hide(void);

/* Erase the line and stop.  Does nothing before progress_begin. */
void progress_end(void);

/*
 * Write "WHAT: 24% (1200/5000), 410/s, 9s left", or "WHAT: 1200, 410/s" if the total is unknown or
 * less than `done`, cut to `size` bytes.
 */
void progress_format(char *line, size_t size, const char *what, size_t done, size_t total,
    int64_t elapsed_ms) __attribute__((nonnull));

#endif
