/* command: become the application. */
#ifndef LAUNCH_COMMAND_H
#define LAUNCH_COMMAND_H

#include "lib/base/error.h"

/* Exit statuses, as env(1), nohup(1) and docker have them. */
#define COMMAND_FAILED 125     /* the launcher's own failure */
#define COMMAND_CANNOT_RUN 126 /* found, but it can't be executed */
#define COMMAND_NOT_FOUND 127

/*
 * execve argv[0] with this environment; a name without a slash is looked up in our own PATH.  Never
 * a shell: a file that the kernel can't execute is an error.  Returns only on failure: the exit
 * status, with *err set.
 */
int command_exec(char *const *argv, char *const *environment, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return 0 when command_exec would succeed, else its exit status, with *err set.  The command is
 * executed in a child without environment and descriptors, which ends before its first instruction.
 */
int command_check(char *const *argv, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Catch every signal that would end a process, but for faults of its own, and for what is ignored
 * already.  First thing in main: the kernel ignores for PID 1 what is not caught.  `on_signal` is
 * called in the handler.
 */
void command_catch_signals(void (*on_signal)(void));
int command_caught_signal(void); /* the number of the first, or 0 */

/*
 * From here on a signal ends us at once with 128+N, so that none is lost, as PID 1 too.  execve
 * gives the application its signals as we found them.
 */
void command_end_on_signals(void);

#endif
