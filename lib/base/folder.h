/* folder: list all names in a folder. */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "lib/base/strings.h"

/*
 * Append the names in a folder to *names, sorted by strcmp, without "." and "..".  `path` is
 * relative to `parent` (AT_FDCWD); `label` names the folder in messages.  Fail if the path is not a
 * folder, or if the listing is incomplete; *names may then contain some of the names.
 */
int folder_list(int parent, const char *path, const char *label, struct strings *names,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
