/* editor: let a person edit text in an editor of theirs, in memory that never reaches a disk. */
#ifndef SEAL_EDITOR_H
#define SEAL_EDITOR_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/seal/private_folder.h"

struct editor {
	struct private_folder folder; /* on a tmpfs */
	char *file;		      /* in it; its path */
};

#define EDITOR_INIT                                                                                \
	{                                                                                          \
		PRIVATE_FOLDER_INIT, NULL                                                          \
	}

/*
 * Make a folder of mode 0700 in $XDG_RUNTIME_DIR, /dev/shm, /run/user/UID or $TMPDIR, the first
 * that is on a tmpfs or ramfs, with a file called `name` in it: editors write a new file beside the
 * old and rename it, which a memfd can't take.  ERROR_SYSTEM where all of them are on disks.  What
 * edits that were killed have left in any of them is wiped first.
 */
int editor_open(struct editor *editor, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Refuse an editor that is known to return while a window still shows the text: what is saved then
 * would be lost, and stay in plaintext.
 */
int editor_check(const char *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Refuse an editor that needs a terminal, written without options, where there is none. */
int editor_check_terminal(const char *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Write the text to the file, run `command` on it, and read the file again.  The command's words
 * are split as git does it: a shell runs what holds more than a file's name.  Meanwhile Ctrl-C is
 * the editor's own; TERM and HUP are passed on to it.  An editor that fails is ERROR_REJECTED.
 * An editor that goes on in the background and has changed nothing is waited for, until its
 * processes end or Enter is pressed on the terminal.  Its standard input is the terminal, or
 * /dev/null, and never a pipe.
 * It gets neither our token for Vault nor a secret id, and hangs up when we are killed.
 */
int editor_run(struct editor *editor, const char *command, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Overwrite and remove all that the folder holds, what the editor has left there too. */
void editor_close(struct editor *editor) __attribute__((nonnull));

#endif
