/* lifecycle: how long an instance lives: until a signal, in the background, or as long as a
 * command. */
#ifndef SECRET_DEV_LIFECYCLE_H
#define SECRET_DEV_LIFECYCLE_H

#include "cmd/secret-dev/stage.h"

/*
 * Each returns the exit status, or -1 with *err set.
 */

/* Serve until SIGTERM, SIGINT or SIGHUP. */
int lifecycle_foreground(const struct stage_settings *settings, struct error *err);

/*
 * Fork: the child serves as in the foreground, detached; the parent prints its environment as soon
 * as it is ready and returns.
 */
int lifecycle_background(const struct stage_settings *settings, struct error *err);

/* Run a command with the environment; the status is the command's, 128+N when a signal ended it. */
int lifecycle_command(const struct stage_settings *settings, char **command, struct error *err);

#endif
