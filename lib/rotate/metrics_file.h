/*
 * metrics_file: the file of metrics for node_exporter's textfile collector.
 *
 * It is replaced whole, by a file beside it that takes its place: the collector may read at any
 * time, as any user (mode 0644).  Its name, without ".prom", becomes the label `rotation`.
 */
#ifndef ROTATE_METRICS_FILE_H
#define ROTATE_METRICS_FILE_H

#include "lib/rotate/summary.h"

/* Before a run: it could be written.  ERROR_USAGE: it is something else than a file. */
int metrics_file_check(const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * After a run, whatever came of it.  The time of the last success is this run's, or the one that
 * the old file tells: an alert on its age goes on through failures.
 */
int metrics_file_write(const char *path, const struct rotate_summary *summary, bool success,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
