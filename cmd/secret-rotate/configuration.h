/* configuration: what secret-rotate's options and their names in the environment say. */
#ifndef SECRET_ROTATE_CONFIGURATION_H
#define SECRET_ROTATE_CONFIGURATION_H

#include "cmd/program.h"
#include "lib/rotate/rotate.h"

struct configuration {
	struct program_settings program;
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	const char *phase, *shard, *output, *metrics_file;
	const char *transit_key, *selector;
	struct strings names, data_keys, retire_namespaces;
	bool all_namespaces, all_secrets, files;
	bool dry_run, retire, trim;
	int64_t min_age_ms, keep_versions;
};

extern const struct options secret_rotate_options;

/*
 * The settings that the options make, which borrow from *configuration.  ERROR_USAGE says which
 * options exclude each other.
 */
int configuration_settings(
    const struct configuration *configuration, struct rotate_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* What excludes --files, which knows of no cluster. */
int configuration_check_files(const struct configuration *configuration, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
