/* manifest_folder: the manifest files that a path stands for. */
#ifndef MANIFEST_WALK_H
#define MANIFEST_WALK_H

#include <stdbool.h>

#include "lib/base/strings.h"

#define MANIFEST_PATTERNS "*.yaml, *.yml, *.json"

struct manifest_folder_visitor {
	/* Take a file.  -1 ends the walk. */
	int (*visit)(void *context, const char *path, struct error *err);
	/* Take what cannot be listed or looked at, with *err set.  0 goes on, -1 ends the walk. */
	int (*fail)(void *context, struct error *err);
	void *context;
	/* Return true for the name of another file to visit in a folder.  NULL: none. */
	bool (*wants_too)(const char *name);
};

/*
 * Visit `path` itself, or if it is a folder the files that kubectl takes, *.yaml, *.yml
 * and *.json, in the order of their names.  Folders in it count with `recursive` only, hidden ones
 * (.git, the kubelet's ..data) never; links to folders are not followed.  A path that is given is
 * taken whatever its name is.
 */
int manifest_folder_walk(const char *path, bool recursive,
    const struct manifest_folder_visitor *visitor, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Append to *files what manifest_folder_walk visits.  ERROR_NOT_FOUND: the folder contains none.
 * ERROR_INVALID: what has such a name is neither a file nor a link.
 */
int manifest_folder_list(const char *path, bool recursive, struct strings *files, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
