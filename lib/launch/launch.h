/*
 * launch: start an application with its secrets.
 *
 * A start takes these steps, each in the file of its name:
 *
 *   source    list the places that values come from; read files, volumes and our own environment
 *             (source_local.c), and Secrets and ConfigMaps of the Kubernetes API (source_kube.c)
 *   collect   log in to Vault and read the API concurrently, decrypt, name the variables
 *   deliver   prepare the environment, pipes, memfds and files that hand the variables over
 *   command   execute the application
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
 * Which values are taken, and the names of their variables.  Patterns are fnmatch(3)'s and match
 * the name in the source: a data key or a member.  A variable that an option names (KEY=VARIABLE),
 * or that our own environment contains, keeps its name.
 */
struct source_filter {
	struct strings only, exclude; /* `only` empty: all */
	struct strings documents;     /* data keys with a JSON object; empty: the default */
	const char *prefix;	      /* put before the name after the other changes; NULL: none */
	bool upper_case;
	bool sanitize; /* replace each character that a variable's name cannot contain by '_' */
};

/* The settings of a start.  Everything they point to is borrowed. */
struct launch_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	int64_t timeout_ms; /* for everything before exec */
	bool check;	    /* do everything but exec */
	bool override;	    /* a secret may replace a variable, a stronger source a weaker */

	/* From the weakest to the strongest; in a list, a later entry is stronger. */
	struct {
		/* Plaintext, for development: refused unless `allow_plaintext`. */
		struct strings documents;     /* --from-document FILE: JSON or YAML */
		struct strings env_files;     /* --from-env-file FILE: NAME=value lines */
		struct strings plain_secrets; /* --from-secret [NS/]NAME[:KEY[=VARIABLE]] */
		struct strings config_maps;   /* --from-config-map [NS/]NAME[:KEY[=VARIABLE]] */
		const char *definition;	      /* --definition FILE: {"NAME": "VARIABLE"} */
		bool allow_plaintext;

		/* Ciphertext. */
		char **environment;	    /* our own; the values that start with "vault:v" */
		struct strings directories; /* --secret-dir DIR: a mounted Secret */
		struct strings secrets;	    /* --secret [NS/]NAME[:KEY[=VARIABLE]] */
		const char *transit_key;    /* [MOUNT/]NAME; NULL: from the annotation */

		/* The Secret that values of environments and directories were sealed for. */
		struct strings bound_to; /* --bound-to [NS/]NAME[:PREFIX] */
		const char *scope;	 /* NULL: strict with bound_to, else not bound */
	} sources;
	struct source_filter names;

	/* How variables are handed to the application. */
	struct {
		struct strings allow;	       /* dangerous names that are allowed */
		bool keep_config;	       /* keep our own configuration in the environment */
		struct strings keep;	       /* or keep these of its variables */
		const struct options *options; /* to recognise the configuration's variables */
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
		int64_t debounce_ms;  /* without another change, before acting on one */
		int64_t max_delay_ms; /* then wait for a random time up to this */
		const char *signal;   /* renew the files and send this; NULL: start again */
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

/* Check the settings of --init and --watch.  ERROR_USAGE. */
int launch_check_settings(const struct launch_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Start `command` (argv) with our environment and the secrets.  Call command_catch_signals first.
 * Returns only on failure, after --check, and when the application of an init has ended: the exit
 * status, with *err set when that reports a failure of our own.
 */
int launch(const struct launch_settings *settings, char **command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return a copy of the command with the paths of memfds, whose numbers are shown as N; NULL on
 * error.  Free with deliver_free_command.
 */
char **deliver_preview_command(const struct launch_settings *settings, char *const *command,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void deliver_free_command(char **command);

/* Exit statuses, as of env(1), nohup(1) and docker. */
#define COMMAND_FAILED 125     /* the launcher failed */
#define COMMAND_CANNOT_RUN 126 /* the command exists, but cannot be executed */
#define COMMAND_NOT_FOUND 127

/*
 * Catch every signal that would end the process, except faults and signals that are ignored
 * already.  Call it first in main: as PID 1, the kernel discards signals that are not caught.
 * `on_signal` is called in the handler.
 */
void command_catch_signals(void (*on_signal)(void));

/*
 * Copy the running program to `path`, or to secret-exec in it when that is a directory; a file
 * there is replaced atomically.  If the program is not readable, its copy PROGRAM.copy is used.
 * The mode of the new file is 0711 for root, else 0111: executable, but readable for root alone.
 */
int install(const char *path, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
