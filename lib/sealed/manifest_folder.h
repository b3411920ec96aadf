/* manifest_folder: the manifest files that a path stands for. */
#ifndef SEALED_MANIFEST_FOLDER_H
#define SEALED_MANIFEST_FOLDER_H

#include <stdbool.h>

#include "lib/base/strings.h"

/*
 * Append to *files what `path` stands for: itself, or of a folder the files that kubectl takes,
 * *.yaml, *.yml and *.json, in the order of their names.  Folders in it count with `recursive`
 * only, hidden ones (.git, the kubelet's ..data) never; links to folders are not followed.
 * ERROR_NOT_FOUND: the folder holds none.
 */
int manifest_folder_list(const char *path, bool recursive, struct strings *files, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
