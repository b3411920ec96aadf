/*
 * input_file: files that other processes may have written or exchanged.
 *
 * Looking at one is exact: only "not found" means absent, any other failure is an error.  Opening
 * one never waits: a FIFO without a writer, which open(2) waits for, must not hold up a start.
 */
#ifndef BASE_INPUT_FILE_H
#define BASE_INPUT_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lib/base/error.h"

/* Return whether this errno means that a path does not exist: ENOENT, ENOTDIR. */
bool input_file_is_absent(int number);

/* Set *exists.  -1 with ERROR_SYSTEM when the path cannot be looked at. */
int input_file_exists(const char *path, bool *exists, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Open a file that the user names, or -1.  Pipes and devices are taken as well, since a shell's
 * <(COMMAND) is one: a FIFO is waited for until it has a writer, at most until the deadline.
 * The descriptor does not block: read it with input_file_read.
 */
int input_file_open(const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Open a file that must be a regular one, relative to the folder (AT_FDCWD), or -1; *status
 * is its own.  `flags` are added to openat's (O_NOFOLLOW), `name` is for messages.
 */
int input_file_open_regular(int folder, const char *path, int flags, const char *name,
    struct stat *status, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Set the end of waiting for pipes and devices (clock_now_ms); 0, as at first: none. */
void input_file_set_deadline(int64_t deadline_ms);

/* As read(2), but wait for a descriptor that is not ready; ETIMEDOUT at the deadline. */
ssize_t input_file_read(int fd, void *bytes, size_t size)
    __attribute__((nonnull, warn_unused_result));

/*
 * Report errno of input_file_read.  Only a signal that ends the program has a handler, so EINTR is
 * ERROR_INTERRUPTED.  Returns -1.
 */
int input_file_fail(const char *name, struct error *err) __attribute__((nonnull));

#endif
