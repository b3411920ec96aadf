/* memfd: a file in memory that nobody can change, and that has no name in any file system. */
#ifndef LAUNCH_MEMFD_H
#define LAUNCH_MEMFD_H

#include "lib/base/secret_buffer.h"

/*
 * Make one that holds the bytes: sealed against any change, mode 0400, offset 0, inherited over
 * exec.  Returns its descriptor, from 3; -1 on error.
 */
int memfd_make(const struct secret_buffer *content, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
