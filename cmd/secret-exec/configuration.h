/* configuration: what secret-exec's options and their names in the environment say. */
#ifndef SECRET_EXEC_CONFIGURATION_H
#define SECRET_EXEC_CONFIGURATION_H

#include "cmd/program.h"
#include "lib/launch/launch.h"

struct configuration {
	struct program_settings program;
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	struct source_settings sources;
	struct naming naming;
	struct deliver_settings deliver;
	struct init_settings init;
	struct watch_settings watch;
	bool env_config; /* options may come from the environment */
	struct strings keep_config;
	bool check, print_config;
	const char *install;
};

extern const struct options secret_exec_options;

/*
 * Reject variables that contradict each other or weaken how Vault is verified, since a Secret or
 * ConfigMap may have set them (envFrom).  ERROR_USAGE.
 */
int configuration_check(const struct configuration *configuration, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
