/* folder: all names in a folder, or an error. */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "lib/base/strings.h"

/*
 * Append the names in a folder to *names, in the order of strcmp, without "." and "..".  `path` is
 * relative to `parent` (AT_FDCWD), `label` is for messages.  An incomplete listing is an error, and
 * so is a path that is not a folder; *names may have some names then.
 */
int folder_list(int parent, const char *path, const char *label, struct strings *names,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
