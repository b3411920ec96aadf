/*
 * launch: start an application with its secrets.
 *
 * A start has these steps, each in the file with its name:
 *
 *   source    list the sources of values; read volumes and our own environment (source_local.c,
 *             source_kv.c), plaintext files (source_plaintext.c), and Secrets and ConfigMaps of the
 *             Kubernetes API (source_kube.c)
 *   collect   log in to Vault and read the API concurrently, decrypt, name the variables
 *   deliver   prepare the environment, pipes, memfds and files with the variables
 *   command   execute the application; with --deny-token, after landlock.c has denied it the token
 *
 * With --init, init.c stays as the parent of the application, and watch.c starts it again when a
 * value has changed.  This header is the public interface; source.h, deliver.h and init.h are
 * internal.
 */
#ifndef LAUNCH_LAUNCH_H
#define LAUNCH_LAUNCH_H

#include "lib/base/options.h"
#include "lib/kube/config_map.h"
#include "lib/kube/kube.h"
#include "lib/kube/secret.h"
#include "lib/vault/session.h"
#include "lib/vault/transit.h"
#include "lib/vault/vault.h"

/* The environment variable that holds the number of the pipe with all variables. */
#define LAUNCH_FD_VARIABLE "SECRETS_FD"

/*
 * The selection of values, and the names of their variables.  Patterns are for fnmatch(3), and
 * match the name in the source: a data key or a member.  A variable keeps its name if an option
 * sets it (KEY=VARIABLE) or it is from our own environment.
 */
struct source_filter {
	struct strings only, exclude; /* `only` empty: all */
	struct strings documents;     /* data keys that contain a JSON object; empty: the default */
	const char *prefix;	      /* added to the front after the other changes; NULL: none */
	bool upper_case;
	bool sanitize; /* replace characters that a variable's name cannot contain by '_' */
};

/* The settings of a start.  All pointers are borrowed. */
struct launch_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	int64_t timeout_ms;		/* for everything before exec */
	bool check;			/* do everything but exec */
	enum option_feature deny_token; /* deny the application the files that log us in */
	bool override; /* secrets replace variables; stronger sources replace weaker */

	/* From the weakest to the strongest; in a list, a later entry is stronger. */
	struct {
		/* Plaintext, for development: rejected unless `allow_plaintext`. */
		struct strings documents;     /* --from-document FILE: JSON or YAML */
		struct strings env_files;     /* --from-env-file FILE: NAME=value lines */
		struct strings plain_secrets; /* --from-secret [NS/]NAME[?][:KEY[=VARIABLE]] */
		struct strings config_maps;   /* --from-config-map [NS/]NAME[?][:KEY[=VARIABLE]] */
		const char *definition;	      /* --definition FILE: {"NAME": "VARIABLE"} */
		bool allow_plaintext;

		/* Ciphertext. */
		char **environment; /* our own; ciphertext and references in it are replaced */
		struct strings directories; /* --secret-dir DIR: a mounted Secret */
		struct strings secrets;	    /* --secret [NS/]NAME[?][:KEY[=VARIABLE]] */
		const char *transit_key;    /* [MOUNT/]NAME; NULL: from the annotation */

		/* The Secrets that values in the environment and in directories were sealed for. */
		struct strings bound_to; /* --bound-to [NS/]NAME[:PREFIX] */
		const char *scope;	 /* NULL: strict with bound_to, else not bound */
	} sources;
	struct source_filter names;

	/* How variables are handed to the application. */
	struct {
		struct strings allow;	       /* dangerous names that are allowed */
		bool keep_config;	       /* keep our own configuration in the environment */
		struct strings keep;	       /* keep only these variables of it */
		const struct options *options; /* to recognize our own configuration variables */
		struct strings environment;    /* --env PATTERN */
		struct strings fds;	       /* --fd N[:FORMAT], or N=KEY for one value */
		const char *fd_variable;       /* NULL: LAUNCH_FD_VARIABLE */
		struct strings memfds;	       /* --memfd :FORMAT, or KEY for one value */
		struct strings files;	       /* --file KEY=PATH */
		const char *file_mode;	       /* octal; NULL: 0400 */
		const char *file_owner;	       /* UID[:GID] as numbers; NULL: ours */
		bool allow_disk;	       /* files need not be on tmpfs */
	} deliver;

	struct {
		bool enabled;		 /* --init */
		bool group;		 /* send signals to the application's process group */
		const char *stop_signal; /* sent before the application is started again */
		int64_t stop_timeout_ms; /* then SIGKILL */
	} init;

	struct {
		bool enabled;
		int64_t interval_ms;  /* between two reads, varied by a tenth */
		int64_t debounce_ms;  /* time without another change before acting on a change */
		int64_t max_delay_ms; /* then wait for a random time, at most this long */
		const char *signal;   /* renew the files and send this; NULL: restart */
	} watch;
};

#define LAUNCH_DEFAULTS                                                                            \
	{                                                                                          \
		.vault = {.timeout_ms = HTTP_REQUEST_TIMEOUT_MS},                                  \
		.session = VAULT_SESSION_DEFAULTS, .timeout_ms = 60000,                            \
		.deliver = {.fd_variable = LAUNCH_FD_VARIABLE, .file_mode = "0400"},               \
		.init = {.stop_signal = "TERM", .stop_timeout_ms = 10000}, .watch = {              \
			.interval_ms = 30000,                                                      \
			.debounce_ms = 2000,                                                       \
			.max_delay_ms = 30000                                                      \
		}                                                                                  \
	}

/* Check the settings of --init and --watch.  ERROR_USAGE if they are invalid. */
int launch_check_settings(const struct launch_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Start `command` (argv) with our environment and the secrets.  Call command_catch_signals first.
 * Return the exit status after a failure, after --check, or with --init after the application has
 * ended.  *err is set if the failure is our own.
 */
int launch(const struct launch_settings *settings, char **command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return a copy of the command with the paths of memfds, in which the letter N replaces the unknown
 * number; NULL on error.  Free with deliver_free_command.
 */
char **deliver_preview_command(const struct launch_settings *settings, char *const *command,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void deliver_free_command(char **command);

/* Exit statuses, as in env(1), nohup(1) and docker. */
#define COMMAND_FAILED 125     /* the launcher failed */
#define COMMAND_CANNOT_RUN 126 /* the command exists, but cannot be executed */
#define COMMAND_NOT_FOUND 127

/*
 * Catch every signal that would end the process, except faults and signals that are already
 * ignored.  Call it first in main, because the kernel discards signals that PID 1 does not catch.
 * The handler calls `on_signal`.
 */
void command_catch_signals(void (*on_signal)(void));

/*
 * Copy the running program to `path`, or to secret-exec in it if it is a directory.  An existing
 * file is replaced atomically.  If the program is not readable, PROGRAM.copy is copied instead.
 * The mode of the new file is 0711 if we are root, else 0111, so that only root can read it.
 */
int install(const char *path, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
