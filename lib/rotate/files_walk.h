/* files_walk: the manifest files under some paths; for lib/rotate/files.c only. */
#ifndef ROTATE_FILES_WALK_H
#define ROTATE_FILES_WALK_H

#include <stddef.h>

#include "lib/base/error.h"

struct files_visitor {
	/* A file to look at.  -1 ends the walk. */
	int (*visit)(void *context, const char *path, struct error *err);
	/* What can't be looked at; the walk goes on. */
	void (*complain)(void *context, const struct error *reason);
	void *context;
};

/*
 * A path that is given is taken whatever its name is.  In a folder, and the folders in it, what
 * ends in .yaml, .yml or .json comes in the order of names.  Hidden folders (.git) are passed over,
 * and so are links to folders.
 */
int files_walk(const char *path, const struct files_visitor *visitor, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
