/* deliver_command: the command with the paths of memfds in its arguments. */
#ifndef LAUNCH_DELIVER_COMMAND_H
#define LAUNCH_DELIVER_COMMAND_H

#include "lib/launch/deliver_destination.h"

/*
 * A copy of argv, where each memfd's placeholder is replaced by /proc/self/fd/N: {KEY}, and {} for
 * the memfd of all variables, or for the only one there is.  argv[0] stays.  ERROR_USAGE when a
 * memfd has no placeholder, or {} could be one of several.  NULL on error; free with
 * deliver_command_free.
 */
char **deliver_command_fill(char *const *command, const struct destinations *destinations,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void deliver_command_free(char **command);

#endif
