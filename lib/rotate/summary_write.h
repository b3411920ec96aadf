/*
 * summary_write: a run's summary for people and for machines.
 *
 * How many Secrets are on which version is told only where a pass has looked: finding them, before
 * their keys are rotated, tells nothing of that.
 */
#ifndef ROTATE_SUMMARY_WRITE_H
#define ROTATE_SUMMARY_WRITE_H

#include "lib/base/secret_buffer.h"
#include "lib/rotate/summary.h"

/* A line for the Secrets, and one for each key. */
int summary_write_text(const struct rotate_summary *summary, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* One JSON object and a newline; `failure`: why the run has failed, or NULL. */
int summary_write_json(const struct rotate_summary *summary, const char *failure,
    struct secret_buffer *out, struct error *err) __attribute__((nonnull(1, 3, 4)));

#endif
