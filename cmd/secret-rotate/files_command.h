/* files_command: what the program's options say of --files, and how it tells what was done. */
#ifndef SECRET_ROTATE_FILES_COMMAND_H
#define SECRET_ROTATE_FILES_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/program.h"
#include "lib/vault/transit.h"

/* All borrowed; NULL or "" where not set. */
struct files_options {
	const struct program_settings *program;
	const struct vault_settings *vault;
	const struct vault_session_settings *session;
	const char *transit_key, *namespace;
	const char *phase; /* rewrap unless set */
	int64_t min_age_ms;
	bool dry_run;
};

/* Rotate the manifests in these files and folders, and print a summary on standard output. */
int files_command(const struct files_options *options, char *const *paths, size_t count,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
