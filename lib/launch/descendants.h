/* descendants: the processes that an application leaves behind when it ends. */
#ifndef LAUNCH_DESCENDANTS_H
#define LAUNCH_DESCENDANTS_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Send a signal (0: none) to the process group `group`, and to our children outside of it, as which
 * orphans of any depth come to us.  Spared are `spared` and our own process group: what a shell
 * started before it became this init.  Returns whether there was any.
 */
bool descendants_signal(pid_t group, pid_t spared, int number);

#endif
