/*
 * deliver: hand the variables to the application: in its environment, over an inherited pipe, in a
 * sealed memfd, in files.
 *
 * Each variable goes one way.  One that --file, --memfd or --fd names goes there alone (several of
 * them may name it).  The others go to the environment; or, where a pipe or a memfd for all of them
 * is asked for, into those, but for the names that --env picks.
 */
#ifndef LAUNCH_DELIVER_H
#define LAUNCH_DELIVER_H

#include "lib/base/options.h"
#include "lib/launch/environment.h"
#include "lib/launch/file.h"
#include "lib/launch/sources.h"
#include "lib/sealed/variables.h"

/* The environment variable that tells the application the number of the pipe with all variables. */
#define DELIVER_FD_VARIABLE "SECRETS_FD"

/* All borrowed. */
struct deliver_settings {
	bool override;		       /* a secret may replace a variable that exists */
	struct strings allow;	       /* dangerous names that are meant */
	bool keep_config;	       /* leave our own configuration in the environment */
	struct strings keep;	       /* or these variables of it */
	const struct options *options; /* which variables those are */
	const struct naming *naming;   /* which ciphertext of it was decrypted; NULL: all */
	struct strings environment;    /* --env PATTERN */
	struct strings fds;	       /* --fd N[:json|dotenv|nul], or N=KEY: the value's bytes */
	const char *fd_variable;       /* NULL: DELIVER_FD_VARIABLE */
	struct strings memfds;	       /* --memfd :FORMAT, or KEY: the value's bytes */
	struct strings files;	       /* --file KEY=PATH */
	const char *file_mode, *file_owner; /* octal; UID[:GID], numbers; NULL: 0400, ours */
	bool allow_disk;		    /* files may be elsewhere than on tmpfs */
};

/* What the application is started with. */
struct delivery {
	struct environment environment;
	char **command;	  /* argv, with the memfds' paths in their places */
	int *descriptors; /* what it inherits: pipes and memfds */
	size_t descriptor_count;
	struct file *files;
	size_t file_count;
};

/*
 * Before anything else is opened, and before any server is asked: see that the settings are sound
 * and fit the command, and keep the descriptors that --fd names from being used for something else
 * (each is open, close-on-exec, until deliver_prepare).  May be called again.  ERROR_USAGE: also
 * for a descriptor that we were started with.
 */
int deliver_begin(const struct deliver_settings *settings, char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return a copy of the command with placeholders replaced, the memfds' numbers as N; NULL on error.
 * Free with deliver_command_free.
 */
char **deliver_preview_command(const struct deliver_settings *settings, char *const *command,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Check everything (names, clashes, sizes, places), and prepare all of it, so that deliver_commit
 * has little left to fail: files wait beside their places.  The pipes' and memfds' descriptors are
 * inherited over exec from here on.  After an error nothing is left of it.
 */
int deliver_prepare(struct delivery *delivery, char *const *environment, char *const *command,
    const struct variables *variables, const struct deliver_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Put the files in their places; what stood there is replaced.  After an error some may be in
 * place: deliver_withdraw removes them, where nobody uses them yet.
 */
int deliver_commit(struct delivery *delivery, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* The application did not start: remove the files from their places again. */
void deliver_withdraw(struct delivery *delivery) __attribute__((nonnull));

/*
 * Wipe, close, and remove files that are not in their places: those in place stay.  *delivery is
 * zeroed, which is a delivery of nothing.
 */
void deliver_free(struct delivery *delivery) __attribute__((nonnull));

#endif
