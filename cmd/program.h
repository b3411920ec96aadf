/* program: the start of each program's main: options, --help, --version, logging, final errors. */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include <stdbool.h>

#include "lib/base/options.h"
#include "lib/base/version.h"
#include "lib/kube/kube.h"
#include "lib/vault/session.h"

/* The member `program` of each configuration, for COMMON_OPTIONS and COMPLETION_OPTION. */
struct program_settings {
	const char *log_format;
	bool verbose;
	int64_t timeout_ms;	/* for the whole run */
	int64_t retries;	/* for a single request; negative: as many as timeout_ms allows */
	const char *completion; /* shell whose completion script to print, or NULL */
};

/*
 * Parse options and set up logging.  Return -1 to continue, with the operands set.  Otherwise
 * return the exit status for main: 0 after --help, --version and --completion, `usage_status` after
 * an error message.
 */
int program_start(const struct options *options, void *configuration,
    const struct program_settings *settings, int usage_status, int argc, char **argv,
    char ***operands, int *operand_count) __attribute__((nonnull, warn_unused_result));

/*
 * Complete the settings of both servers: User-Agent, retries, time limit, and the file of the JWT
 * or the TokenRequest that returns it.  The settings borrow *kube, which must not move.  Log the
 * use of the old name of VAULT_ADDR.  Return 0, or -1 with *err set.
 */
int program_complete_connection(const char *user_agent, const struct program_settings *program,
    struct vault_settings *vault, struct vault_session_settings *session,
    struct kube_settings *kube, struct error *err) __attribute__((nonnull, warn_unused_result));
/* The User-Agent of a program's requests. */
#define PROGRAM_USER_AGENT(name) name "/" SECRETMANAGER_VERSION

/* Print the error as the program's last line.  Return `status`. */
int program_fail(const struct error *err, int status) __attribute__((nonnull));

#endif
