/* files_rewrap: rewrap the old values of documents; for lib/rotate/files_window.c only. */
#ifndef ROTATE_FILES_REWRAP_H
#define ROTATE_FILES_REWRAP_H

#include "lib/rotate/files_document.h"

/*
 * Rewrap these values, which are put in order by their keys, in as few requests as may be: their
 * Secrets' changes hold the new ones then.  What fails is told.  -1: the run can't go on.
 */
int files_rewrap(struct files_run *run, struct files_value **values, size_t count,
    struct error *err) __attribute__((nonnull(1, 4), warn_unused_result));

#endif
