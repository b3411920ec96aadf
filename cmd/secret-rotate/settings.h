/* settings: the options of secret-rotate and their environment variables. */
#ifndef SECRET_ROTATE_SETTINGS_H
#define SECRET_ROTATE_SETTINGS_H

#include "cmd/program.h"
#include "lib/rotate/rotate.h"

struct rotate_configuration {
	struct program_settings program;
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	const char *phase, *shard, *output, *metrics_file;
	const char *transit_key, *selector;
	struct strings names, data_keys, retire_namespaces;
	bool all_namespaces, all_secrets, files;
	bool dry_run, yes, retire, trim;
	int64_t min_age_ms, keep_versions;
};

extern const struct options secret_rotate_options;

/*
 * Fill *settings, which borrows from *configuration.  ERROR_USAGE if an option is not valid, or
 * options cannot be used together.
 */
int rotate_configuration_settings(const struct rotate_configuration *configuration,
    struct rotate_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Check that no option for a cluster is used with --files.  ERROR_USAGE. */
int rotate_configuration_check_files(const struct rotate_configuration *configuration,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
