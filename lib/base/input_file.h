/*
 * input_file: files that other processes may write or replace.
 *
 * Files are opened without blocking.  open(2) would wait for the writer of a FIFO without a time
 * limit.
 */
#ifndef BASE_INPUT_FILE_H
#define BASE_INPUT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/base/error.h"

/* Return true if this errno means that a path does not exist: ENOENT, ENOTDIR. */
bool input_file_is_absent(int number);

/* Set *exists to whether the path exists.  ERROR_SYSTEM if it cannot be checked. */
int input_file_exists(const char *path, bool *exists, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Open a file that the user names.  Return its descriptor, or -1.  Pipes and devices are accepted,
 * because a shell's <(COMMAND) is a pipe.  Wait for a FIFO's writer until the deadline.  The
 * descriptor is non-blocking; read it with input_file_read.
 */
int input_file_open(const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Open a regular file, relative to the folder (AT_FDCWD), and set *status.  Return its descriptor,
 * or -1; ERROR_USAGE if it is not a regular file.  `flags` are added to openat's (O_NOFOLLOW);
 * `name` is for messages.
 */
int input_file_open_regular(int folder, const char *path, int flags, const char *name,
    struct stat *status, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Set the deadline for pipes and devices, a time of clock_now_ms, or 0 for none (the default). */
void input_file_set_deadline(int64_t deadline_ms);

/* Read as read(2) does, but wait for data.  Return -1 with ETIMEDOUT at the deadline. */
ssize_t input_file_read(int fd, void *bytes, size_t size)
    __attribute__((nonnull, warn_unused_result));

/*
 * Set *err from the errno of input_file_read.  EINTR is ERROR_INTERRUPTED, because only signals
 * that end the program have a handler.  Return -1.
 */
int input_file_fail(const char *name, struct error *err) __attribute__((nonnull));

#endif
