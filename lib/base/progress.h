/*
 * progress: how far a long run has come, in one line on the terminal.
 *
 * Shown only where stderr is a terminal that we are in the foreground of and that can wipe a line
 * (TERM is set, and not "dumb"), and where the log is text that tells what is in order too
 * (LOG_INFO); elsewhere all of this does nothing.  A run that ends within PROGRESS_DELAY_MS shows
 * nothing.  There is one line at a time, and one thread.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A person begins to wonder after about a second, and reads no more than a few lines in one. */
#define PROGRESS_DELAY_MS 1000
#define PROGRESS_INTERVAL_MS 200

/* `what` ("Verifying Secrets") is borrowed and must stay until the end. */
void progress_begin(const char *what) __attribute__((nonnull));

/* Whether there is a terminal to show it on: else a log has to tell. */
bool progress_has_terminal(void);

/* So many are done, of `total`; 0 while that is not known.  Cheap: to be called for each. */
void progress_update(size_t done, size_t total);

/* Wipe the line until the next update, as the log does: before a write to what may be the terminal.
 */
void progress_hide(void);

/* Wipe it for good.  Without a beginning it does nothing. */
void progress_end(void);

/*
 * The line: "WHAT: 24% (1200/5000), 410/s, 9s left", or "WHAT: 1200, 410/s" where the total is not
 * known, or turned out to be too small.  It is cut to `size`.
 */
void progress_format(char *line, size_t size, const char *what, size_t done, size_t total,
    int64_t elapsed_ms) __attribute__((nonnull));

#endif
