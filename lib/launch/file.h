/* file: a file that comes into its place whole, or not at all. */
#ifndef LAUNCH_FILE_H
#define LAUNCH_FILE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/error.h"

struct file {
	int folder;	    /* the directory that it goes to, O_PATH */
	char *name;	    /* in that; NULL: the struct holds nothing */
	char temporary[32]; /* the name that it waits under, "" before and after */
	bool placed;
};

/*
 * Find the place: the directory must be there, and in it only another file or a symbolic link,
 * which itself will be replaced.  Free with file_free.  Messages name the path; ERROR_SYSTEM when
 * the directory can't be used, ERROR_USAGE when the place can't.
 */
int file_open(struct file *file, const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Create it beside its place, empty.  An owner of -1 is ours.  Returns its descriptor, for writing;
 * -1 on error.
 */
int file_create(struct file *file, mode_t mode, uid_t user, gid_t group, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Write all of it to a descriptor. */
int file_write(int fd, const void *bytes, size_t length, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Move it to its place. */
int file_place(struct file *file, struct error *err) __attribute__((nonnull, warn_unused_result));

/* True when both go to one place, by whatever path it was named. */
bool file_same_place(const struct file *a, const struct file *b) __attribute__((nonnull));

/* Remove it, wherever it is. */
void file_remove(struct file *file) __attribute__((nonnull));

/* Free; remove it when it is not in its place. */
void file_free(struct file *file) __attribute__((nonnull));

#endif
