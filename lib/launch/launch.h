/*
 * launch: the one way from settings to a running application: collect, deliver, exec.
 */
#ifndef LAUNCH_LAUNCH_H
#define LAUNCH_LAUNCH_H

#include "lib/launch/collect.h"
#include "lib/launch/deliver.h"

struct launch_settings {
	struct collect_settings collect;
	struct deliver_settings deliver;
	int64_t timeout_ms; /* for everything before exec */
	bool check;	    /* all but exec */
};

/*
 * Start `command` (argv) with our environment and the secrets, in this process's place.  Signals
 * are caught already (command_catch_signals).  Returns only when there is nothing to run, or no
 * more: the exit status, with *err set unless it is 0.
 */
int launch(const struct launch_settings *settings, char **command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
