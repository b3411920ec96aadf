/*
 * private_folder: a folder in memory for plaintext that a person edits, ours alone.
 *
 * It has mode 0700, and its maker holds a lock on it (flock(2)) as long as it lives.  So one that
 * nobody has locked belongs to a process that was killed, and may be swept.
 */
#ifndef SEAL_PRIVATE_FOLDER_H
#define SEAL_PRIVATE_FOLDER_H

#include <stdbool.h>

#include "lib/base/error.h"

struct private_folder {
	char *path; /* NULL: none was made */
	int fd;	    /* it, open and locked; closed by exec */
};

#define PRIVATE_FOLDER_INIT                                                                        \
	{                                                                                          \
		NULL, -1                                                                           \
	}

/* Whether the folder `parent` (NULL: no) is on a tmpfs or a ramfs, by an absolute path. */
bool private_folder_in_memory(const char *parent) __attribute__((warn_unused_result));

/* Make one in `parent` and lock it.  ERROR_SYSTEM: it can't be done there. */
int private_folder_make(struct private_folder *folder, const char *parent, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Overwrite and remove what processes that were killed have left in `parent`: folders of such a
 * name that belong to us and that nobody has locked.  Each that held anything is logged.
 */
void private_folder_sweep(const char *parent) __attribute__((nonnull));

/*
 * Overwrite and remove all that it holds, then it; what cannot be removed is logged.  `file` (NULL:
 * none) is a name in it that is removed even if the folder cannot be listed.
 */
void private_folder_remove(struct private_folder *folder, const char *file)
    __attribute__((nonnull(1)));

#endif
