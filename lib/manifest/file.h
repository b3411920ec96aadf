/*
 * file: a manifest file that is read document by document and replaced atomically.
 *
 * The new text is written to a temporary file in the same folder, which is then renamed.  Readers
 * see either the old or the new text, also after a crash of the process or the machine.  Mode and
 * owner are kept.  If the name is a symbolic link, its target is replaced.
 */
#ifndef MANIFEST_FILE_H
#define MANIFEST_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/output_file.h"
#include "lib/base/secret_buffer.h"
#include "lib/manifest/stream.h"

struct manifest_file {
	char *name; /* as the user wrote it, for messages */

	/* Reading. */
	int in;		    /* -1: reading has ended */
	bool is_stream;	    /* `in` is borrowed, and the input cannot be replaced */
	struct stat before; /* status of the file when it was opened */
	struct manifest_stream stream;
	off_t next; /* offset of the next document, in bytes */

	/* Writing. */
	struct output_file out; /* the new text; fd -1: none yet */
	int old;		/* the old text, for copying; -1: not open */
	off_t copied;		/* offset up to which the old text is in `out` or replaced */

	/* For batch.h. */
	size_t waiting;		/* number of waiting documents */
	size_t secrets, values; /* numbers of changes, which the job's `settle` counts */
	bool lost; /* it cannot be replaced, was reported to `fail`, and keeps its text */
};

/* Open a regular file for reading.  On error there is nothing to free. */
int manifest_file_open(struct manifest_file *file, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Read documents from a borrowed descriptor: a pipe, or standard input. */
int manifest_file_open_stream(struct manifest_file *file, int fd, const char *name,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void manifest_file_free(struct manifest_file *file) __attribute__((nonnull));

/*
 * Read the next document into *text, the number of its first line into *line and its offset in
 * bytes into *offset.  Return 1, 0 at the end, or -1 on error.
 */
int manifest_file_next(struct manifest_file *file, struct secret_buffer *text, size_t *line,
    off_t *offset, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Close the descriptor for reading.  A file can still be replaced. */
void manifest_file_end_reading(struct manifest_file *file) __attribute__((nonnull));
/* Return true if both names lead to the same file. */
bool manifest_file_is_same(const struct manifest_file *a, const struct manifest_file *b)
    __attribute__((nonnull));

/*
 * Create the temporary file early, to find out if the file can be replaced.  Without this call, the
 * first manifest_file_replace creates it.
 */
int manifest_file_prepare(struct manifest_file *file, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Write the new text of a document.  Documents that are not replaced are copied.  Offsets, in
 * bytes, must ascend.  ERROR_CONFLICT: another process changed the file since it was opened.
 */
int manifest_file_replace(struct manifest_file *file, off_t offset,
    const struct secret_buffer *old_text, const struct secret_buffer *new_text, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return true if the temporary file was created, so that manifest_file_commit is needed. */
bool manifest_file_is_changed(const struct manifest_file *file) __attribute__((nonnull));
/*
 * Sync the new text to disk and rename it over the old file.  ERROR_CONFLICT: another process
 * changed or replaced the file since it was opened, and its version is kept.
 */
int manifest_file_commit(struct manifest_file *file, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Remove the temporary file.  The file keeps its old text. */
void manifest_file_discard(struct manifest_file *file) __attribute__((nonnull));

#endif
