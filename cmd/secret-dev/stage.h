/*
 * stage: a running pair of servers, with the files and environment variables for their clients, and
 * how long they run.
 */
#ifndef SECRET_DEV_STAGE_H
#define SECRET_DEV_STAGE_H

#include "cmd/secret-dev/kube_server.h"
#include "cmd/secret-dev/vault_server.h"
#include "lib/base/strings.h"

struct stage_settings {
	struct server_loopback loopback;
	uint16_t vault_port, kube_port; /* 0: any free port */
	const char *directory;		/* NULL: a new directory under TMPDIR */
	size_t vault_body_max;		/* bytes; 0: the limit of Vault */
	size_t vault_strings_max;	/* JSON strings in a request; 0: no limit */
	bool vault_inline_auth;		/* serve inline authentication */
};

/* These functions return the exit status, or -1 with *err set. */

/* Serve until SIGTERM, SIGINT, SIGHUP or SIGQUIT. */
int stage_run_foreground(const struct stage_settings *settings, struct error *err);
/*
 * Fork a child that prints the environment variables, serves without a terminal, and reports its
 * errors.  The parent returns when the servers are ready or have failed.
 */
int stage_run_background(const struct stage_settings *settings, struct error *err);
/* Run a command with the environment variables.  Return its exit status, or 128+signal. */
int stage_run_command(const struct stage_settings *settings, char **command, struct error *err);

/* The directory of the files.  Only files and folders that were created here are removed. */
struct stage_directory {
	char *path;
	struct strings files, folders; /* created here, in order */
};
/* Create `path` if it does not exist.  NULL: create a new directory under TMPDIR. */
int stage_directory_open(struct stage_directory *directory, const char *path, struct error *err)
    __attribute__((nonnull(1, 3), warn_unused_result));
/* Write a file (mode 0600) under the directory, and create its folders (mode 0700). */
int stage_directory_write(struct stage_directory *directory, const char *name, const char *bytes,
    size_t length, struct error *err) __attribute__((nonnull, warn_unused_result));
void stage_directory_remove(struct stage_directory *directory) __attribute__((nonnull));

struct stage {
	struct vault_server vault;
	struct kube_server kube;
	struct server *vault_https, *kube_https;
	X509 *client_authority;
	struct stage_directory directory;
	struct strings environment; /* "NAME=value" */
};

/* Start both servers and write the files.  Call stage_stop after a failure too. */
int stage_start(struct stage *stage, const struct stage_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void stage_stop(struct stage *stage) __attribute__((nonnull));
/* Append the environment variables as shell lines: export NAME='value' */
int stage_exports(const struct stage *stage, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* The initial state, which tests/e2e/seed creates in the real servers, too. */
#define STAGE_NAMESPACE "demo"
/* The service accounts in STAGE_NAMESPACE, ended by NULL. */
extern const char *const stage_accounts[];
int stage_seed(struct vault_server *vault, struct kube_server *kube, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
