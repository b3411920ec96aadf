/* program: what main does in each program: options, --help, --version, logging, the last error. */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include <stdbool.h>

#include "lib/base/options.h"
#include "lib/kube/kube.h"
#include "lib/vault/session.h"

/* What every program's configuration begins with, so that the tables in connection_options.h fit.
 */
struct program_settings {
	const char *log_format;
	bool verbose;
	int64_t timeout_ms; /* for all of it */
	int64_t retries;    /* of one request; negative: as often as timeout_ms allows */
	const char
	    *completion; /* the shell to print a script for, see COMPLETION_OPTION; or NULL */
};

/*
 * Parse options and set up logging.  -1: go on, with the operands set; else main returns this
 * status: 0 after --help, --version and --completion, `usage_status` after a message on stderr.
 */
int program_start(const struct options *options, void *configuration,
    const struct program_settings *settings, int usage_status, int argc, char **argv,
    char ***operands, int *operand_count) __attribute__((nonnull, warn_unused_result));

/*
 * Fill in what follows from other settings: the number of tries, the time limit, the token file
 * from the service account's folder or the way to ask for a token.  What it fills in borrows *kube,
 * which must stay where it is.  Says so when the address came by its old name.
 */
int program_complete_connection(const struct program_settings *program,
    struct vault_settings *vault, struct vault_session_settings *session,
    struct kube_settings *kube, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Print the error as the program's last line; returns `status`. */
int program_fail(const struct error *err, int status) __attribute__((nonnull));

#endif
