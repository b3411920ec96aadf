/* install: copy the running program to where another container finds it. */
#ifndef LAUNCH_INSTALL_H
#define LAUNCH_INSTALL_H

#include "lib/base/error.h"

/*
 * Copy /proc/self/exe to `path`, or to secret-exec in it when that is a directory: whole or not at
 * all, in place of what was there.  Where the program may be executed and not read, its readable
 * copy is taken, PROGRAM.copy beside it.  The copy can be executed by all and read by root alone:
 * mode 0711 as root, else 0111, since the user who copies may be the one who runs it.
 */
int install(const char *path, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
