/*
 * output_file: write a file completely, or not at all.
 *
 * The content goes to a new file in the same directory, which is then renamed to the file's name.
 * A reader finds either the old file or the new one, even if this process fails, or with `durable`
 * if the machine fails.
 */
#ifndef BASE_OUTPUT_FILE_H
#define BASE_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

/*
 * Write all bytes to a descriptor.  Return 0, or -1 with errno: EINTR after a signal that ends the
 * program (signals.h).
 */
int output_file_write_all(int fd, const void *bytes, size_t length)
    __attribute__((warn_unused_result));

struct output_file {
	int folder;	    /* the directory, O_PATH */
	char *name;	    /* the file's name in it; NULL: the struct is empty */
	int fd;		    /* the new file, for writing; -1 if it is not open */
	char temporary[40]; /* its name until it is placed; "" before and after */
};

#define OUTPUT_FILE_INIT                                                                           \
	{                                                                                          \
		-1, NULL, -1, ""                                                                   \
	}

/*
 * Open the directory of `path`, which must name a file.  Nothing is created.  Messages contain the
 * path.  On error there is nothing to free.
 */
int output_file_open(struct output_file *file, const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Create the new file, empty and with mode 0600, named `prefix` and 16 random digits.  Messages do
 * not contain the path.
 */
int output_file_create(struct output_file *file, const char *prefix, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Close the new file.  If `durable`, write it to the disk first.  Not needed before
 * output_file_place.  Messages do not contain the path.
 */
int output_file_close(struct output_file *file, bool durable, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Rename the new file to its final name, and close it first if it is open.  If `durable`, write an
 * open file to the disk before, and the directory after.  Messages do not contain the path.
 */
int output_file_place(struct output_file *file, bool durable, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Close and remove the new file if it has not been placed. */
void output_file_discard(struct output_file *file) __attribute__((nonnull));

/* Discard the new file and free the struct, which is then empty. */
void output_file_free(struct output_file *file) __attribute__((nonnull));

#endif
