/* pipe: an inherited pipe that is full before anybody reads, and has no writer any more. */
#ifndef LAUNCH_PIPE_H
#define LAUNCH_PIPE_H

#include "lib/base/secret_buffer.h"

/*
 * Keep a descriptor's number from being used for something else: it is open, close-on-exec, after.
 * A close-on-exec descriptor that is there already is taken for a reservation: nobody inherits one.
 * ERROR_USAGE when the number is in use, ERROR_SYSTEM when the process may not have it.
 */
int pipe_reserve(int number, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Make `number`, reserved, the reading end of a new pipe that holds the bytes, inherited over exec.
 * ERROR_TOO_LARGE when the kernel gives no pipe that holds them.
 */
int pipe_fill(int number, const struct secret_buffer *content, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
