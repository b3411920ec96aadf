/* editor: let a person edit text in an editor of theirs, in memory that never reaches a disk. */
#ifndef SEAL_EDITOR_H
#define SEAL_EDITOR_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

struct editor {
	char *folder; /* ours alone, on a tmpfs */
	char *file;   /* in it */
};

/*
 * Make a folder of mode 0700 in $XDG_RUNTIME_DIR, /dev/shm, /run/user/UID or $TMPDIR, the first
 * that is on a tmpfs or ramfs, with a file called `name` in it: editors write a new file beside the
 * old and rename it, which a memfd can't take.  ERROR_SYSTEM where all of them are on disks.
 */
int editor_open(struct editor *editor, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Write the text to the file, run `command` on it, and read the file again.  The command's words
 * are split as git does it: a shell runs what holds more than a file's name.  Meanwhile Ctrl-C is
 * the editor's own; TERM and HUP are passed on to it.  An editor that fails is ERROR_REJECTED.
 */
int editor_run(struct editor *editor, const char *command, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Overwrite and remove all that the folder holds, what the editor has left there too. */
void editor_close(struct editor *editor) __attribute__((nonnull));

#endif
