/*
 * metrics: what a run found and did, in Prometheus's text format.
 *
 * All are gauges about the run that ended last, named secretmanager_rotate_...  Each has the label
 * `rotation`, by which several rotations can be told apart, whose files stand in one folder.  How
 * many Secrets and values there are is left out when no look at them came to its end: a part of
 * them is no number to watch.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/ (text, 0.0.4)
 */
#ifndef ROTATE_METRICS_H
#define ROTATE_METRICS_H

#include "lib/base/text_stream.h"
#include "lib/rotate/summary.h"

/* How a run ended; times are seconds since 1970. */
struct metrics_run {
	const char *rotation; /* UTF-8 */
	bool success;
	int64_t ended_s;
	int64_t last_success_s; /* of this run or one before; 0: not known, and left out */
};

/* Write the metrics, and flush the stream. */
int metrics_write(const struct metrics_run *run, const struct rotate_summary *summary,
    struct text_stream *out, struct error *err) __attribute__((nonnull, warn_unused_result));

/* The time of the last success that such a text tells; 0: none. */
int64_t metrics_last_success(const char *text) __attribute__((nonnull));

#endif
