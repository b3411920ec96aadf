/* configuration: secret-exec's options, from the command line and the environment. */
#ifndef SECRET_EXEC_CONFIGURATION_H
#define SECRET_EXEC_CONFIGURATION_H

#include "cmd/program.h"
#include "lib/launch/launch.h"

struct configuration {
	struct launch_settings launch; /* first, for the offsets of VAULT_ and KUBE_OPTIONS */
	struct program_settings program;
	bool env_config; /* accept options from the environment */
	const char *transit_mount;
	struct strings keep_config;
	bool print_config;
	const char *install;
};

extern const struct options secret_exec_options;

/* Fill in the settings that depend on other settings.  Call it after all options are parsed. */
int configuration_complete(struct configuration *configuration, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Reject variables that contradict each other or weaken the verification of Vault, since a Secret
 * or ConfigMap may have set them (envFrom).  ERROR_USAGE.
 */
int configuration_check(const struct configuration *configuration, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
