/*
 * launch: the one way from settings to a running application: collect, deliver, exec; in this
 * process's place, or under an init that stays and, while watching, does it again.
 */
#ifndef LAUNCH_LAUNCH_H
#define LAUNCH_LAUNCH_H

#include "lib/launch/collect.h"
#include "lib/launch/deliver.h"
#include "lib/launch/init.h"
#include "lib/launch/watch.h"

/* All borrowed. */
struct launch_settings {
	struct collect_settings collect;
	struct deliver_settings deliver;
	struct init_settings init;
	struct watch_settings watch;
	int64_t timeout_ms; /* for everything before exec */
	bool check;	    /* all but exec */
};

/* See that init's and watch's settings are sound, and fit the others.  ERROR_USAGE. */
int launch_check_settings(const struct launch_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Start `command` (argv) with our environment and the secrets, in this process's place, or in a
 * child's.  Signals are caught already (command_catch_signals).  Returns only when there is nothing
 * to run, or no more: the exit status, with *err set when that is our own and not 0.
 */
int launch(const struct launch_settings *settings, char **command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
