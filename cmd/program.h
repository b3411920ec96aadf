/* program: start of each program's main: options, --help, --version, logging, the last error. */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include <stdbool.h>

#include "lib/base/options.h"
#include "lib/kube/kube.h"
#include "lib/vault/session.h"

/* Member `program` of every program's configuration, for COMMON_OPTIONS and COMPLETION_OPTION. */
struct program_settings {
	const char *log_format;
	bool verbose;
	int64_t timeout_ms;	/* for the whole run */
	int64_t retries;	/* of one request; negative: as many as timeout_ms allows */
	const char *completion; /* shell to print a completion script for, or NULL */
};

/*
 * Parse options and set up logging.  Return -1 to continue, with the operands set; otherwise the
 * exit status for main: 0 after --help, --version and --completion, `usage_status` after an error
 * message.
 */
int program_start(const struct options *options, void *configuration,
    const struct program_settings *settings, int usage_status, int argc, char **argv,
    char ***operands, int *operand_count) __attribute__((nonnull, warn_unused_result));

/*
 * Complete the settings of both servers: number of tries, time limit, and the JWT's file or the
 * TokenRequest that returns it.  They borrow *kube, which must not move.  Log it if Vault's address
 * was set by its old name.  Return 0, or -1 with *err set.
 */
int program_complete_connection(const struct program_settings *program,
    struct vault_settings *vault, struct vault_session_settings *session,
    struct kube_settings *kube, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Print the error as the program's last line.  Return `status`. */
int program_fail(const struct error *err, int status) __attribute__((nonnull));

#endif
