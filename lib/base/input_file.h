/*
 * input_file: files that other processes may write or replace.
 *
 * A file is absent only for "not found"; any other failure is an error.  Opening does not block: a
 * FIFO without a writer, for which open(2) waits, must not delay a start.
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

/* Set *exists.  ERROR_SYSTEM if the path cannot be checked. */
int input_file_exists(const char *path, bool *exists, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Open a file that the user names; return its descriptor or -1.  Pipes and devices are accepted,
 * because a shell's <(COMMAND) is one; wait for a FIFO's writer, until the deadline.  The
 * descriptor is non-blocking: read it with input_file_read.
 */
int input_file_open(const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Open a file that must be regular, relative to the folder (AT_FDCWD), and set *status to its
 * status; return its descriptor or -1.  `flags` are added to openat's (O_NOFOLLOW), `name` is for
 * messages.
 */
int input_file_open_regular(int folder, const char *path, int flags, const char *name,
    struct stat *status, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Set the deadline of waiting for pipes and devices (clock_now_ms); 0: none, the default. */
void input_file_set_deadline(int64_t deadline_ms);

/* Read as read(2), but wait until the descriptor is ready; ETIMEDOUT at the deadline. */
ssize_t input_file_read(int fd, void *bytes, size_t size)
    __attribute__((nonnull, warn_unused_result));

/*
 * Set *err from the errno of input_file_read.  EINTR is ERROR_INTERRUPTED, because only signals
 * that end the program have a handler.  Return -1.
 */
int input_file_fail(const char *name, struct error *err) __attribute__((nonnull));

#endif
