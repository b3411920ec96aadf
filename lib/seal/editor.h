/*
 * editor: edit text in a person's editor, in a private folder in memory.
 */
#ifndef SEAL_EDITOR_H
#define SEAL_EDITOR_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * A private folder has mode 0700, and its creator holds a lock on it (flock(2)) while it lives.  A
 * folder without a lock was left by a process that was killed, and can be removed.
 */
struct private_folder {
	char *path; /* NULL: not created */
	int fd;	    /* of the folder, locked; close-on-exec */
};

#define PRIVATE_FOLDER_INIT                                                                        \
	{                                                                                          \
		NULL, -1                                                                           \
	}

/* Return whether `parent` is an absolute path on a tmpfs or ramfs; NULL is not. */
bool private_folder_in_memory(const char *parent) __attribute__((warn_unused_result));

/* Create a folder in `parent` and lock it.  ERROR_SYSTEM if that fails. */
int private_folder_make(struct private_folder *folder, const char *parent, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Overwrite and remove private folders in `parent` that belong to this user and are not locked.
 * Each that contained a file is logged.
 */
void private_folder_sweep(const char *parent) __attribute__((nonnull));

/*
 * Overwrite and remove all files in the folder, and the folder; errors are logged.  `file` (NULL:
 * none) is the name of a file that is removed even if the folder cannot be listed.
 */
void private_folder_remove(struct private_folder *folder, const char *file)
    __attribute__((nonnull(1)));

struct editor {
	struct private_folder folder; /* on a tmpfs */
	char *file;		      /* path of the edited file in it */
};

#define EDITOR_INIT                                                                                \
	{                                                                                          \
		PRIVATE_FOLDER_INIT, NULL                                                          \
	}

/*
 * Create a private folder for a file called `name` in $XDG_RUNTIME_DIR, /dev/shm, /run/user/UID or
 * $TMPDIR, the first that is on a tmpfs or ramfs; ERROR_SYSTEM if none is.  A memfd would not do:
 * editors write a new file and rename it.  Folders left by killed edits are wiped first.
 */
int editor_open(struct editor *editor, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Reject a known editor that returns while its window is still open: the text would be removed
 * before it is saved.
 */
int editor_check(const char *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Reject a known terminal editor without options if a terminal is missing. */
int editor_check_terminal(const char *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Write the text to the file, run `command` on it, and read the file again.  As in git, a shell
 * runs the command if it holds more than a file's name.  While the editor runs, Ctrl-C goes to the
 * editor only; TERM and HUP are passed on to it.  ERROR_REJECTED if the editor fails.  If the
 * editor goes to the background without a change, wait until its processes end or a person presses
 * Enter.  Its standard input is the terminal or /dev/null, never a pipe.  It does not get our Vault
 * token or secret id, and gets SIGHUP if this process is killed.
 */
int editor_run(struct editor *editor, const char *command, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Overwrite and remove all files in the folder, also those that the editor left there. */
void editor_close(struct editor *editor) __attribute__((nonnull));

#endif
