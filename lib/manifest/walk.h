/* walk: find the manifest files of a path. */
#ifndef MANIFEST_WALK_H
#define MANIFEST_WALK_H

#include <stdbool.h>

#include "lib/base/strings.h"

#define MANIFEST_PATTERNS "*.yaml, *.yml, *.json"
/* The rules of a repository (lib/seal/rule.h), which are not a manifest. */
#define MANIFEST_RULES ".secretmanager.yaml"

struct manifest_walk_visitor {
	/* Process a file.  Return 0 to continue, or -1 to end the walk. */
	int (*visit)(void *context, const char *path, struct error *err);
	/*
	 * Report a path that cannot be listed or examined.  Return 0 to continue, or -1 to end the
	 * walk.
	 */
	int (*fail)(void *context, struct error *err);
	void *context;
	/* Return true for another file name to visit in a folder.  NULL: only MANIFEST_PATTERNS. */
	bool (*is_wanted)(const char *name);
};

/*
 * Visit the file `path`, whatever its name, or the files in the folder `path` that kubectl selects
 * (*.yaml, *.yml, *.json), except MANIFEST_RULES, in the order of their names.  With `recursive`,
 * also visit the folders in it, except hidden folders (.git, the kubelet's ..data).  Links to
 * folders in it are not followed.
 */
int manifest_walk(const char *path, bool recursive, const struct manifest_walk_visitor *visitor,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Append the files that manifest_walk visits to *files.  ERROR_NOT_FOUND: the folder has no
 * manifest.  ERROR_INVALID: a pipe, socket or device in the folder has the name of a manifest.
 */
int manifest_walk_list(const char *path, bool recursive, struct strings *files, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Set *err to the error for a path in which no manifest was found.  Return -1. */
int manifest_walk_fail_empty(const char *path, struct error *err) __attribute__((nonnull));

#endif
