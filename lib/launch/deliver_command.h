/* deliver_command: the command with the paths of memfds in its arguments. */
#ifndef LAUNCH_DELIVER_COMMAND_H
#define LAUNCH_DELIVER_COMMAND_H

#include "lib/launch/deliver_destination.h"

/*
 * Return a copy of argv in which each memfd's placeholder is replaced by /proc/self/fd/N: {KEY},
 * and {} for the memfd of all variables, or for the only one there is, where that is a whole
 * argument or the value of --OPTION=VALUE; {memfd:KEY} and {memfd} anywhere.  {{}}, and the others
 * with one more pair of braces, lose a pair.  argv[0] stays, and without memfds all.  ERROR_USAGE
 * when a memfd has no placeholder, or {} could be one of several.  NULL on error; free with
 * deliver_command_free.
 */
char **deliver_command_fill(char *const *command, const struct destinations *destinations,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void deliver_command_free(char **command);

#endif
