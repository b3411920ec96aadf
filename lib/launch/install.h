/* install: copy the running program to where another container finds it. */
#ifndef LAUNCH_INSTALL_H
#define LAUNCH_INSTALL_H

#include "lib/base/error.h"

/*
 * Copy /proc/self/exe to `path`, or to secret-exec in it when that is a directory: mode 0755, whole
 * or not at all, in place of what was there.
 */
int install(const char *path, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
