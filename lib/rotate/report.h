/*
 * report: tell how far a pass has come.
 *
 * To a person on a terminal as lib/base/progress does it; elsewhere in a line of the log, so that
 * the log of a CronJob shows that a long run is alive.  There is one run at a time, and one thread.
 */
#ifndef ROTATE_REPORT_H
#define ROTATE_REPORT_H

#include "lib/rotate/pass.h"

/* Lines of a log: a run of a minute is no silence, one of a day leaves 8,640. */
#define REPORT_INTERVAL_MS 10000

/* A pass begins.  The summary still has the numbers of the one before, whose Secrets are those of
 * this one, or nearly. */
void report_begin(const struct rotate_summary *summary, enum pass_mode mode, int64_t now_ms)
    __attribute__((nonnull));

/* Cheap: to be called each turn of the pass. */
void report_turn(const struct rotate_summary *summary, int64_t now_ms) __attribute__((nonnull));

void report_end(void);

#endif
