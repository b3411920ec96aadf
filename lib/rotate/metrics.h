/*
 * metrics: write the results of a run to a file for node_exporter's textfile collector.
 *
 * All metrics are gauges about the last run, named secretmanager_rotate_... The label `rotation`,
 * which is the file's name without ".prom", distinguishes rotations with files in one directory.
 * If the last pass over the Secrets was not completed, the numbers of Secrets and values are
 * omitted.
 */
#ifndef ROTATE_METRICS_H
#define ROTATE_METRICS_H

#include "lib/base/text_stream.h"
#include "lib/rotate/summary.h"

/* How a run ended; times are seconds since 1970. */
struct metrics_run {
	const char *rotation; /* the label's value, UTF-8 */
	bool success;
	int64_t ended_s;
	int64_t last_success_s; /* of this run or an earlier run; 0: unknown, and omitted */
};

/* Write the metrics, and flush the stream. */
int metrics_write(const struct metrics_run *run, const struct rotate_summary *summary,
    struct text_stream *out, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return the time of the last success from the text of such a file, in seconds since 1970, or 0. */
int64_t metrics_last_success(const char *text) __attribute__((nonnull));

/* Check before a run that the file can be written.  ERROR_USAGE if `path` is not a regular file. */
int metrics_file_check(const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Replace the file after a run.  After a failed run, the time of the last success is copied from
 * the old file, so that alerts on its age still work.  The mode is 0644 with any umask, because the
 * collector runs as another user.
 */
int metrics_file_write(const char *path, const struct rotate_summary *summary, bool success,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
