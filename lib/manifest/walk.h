/* walk: find the manifest files that a path names. */
#ifndef MANIFEST_WALK_H
#define MANIFEST_WALK_H

#include <stdbool.h>

#include "lib/base/strings.h"

#define MANIFEST_PATTERNS "*.yaml, *.yml, *.json"

struct manifest_walk_visitor {
	/* Process a file.  -1 ends the walk. */
	int (*visit)(void *context, const char *path, struct error *err);
	/* Report a path that cannot be listed or examined.  0 goes on, -1 ends the walk. */
	int (*fail)(void *context, struct error *err);
	void *context;
	/* Return true for the name of another file to visit in a folder.  NULL: none. */
	bool (*is_wanted)(const char *name);
};

/*
 * Visit `path`, whatever its name is, or if it is a folder the files that kubectl selects (*.yaml,
 * *.yml, *.json), in the order of names.  Folders in it are visited if `recursive`, but not hidden
 * folders (.git, the kubelet's ..data); links to folders are not followed.
 */
int manifest_walk(const char *path, bool recursive, const struct manifest_walk_visitor *visitor,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append the files that manifest_walk visits to *files.  ERROR_NOT_FOUND: the folder contains none.
 * ERROR_INVALID: a pipe, socket or device with the name of a manifest.
 */
int manifest_walk_list(const char *path, bool recursive, struct strings *files, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
