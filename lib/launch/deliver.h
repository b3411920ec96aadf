/*
 * deliver: hand the variables to the application: in its environment, over inherited pipes, in
 * sealed memfds, in files.
 *
 * A variable that --file, --memfd or --fd names goes only there (to each option that names it).
 * The others go to the environment.  If there is a pipe or a memfd for all variables, they go there
 * instead, except those that match an --env pattern.  Internal to lib/launch.
 */
#ifndef LAUNCH_DELIVER_H
#define LAUNCH_DELIVER_H

#include <sys/types.h>

#include "lib/base/output_file.h"
#include "lib/launch/launch.h"
#include "lib/sealed/variables.h"

/* -- command: execute the application (command.c) --------------------------------------------- */

/*
 * Execute argv[0] with this environment.  A name without a slash is looked up in our own PATH.
 * A shell is never used.  Returns only on failure: the exit status, with *err set.
 */
int command_exec(char *const *argv, char *const *environment, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return 0 if command_exec would succeed, else its exit status, with *err set.  A child without
 * environment and descriptors executes the command, and ends before its first instruction.
 */
int command_check(char *const *argv, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return the number of the first signal that was caught, or 0. */
int command_caught_signal(void);

/*
 * From now on, end with 128+N immediately on signal N, so that none is lost, as PID 1 too; execve
 * restores the signals as we found them.  Return 128+N, with *err set, if a signal was caught
 * before `name` was started, else 0.
 */
int command_interrupted(const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Parse "HUP", "SIGHUP", "1" or "RTMIN+3".  ERROR_USAGE. */
int command_parse_signal(const char *text, int *number, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Write "SIGHUP" or "SIGRTMIN+3". */
#define COMMAND_SIGNAL_NAME_SIZE 24
void command_signal_name(int number, char name[COMMAND_SIGNAL_NAME_SIZE]);

/* -- environment (env.c, env_names.c) --------------------------------------------------------- */

/* The kernel's MAX_ARG_STRLEN: NAME=value and its NUL (execve(2)). */
#define ENV_STRING_MAX ((size_t)128 * 1024)

/* The application's environment. */
struct env {
	char **strings; /* NULL-terminated, for execve; borrowed from our own, or owned */
	size_t count;
	struct secret_buffer *owned; /* strings that were added */
	size_t owned_count;
};

/*
 * Build the environment from our own, without decrypted ciphertext and our configuration, and the
 * secrets, each checked by env_check_variable.  `fd` is the number of the pipe with all variables,
 * which goes into a variable; -1: none.  ERROR_INVALID for a secret whose variable is
 * set to another value, unless settings->override.
 */
int env_build(struct env *env, char *const *ours, const struct variable *const *secrets,
    size_t count, int fd, const struct launch_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Check that execve accepts environment and arguments.  ERROR_TOO_LARGE (execve(2), E2BIG). */
int env_check_size(const struct env *env, char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

void env_free(struct env *env) __attribute__((nonnull));

/*
 * Return whether a variable of this name can make a loader, an interpreter, a library or a tool run
 * other code, or read its configuration elsewhere.  Names that end like those of credentials, such
 * as CARGO_REGISTRY_TOKEN, are not dangerous.
 */
bool env_name_is_dangerous(const char *name) __attribute__((nonnull));

/* Refuse a dangerous name that is not in `allowed`. */
int env_check_danger(const struct variable *variable, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Check that a secret can be an environment variable.  The name must be [A-Za-z_][A-Za-z0-9_]*, or
 * may have dots and hyphens if it was chosen or is in `allowed`, and must not be dangerous.  The
 * value must be UTF-8 without a NUL byte, and short enough.
 */
int env_check_variable(const struct variable *variable, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Check that the value is UTF-8 without a NUL byte; `where` is the delivery, for messages. */
int env_check_text(const struct variable *variable, const char *where, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Report a problem of the variable's value, and the deliveries that take any bytes.  Returns -1. */
int env_refuse_value(const struct variable *variable, enum error_code code, struct error *err,
    const char *problem, ...) __attribute__((format(printf, 4, 5), nonnull, warn_unused_result));

/* -- all variables as one text (serialize.c) -------------------------------------------------- */

enum serialize_format {
	SERIALIZE_JSON,	  /* an object of strings; UTF-8 only */
	SERIALIZE_DOTENV, /* NAME='value' lines that shells and dotenv readers read alike */
	SERIALIZE_NUL,	  /* NAME=value and a NUL byte each, as in /proc/PID/environ */
};

/* Parse "json", "dotenv" or "nul"; return false for any other name. */
bool serialize_parse_format(const char *name, enum serialize_format *format)
    __attribute__((nonnull, warn_unused_result));

/*
 * Append the variables to *out.  ERROR_INVALID for names and values that the format cannot contain.
 * The dotenv and nul formats, which readers put into an environment, also refuse dangerous names
 * that are not in `allowed`.
 */
int serialize_variables(const struct variable *const *variables, size_t count,
    enum serialize_format format, const struct strings *allowed, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* -- inherited descriptors (fd.c) ------------------------------------------------------------- */

/*
 * Reserve a descriptor's number: it is open, close-on-exec, afterwards.  A close-on-exec descriptor
 * with this number is taken for a reservation, since none is inherited.  ERROR_USAGE when the
 * number is in use, ERROR_SYSTEM when the process may not use it.
 */
int fd_reserve(int number, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Make the reserved number the reading end of a new pipe that contains the bytes and has no writer,
 * inherited over exec.  ERROR_TOO_LARGE when the kernel cannot hold them in a pipe.
 */
int fd_fill_pipe(int number, const struct secret_buffer *content, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return a memfd that contains the bytes: sealed against changes, mode 0400, offset 0, inherited
 * over exec, number 3 or above; -1 on error.
 */
int fd_make_memfd(const struct secret_buffer *content, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- files (file.c) --------------------------------------------------------------------------- */

/* How --file makes files. */
struct file_rules {
	mode_t mode;
	uid_t user;  /* -1: ours */
	gid_t group; /* -1: ours */
	bool allow_disk;
};

/* A file that is written under a temporary name, and then moved to its place atomically. */
struct file {
	struct output_file output; /* name NULL: the struct is empty */
	bool placed;
};

/*
 * Open the directory and check that the place is free, or has a file or a symbolic link, which
 * will be replaced.  Free with file_free.  ERROR_SYSTEM for the directory, ERROR_USAGE for the
 * place; both name the path.
 */
int file_open(struct file *file, const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Create the file under its temporary name, open for writing as file->output.fd. */
int file_create(struct file *file, const struct file_rules *rules, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Open the place, and create the file with the value under its temporary name.  ERROR_USAGE if the
 * place is not on tmpfs or ramfs and the rules do not allow that.  Free *file after a failure too.
 */
int file_prepare(struct file *file, const char *path, const struct secret_buffer *value,
    const struct file_rules *rules, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Move the file to its place. */
int file_place(struct file *file, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return whether both have one place, whatever their paths are. */
bool file_same_place(const struct file *a, const struct file *b) __attribute__((nonnull));

/* Remove the file, whether it is in its place or not. */
void file_remove(struct file *file) __attribute__((nonnull));

/* Free the struct, and remove the file if it is not in its place. */
void file_free(struct file *file) __attribute__((nonnull));

/* -- the plan: the options, parsed once (deliver_plan.c) -------------------------------------- */

enum deliver_kind { DESTINATION_PIPE, DESTINATION_MEMFD, DESTINATION_FILE };

/* One --fd, --memfd or --file. */
struct deliver_destination {
	enum deliver_kind kind;
	char *label; /* the option as given, for messages: "--memfd TLS_KEY" */
	char *key;   /* the variable whose value goes there; NULL: all, in `format` */
	enum serialize_format format;
	int fd;		  /* of a pipe */
	const char *path; /* of a file; borrowed */
};

struct deliver_plan {
	const struct launch_settings *settings; /* borrowed */
	/* Pipes, then memfds, then files, so that a memfd never gets the number of a pipe. */
	struct deliver_destination *items;
	size_t count;
	struct file_rules file_rules;
};

/* Parse the options.  ERROR_USAGE for syntax errors and contradictions. */
int deliver_plan_parse(struct deliver_plan *plan, const struct launch_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void deliver_plan_free(struct deliver_plan *plan) __attribute__((nonnull));

/* Return the destination of this kind for all variables, or NULL. */
const struct deliver_destination *deliver_plan_find_all(
    const struct deliver_plan *plan, enum deliver_kind kind) __attribute__((nonnull));

/*
 * Check that the plan fits the command, and reserve the numbers of pipes.  Call it before anything
 * else is opened and before any server is contacted.  ERROR_USAGE also for a descriptor that was
 * inherited.  May be called again.
 */
int deliver_plan_reserve(const struct deliver_plan *plan, char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return a copy of argv with the placeholders of memfds replaced by /proc/self/fd/N
 * (placeholder.c).  {KEY}, and {} for the memfd of all variables or the only one, must be a whole
 * argument or the value of --OPTION=VALUE; {memfd:KEY} and {memfd} may be anywhere.  A placeholder
 * in more pairs of braces loses one pair.  argv[0] is not changed, and nothing is without memfds.
 * `fds` has the numbers in the plan's order; NULL: N is written.  ERROR_USAGE when a memfd has no
 * placeholder, or {} is ambiguous.  NULL on error; free with deliver_free_command.
 */
char **deliver_fill_command(const struct deliver_plan *plan, const int *fds, char *const *command,
    struct error *err) __attribute__((nonnull(1, 3, 4), warn_unused_result));

/* -- the delivery (deliver.c) ----------------------------------------------------------------- */

/* Everything that the application is started with.  Zeroed, it is empty. */
struct launch_delivery {
	struct env env;
	char **command; /* argv with the paths of memfds */
	int *fds;	/* inherited pipes and memfds, in the plan's order; -1: not open */
	size_t fd_count;
	struct file *files;
	size_t file_count;
};

/*
 * Check and prepare everything (names, clashes, sizes, files under temporary names), so that
 * deliver_commit can hardly fail.  Pipes and memfds are inherited over exec from here on.  On error
 * *delivery is empty.
 */
int deliver_prepare(struct launch_delivery *delivery, const struct deliver_plan *plan,
    char *const *environment, char *const *command, const struct variables *variables,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Move the files to their places.  On error some may be there; see deliver_rollback. */
int deliver_commit(struct launch_delivery *delivery, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Remove the files from their places, because the application was not started. */
void deliver_rollback(struct launch_delivery *delivery) __attribute__((nonnull));

/*
 * Commit the delivery, and become the application.  Returns only on failure, or after a signal: the
 * exit status, with *err set; the delivery has been rolled back and freed.
 */
int deliver_exec(struct launch_delivery *delivery, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Wipe and close everything, and remove files under temporary names; files in place stay. */
void deliver_free(struct launch_delivery *delivery) __attribute__((nonnull));

#endif
