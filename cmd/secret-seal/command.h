/* command: secret-seal is a table of commands, one file each. */
#ifndef SECRET_SEAL_COMMAND_H
#define SECRET_SEAL_COMMAND_H

#include "cmd/connection_options.h"
#include "cmd/program.h"
#include "lib/seal/seal.h"
#include "lib/seal/selection.h"

/*
 * What all commands are told.  Each command's configuration begins with it, so that one description
 * of the options, CONNECTION_OPTIONS, fits all their tables.
 */
struct connection {
	struct program_settings program;
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
};

#define CONNECTION_OPTIONS                                                                         \
	VAULT_OPTIONS(struct connection), KUBE_OPTIONS(struct connection),                         \
	    COMMON_OPTIONS(struct connection, "60s", "4")

#define CONNECTION_DEFAULTS                                                                        \
	{                                                                                          \
		.session = VAULT_SESSION_DEFAULTS, .program = {.timeout_ms = 60000, .retries = 4 } \
	}

/* An environment variable speaks for every command that has an option of its name. */
#define COMMAND_PREFIX "SECRET_SEAL"

struct command {
	const char *name;
	const char *summary;	       /* one line, for --help and completion */
	const struct options *options; /* the synopsis is what follows the command's name */
	struct connection *connection; /* at the beginning of its configuration, the target */
	/* 0, or -1 with *err: ERROR_USAGE ends in status 2, all else in 1. */
	int (*run)(char **operands, int count, struct error *err);
};

/* All of them, ended by NULL; the first is the default. */
extern const struct command *const commands[];

extern const struct command seal_command, edit_command, status_command, verify_command,
    reveal_command, completion_command;

/* The inside of an option's braces; transit_key is a member of struct configuration. */
#define TRANSIT_KEY_OPTION(who)                                                                    \
	.name = "transit-key", .kind = OPTION_STRING, .argument = "[MOUNT/]NAME",                  \
	.offset = offsetof(struct configuration, transit_key),                                     \
	.help = "Transit key (default what " who " says)"

#define FORCE_FOREIGN_OPTION                                                                       \
	.name = "force-foreign", .kind = OPTION_FLAG,                                              \
	.offset = offsetof(struct configuration, force_foreign),                                   \
	.help = "take what another tool has encrypted (SOPS, Ansible Vault, age, ...) as it is"

/* For commands that look at many Secrets; `selection` is a member of `type`. */
#define SELECTION_OPTIONS(type)                                                                    \
	{.section = "Which Secrets",                                                               \
	    .name = "all-namespaces",                                                              \
	    .letter = 'A',                                                                         \
	    .kind = OPTION_FLAG,                                                                   \
	    .offset = offsetof(type, selection.all_namespaces),                                    \
	    .help = "those of all namespaces"},                                                    \
	    {.name = "selector",                                                                   \
		.letter = 'l',                                                                     \
		.kind = OPTION_STRING,                                                             \
		.argument = "LABELS",                                                              \
		.offset = offsetof(type, selection.selector),                                      \
		.help = "those with these labels too, as kubectl takes them"},                     \
	{                                                                                          \
		.name = "all-secrets", .kind = OPTION_FLAG,                                        \
		.offset = offsetof(type, selection.all_secrets),                                   \
		.help = "those that hold ciphertext without having our label, too"                 \
	}

/*
 * Where neither a token nor a way to log in is given, take the token that "vault login" has left in
 * ~/.vault-token, if there is one.
 */
int command_find_token(struct vault_session_settings *session, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* The servers that the options lead to; what it holds is borrowed. */
struct seal_session_settings command_session_settings(
    const struct connection *connection, bool offline) __attribute__((nonnull));

/*
 * The place of `text` in a NULL-ended list of words; `otherwise` where it is not given; -1 with
 * ERROR_USAGE when it is none of them.
 */
int command_choose(const char *option, const char *text, const char *const *words, int otherwise,
    struct error *err) __attribute__((nonnull(1, 3, 5), warn_unused_result));

/* Write all of it to standard output, past stdio, which would keep a copy. */
int command_print(const struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
