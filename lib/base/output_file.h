/*
 * output_file: write a file whole, or not at all.
 *
 * The content goes to a new file in the same directory, which is then renamed to the file's name.
 * Any reader finds the old file or the new one, also after this process or the machine has failed.
 */
#ifndef BASE_OUTPUT_FILE_H
#define BASE_OUTPUT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

/*
 * Write all of the bytes to a descriptor.  Return 0, or -1 with errno: EINTR once a signal that
 * ends the program has come (signals.h).
 */
int output_file_write_all(int fd, const void *bytes, size_t length)
    __attribute__((warn_unused_result));

struct output_file {
	int folder;	    /* the directory, O_PATH */
	char *name;	    /* the file's name in it; NULL: the struct is empty */
	int fd;		    /* the new file, for writing; -1 if it is not open */
	char temporary[40]; /* its name until it has the right one; "" before and after */
};

#define OUTPUT_FILE_INIT                                                                           \
	{                                                                                          \
		-1, NULL, -1, ""                                                                   \
	}

/*
 * Open the directory of `path`, which must name a file; nothing is created.  Messages name the
 * path.  On error there is nothing to free.
 */
int output_file_open(struct output_file *file, const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Create the new file, empty and with mode 0600, as `prefix` and 16 random digits.  Messages do not
 * name the path.
 */
int output_file_create(struct output_file *file, const char *prefix, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Close the new file, if `durable` after writing it to the disk.  Not needed before
 * output_file_place.  Messages do not name the path.
 */
int output_file_close(struct output_file *file, bool durable, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Close the new file if it is open, and give it the right name; if `durable`, write both to the
 * disk.  Messages do not name the path.
 */
int output_file_place(struct output_file *file, bool durable, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Close and remove the new file if it is not in its place. */
void output_file_discard(struct output_file *file) __attribute__((nonnull));

/* Discard and free; an empty struct after. */
void output_file_free(struct output_file *file) __attribute__((nonnull));

#endif
