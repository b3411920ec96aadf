/*
 * manifest_file: a file whose text is replaced whole, or not at all.
 *
 * What is written goes to a new file in the same directory, which then takes the old one's place:
 * whoever reads, and whenever this process or the machine dies, there is the old text or the new.
 * Mode and owner stay; of a symbolic link the file that it leads to is replaced.
 */
#ifndef MANIFEST_FILE_H
#define MANIFEST_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

struct manifest_file {
	int in;		  /* the old text, for reading from its beginning */
	int out;	  /* the new one */
	int folder;	  /* that both are in */
	const char *name; /* as it was given, for messages; borrowed */
	char *path;	  /* where it is, links followed */
	char *base;	  /* its last part; borrowed from path */
	char *temporary;  /* the new file's name in the folder; NULL: it is in place, or gone */
	struct stat before;
	struct secret_buffer pending; /* written, but not out yet */
};

/*
 * Open for reading and make the new file, empty.  It must be a regular file that we may give a
 * successor of the same owner.  On error there is nothing to free.
 */
int manifest_file_open(struct manifest_file *file, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Append to the new text. */
int manifest_file_write(struct manifest_file *file, const void *bytes, size_t length,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Put the new text, all of it on disk, in the old one's place.  ERROR_CONFLICT when somebody has
 * changed or replaced the file since it was opened: it is as they left it.
 */
int manifest_file_commit(struct manifest_file *file, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Free; without a commit the file is as it was. */
void manifest_file_free(struct manifest_file *file) __attribute__((nonnull));

#endif
