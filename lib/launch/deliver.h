/* deliver: hand the variables to the application: in its environment, or over an inherited pipe. */
#ifndef LAUNCH_DELIVER_H
#define LAUNCH_DELIVER_H

#include "lib/base/options.h"
#include "lib/sealed/variables.h"

/* The environment variable that tells the application the pipe's number. */
#define DELIVER_FD_VARIABLE "SECRETS_FD"

enum deliver_format { DELIVER_JSON, DELIVER_DOTENV, DELIVER_NUL };

struct deliver_settings {
	bool override;		       /* a secret may replace a variable that exists */
	const struct strings *allow;   /* dangerous names that are meant */
	bool keep_config;	       /* leave our own configuration in the environment */
	const struct options *options; /* which variables those are */
	int fd;			       /* -1: environment; else the pipe's number */
	enum deliver_format format;
	struct strings environment;	    /* --env PATTERN */
	struct strings fds;		    /* --fd N[:FORMAT], or N=KEY: the value's bytes */
	const char *fd_variable;	    /* NULL: DELIVER_FD_VARIABLE */
	struct strings memfds;		    /* --memfd :FORMAT, or KEY: the value's bytes */
	struct strings files;		    /* --file KEY=PATH */
	const char *file_mode, *file_owner; /* octal; UID[:GID], numbers; NULL: 0400, ours */
	bool allow_disk;		    /* files may be elsewhere than on tmpfs */
};

/* "N[:json|dotenv|nul]", N from 3. */
int deliver_parse_fd(const char *text, int *fd, enum deliver_format *format, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * The application's environment: `environment` without ciphertext and without our configuration,
 * plus the variables (or the pipe's number).  Each string stands in wiped memory.  Free with
 * deliver_environment_free.  NULL on error: a name or value that can't be a variable, a clash.
 */
struct deliver_environment {
	char **strings; /* NULL-terminated, for execve */
	size_t count;
	struct secret_buffer *owned;
	size_t owned_count;
};
int deliver_environment(struct deliver_environment *result, char *const *environment,
    const struct variables *variables, const struct deliver_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void deliver_environment_free(struct deliver_environment *result) __attribute__((nonnull));

/*
 * Write all variables into a new pipe whose read end becomes settings->fd, inherited over exec; no
 * writer is left.  ERROR_TOO_LARGE when the kernel gives no pipe that holds them.
 */
int deliver_pipe(const struct variables *variables, const struct deliver_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
