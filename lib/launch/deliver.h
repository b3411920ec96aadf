/*
 * deliver: pass the variables to the application in its environment, inherited pipes, sealed memfds
 * and files.
 *
 * A variable named by --file, --memfd or --fd is delivered only there, once for each option.  All
 * other variables go to the pipe or memfd for all variables, if there is one.  Without it, or if
 * they match an --env pattern, they go to the environment.  Internal to lib/launch.
 */
#ifndef LAUNCH_DELIVER_H
#define LAUNCH_DELIVER_H

#include <sys/types.h>

#include "lib/base/output_file.h"
#include "lib/launch/launch.h"
#include "lib/sealed/variables.h"

/* -- command: execute the application (command.c) --------------------------------------------- */

/*
 * Execute argv[0] with this environment.  A name without a slash is looked up in the PATH of this
 * process.  A shell is never used.  Return only on failure: the exit status, with *err set.
 */
int command_exec(char *const *argv, char *const *environment, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return 0 if command_exec would succeed, else its exit status, with *err set.  A child executes
 * the command without an environment, and is killed before its first instruction.
 */
int command_check(char *const *argv, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return the number of the first signal that was caught, or 0. */
int command_caught_signal(void);

/*
 * From now on, exit with 128+N immediately on signal N, so that no signal is lost, even as PID 1.
 * execve restores the original actions of the signals.  Return 128+N, with *err set, if signal N
 * was caught before `name` was started, else 0.
 */
int command_interrupted(const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Parse "HUP", "SIGHUP", "1" or "RTMIN+3".  ERROR_USAGE for any other text. */
int command_parse_signal(const char *text, int *number, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Write the name of a signal, such as "SIGHUP" or "SIGRTMIN+3". */
#define COMMAND_SIGNAL_NAME_SIZE 24
void command_signal_name(int number, char name[COMMAND_SIGNAL_NAME_SIZE]);

/* -- environment (env.c, env_names.c) --------------------------------------------------------- */

/* The kernel's limit for NAME=value and its NUL byte (MAX_ARG_STRLEN, execve(2)). */
#define ENV_STRING_MAX ((size_t)128 * 1024)

/* The application's environment. */
struct env {
	char **strings; /* NULL-terminated, for execve; borrowed, or in `owned` */
	size_t count;
	struct secret_buffer *owned; /* the strings that were added */
	size_t owned_count;
};

/*
 * Build the environment from our own and the secrets.  Decrypted ciphertext and our own
 * configuration are removed.  Each secret is checked by env_check_variable.  `fd` is the number of
 * the pipe with all variables, which is passed in a variable, or -1.  ERROR_INVALID if a secret's
 * variable is already set to another value, unless settings->override.
 */
int env_build(struct env *env, char *const *ours, const struct variable *const *secrets,
    size_t count, int fd, const struct launch_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Check the size of environment and arguments for execve.  ERROR_TOO_LARGE (execve(2), E2BIG). */
int env_check_size(const struct env *env, char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

void env_free(struct env *env) __attribute__((nonnull));

/*
 * Return whether a variable with this name can make a loader, interpreter, library or tool run
 * other code, or read its configuration from another place.  Names that end like those of
 * credentials, such as CARGO_REGISTRY_TOKEN, are not dangerous.
 */
bool env_name_is_dangerous(const char *name) __attribute__((nonnull));

/* Reject a dangerous name that is not in `allowed`.  ERROR_INVALID. */
int env_check_danger(const struct variable *variable, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Check that a secret can be an environment variable.  The name must be [A-Za-z_][A-Za-z0-9_]*, but
 * may have dots and hyphens if an option chose it or it is in `allowed`.  A dangerous name must be
 * in `allowed`.  The value must be UTF-8 without a NUL byte, and fit in ENV_STRING_MAX.
 */
int env_check_variable(const struct variable *variable, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Check that the value is UTF-8 without a NUL byte.  `where` is the destination, for messages. */
int env_check_text(const struct variable *variable, const char *where, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Report a problem with the value, and name destinations that accept any bytes.  Return -1. */
int env_refuse_value(const struct variable *variable, enum error_code code, struct error *err,
    const char *problem, ...) __attribute__((format(printf, 4, 5), nonnull, warn_unused_result));

/* -- all variables as one text (serialize.c) -------------------------------------------------- */

enum serialize_format {
	SERIALIZE_JSON,	  /* an object of strings; UTF-8 only */
	SERIALIZE_DOTENV, /* NAME='value' lines that shells and dotenv libraries parse alike */
	SERIALIZE_NUL,	  /* NAME=value and a NUL byte for each, as in /proc/PID/environ */
};

/* Parse "json", "dotenv" or "nul"; return false for any other name. */
bool serialize_parse_format(const char *name, enum serialize_format *format)
    __attribute__((nonnull, warn_unused_result));

/*
 * Append the variables to *out.  ERROR_INVALID for names and values that the format cannot contain.
 * The dotenv and nul formats, which readers load into an environment, also reject dangerous names
 * that are not in `allowed`.
 */
int serialize_variables(const struct variable *const *variables, size_t count,
    enum serialize_format format, const struct strings *allowed, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* -- inherited descriptors (fd.c) ------------------------------------------------------------- */

/*
 * Reserve a descriptor number by opening a close-on-exec placeholder there.  If the number already
 * has a close-on-exec descriptor, it counts as reserved, since an inherited descriptor never has
 * that flag.  ERROR_USAGE if the number is in use, ERROR_SYSTEM if the process may not use it.
 */
int fd_reserve(int number, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Turn the reserved number into the read end of a new pipe, which contains the bytes, has no writer
 * and is inherited over exec.  ERROR_TOO_LARGE if the kernel refuses a pipe of that size.
 */
int fd_fill_pipe(int number, const struct secret_buffer *content, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return a memfd that contains the bytes, or -1 on error.  It is sealed against changes, has mode
 * 0400, offset 0 and a number of 3 or above, and is inherited over exec.
 */
int fd_make_memfd(const struct secret_buffer *content, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- files (file.c) --------------------------------------------------------------------------- */

/* Options of the files that --file creates. */
struct file_rules {
	mode_t mode;
	uid_t user;  /* -1: unchanged */
	gid_t group; /* -1: unchanged */
	bool allow_disk;
};

/* A file that is written under a temporary name, then moved to its place atomically. */
struct file {
	struct output_file output; /* name NULL: the struct is empty */
	bool placed;
};

/*
 * Open the directory, and check that the path is free, a regular file or a symbolic link; the
 * latter two will be replaced.  Free with file_free.  ERROR_SYSTEM for the directory, ERROR_USAGE
 * for the path; both messages contain the path.
 */
int file_open(struct file *file, const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Create the file under its temporary name, open for writing as file->output.fd. */
int file_create(struct file *file, const struct file_rules *rules, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Open the path like file_open, create the file under its temporary name, and write the value to
 * it.  ERROR_USAGE if the directory is not on tmpfs or ramfs, unless rules->allow_disk.  Call
 * file_free after a failure too.
 */
int file_prepare(struct file *file, const char *path, const struct secret_buffer *value,
    const struct file_rules *rules, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Move the file to its place. */
int file_place(struct file *file, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return whether both files have the same directory and name, even if their paths differ. */
bool file_same_place(const struct file *a, const struct file *b) __attribute__((nonnull));

/* Remove the file from its place, or under its temporary name. */
void file_remove(struct file *file) __attribute__((nonnull));

/* Free the struct, and remove the file if it is not in its place. */
void file_free(struct file *file) __attribute__((nonnull));

/* -- the plan: the options, parsed once (deliver_plan.c) -------------------------------------- */

enum deliver_kind { DESTINATION_PIPE, DESTINATION_MEMFD, DESTINATION_FILE };

/* A destination that --fd, --memfd or --file sets. */
struct deliver_destination {
	enum deliver_kind kind;
	char *label; /* the option as given, for messages, such as "--memfd TLS_KEY" */
	char *key;   /* the variable to deliver; NULL: all variables, in `format` */
	enum serialize_format format;
	int fd;		  /* number of a pipe, else -1 */
	const char *path; /* path of a file; borrowed */
};

struct deliver_plan {
	const struct launch_settings *settings; /* borrowed */
	/* Pipes, then memfds, then files, so that a memfd never gets the number of a pipe. */
	struct deliver_destination *items;
	size_t count;
	struct file_rules file_rules;
	bool denies_token; /* --deny-token, and the kernel can do it; see landlock_plan */
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
 * else is opened and before any server is contacted.  ERROR_USAGE also if a number is an inherited
 * descriptor.  It may be called again.
 */
int deliver_plan_reserve(const struct deliver_plan *plan, char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return a copy of argv in which the placeholders of memfds are replaced by /proc/self/fd/N
 * (placeholder.c), or NULL on error.  Free with deliver_free_command.
 *
 * {KEY}, and {} for the memfd of all variables or the only memfd, must be a whole argument or the
 * value of --OPTION=VALUE.  {memfd:KEY} and {memfd} may be anywhere.  A placeholder in more than
 * one pair of braces is not replaced, but loses one pair.  Without memfds, nothing is changed;
 * argv[0] is never changed.  `fds` contains the descriptors in the plan's order; if NULL, the
 * letter N is written instead.  ERROR_USAGE if a memfd has no placeholder, or {} is ambiguous.
 */
char **deliver_fill_command(const struct deliver_plan *plan, const int *fds, char *const *command,
    struct error *err) __attribute__((nonnull(1, 3, 4), warn_unused_result));

/* -- landlock: deny the application the launcher's credentials (landlock.c) -------------------- */

/*
 * Set plan->denies_token, if --deny-token is set and the kernel supports it.  ERROR_SYSTEM if it
 * does not, or a warning with --deny-token=if-possible.  ERROR_USAGE if the command, or a file that
 * it is to read, would be denied too.
 */
int landlock_plan(struct deliver_plan *plan, char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Deny this process, and every program that it becomes or starts, reading the existing files with
 * which the launcher logs in: the token in the service account's folder, --jwt-file, --token-file,
 * --secret-id-file and --vault-client-key.  A file in a volume of the kubelet is denied together
 * with the volume.  ERROR_SYSTEM if one of them could still be read.
 */
int landlock_deny(const struct launch_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- the delivery (deliver.c) ----------------------------------------------------------------- */

/* The prepared environment, arguments, descriptors and files of one start.  All zero if empty. */
struct launch_delivery {
	struct env env;
	char **command; /* argv with the paths of memfds */
	int *fds;	/* pipes and memfds, in the plan's order; -1: not open */
	size_t fd_count;
	struct file *files;
	size_t file_count;
	const struct launch_settings *denied; /* deny its credentials; NULL: deny nothing */
};

/*
 * Check and prepare everything: names, conflicts, sizes, and the files under temporary names.
 * After that, deliver_commit rarely fails.  The pipes and memfds are inherited over exec from now
 * on.  On error *delivery is empty.
 */
int deliver_prepare(struct launch_delivery *delivery, const struct deliver_plan *plan,
    char *const *environment, char *const *command, const struct variables *variables,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Move the files to their places.  On error some may already be there; call deliver_rollback. */
int deliver_commit(struct launch_delivery *delivery, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Remove the files from their places, because the application was not started. */
void deliver_rollback(struct launch_delivery *delivery) __attribute__((nonnull));

/*
 * Commit the delivery, deny the credentials if the plan does, and execute the application in this
 * process.  Return only on failure or
 * after a signal: the exit status, with *err set.  The delivery has then been rolled back and
 * freed.
 */
int deliver_exec(struct launch_delivery *delivery, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Wipe and close everything, and remove files under temporary names, but not files in place. */
void deliver_free(struct launch_delivery *delivery) __attribute__((nonnull));

#endif
