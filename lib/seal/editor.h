/*
 * editor: edit text in a person's editor, in a private folder in memory.
 */
#ifndef SEAL_EDITOR_H
#define SEAL_EDITOR_H

#include <stdbool.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * A private folder has mode 0700, and the process that created it holds a lock on it (flock(2)).  A
 * folder without a lock was left by a killed process and can be removed.
 */
struct private_folder {
	char *path; /* NULL: not created */
	int fd;	    /* of the folder, locked; close-on-exec */
};

#define PRIVATE_FOLDER_INIT                                                                        \
	{                                                                                          \
		NULL, -1                                                                           \
	}

/* Return true if `parent` is an absolute path on a tmpfs or ramfs.  `parent` may be NULL. */
bool private_folder_in_memory(const char *parent) __attribute__((warn_unused_result));

/* Create a folder in `parent` and lock it.  ERROR_SYSTEM if that fails. */
int private_folder_make(struct private_folder *folder, const char *parent, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Overwrite and remove private folders in `parent` that belong to this user and are not locked.
 * Log each folder that contained a file.
 */
void private_folder_sweep(const char *parent) __attribute__((nonnull));

/*
 * Overwrite and remove all files in the folder, and remove the folder; errors are logged.  `file`
 * (NULL: none) is the name of a file that is removed even if the folder cannot be listed.
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
 * Create a private folder for a file called `name`.  Use the first of $XDG_RUNTIME_DIR, /dev/shm,
 * /run/user/UID, $TMPDIR and /tmp that is on a tmpfs or ramfs and writable; ERROR_SYSTEM if none
 * is.  A memfd is not possible, because editors write a new file and rename it.  Folders left by
 * killed edits are wiped first.
 */
int editor_open(struct editor *editor, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Reject a known editor that returns while its window is still open, because the text would be
 * removed before it is saved.
 */
int editor_check(const char *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Reject a known terminal editor if the terminal is missing.  Commands with options are not
 * checked.
 */
int editor_check_terminal(const char *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Write the text to the file, run `command` on it, and read the file again.  As in git, a shell
 * runs a command that is more than a file name.  While the editor runs, Ctrl-C goes only to the
 * editor; TERM and HUP are passed on to it.  If the editor goes to the background without a change,
 * wait until its processes end or the person presses Enter.  Its standard input is the terminal or
 * /dev/null, never a pipe.  It does not get the Vault token or secret id, and gets SIGHUP if this
 * process is killed.  ERROR_REJECTED if the editor fails.
 */
int editor_run(struct editor *editor, const char *command, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Overwrite and remove all files in the folder, including files of the editor, and the folder. */
void editor_close(struct editor *editor) __attribute__((nonnull));

#endif
