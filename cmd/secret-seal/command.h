/* command: the commands of secret-seal, each in its own file. */
#ifndef SECRET_SEAL_COMMAND_H
#define SECRET_SEAL_COMMAND_H

#include "cmd/connection_options.h"
#include "cmd/program.h"
#include "lib/seal/seal.h"
#include "lib/seal/selection.h"

/*
 * Options of all commands, described by CONNECTION_OPTIONS.  Each configuration begins with this
 * struct.
 */
struct command_connection {
	struct program_settings program;
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
};

#define CONNECTION_OPTIONS                                                                         \
	VAULT_OPTIONS(struct command_connection), KUBE_OPTIONS(struct command_connection),         \
	    COMMON_OPTIONS(struct command_connection, "60s", "4")

#define CONNECTION_DEFAULTS                                                                        \
	{                                                                                          \
		.vault = {.timeout_ms = HTTP_REQUEST_TIMEOUT_MS},                                  \
		.session = VAULT_SESSION_DEFAULTS, .program = {.timeout_ms = 60000, .retries = 4}, \
	}

/* Prefix of environment variables.  A variable sets an option of every command that has it. */
#define COMMAND_PREFIX "SECRET_SEAL"

struct command {
	const char *name;
	const char *summary;		       /* one line, for --help and completion */
	const struct options *options;	       /* its synopsis omits the command's name */
	struct command_connection *connection; /* first member of its configuration */
	bool local;			       /* it uses neither Vault nor the Kubernetes API */
	/* Return 0, or -1 with *err.  The exit status is 2 for ERROR_USAGE, otherwise 1. */
	int (*run)(char **operands, int count, struct error *err);
};

/* All commands, ended by NULL.  Set by main for the completion command. */
extern const struct command *const *completion_commands;

extern const struct command seal_command, edit_command, status_command, verify_command,
    reveal_command, check_command, completion_command;

/*
 * Members of a struct option_spec, without braces.  transit_key is a member of struct
 * configuration.
 */
#define TRANSIT_KEY_OPTION(usual_key)                                                              \
	.name = "transit-key", .kind = OPTION_STRING, .argument = "[MOUNT/]NAME",                  \
	.offset = offsetof(struct configuration, transit_key),                                     \
	.help = "Transit key (default " usual_key ")"

#define ALLOW_ENCRYPTED_OPTION                                                                     \
	.name = "allow-encrypted", .deprecated = "force-foreign", .kind = OPTION_FLAG,             \
	.offset = offsetof(struct configuration, allow_encrypted),                                 \
	.help = "accept values and files that another tool (SOPS, age, ...) has encrypted"

/* Options of commands that read many Secrets.  `selection` is a member of `type`. */
#define SELECTION_OPTIONS(type)                                                                    \
	{.section = "Which Secrets",                                                               \
	    .usual = true,                                                                         \
	    .name = "all-namespaces",                                                              \
	    .letter = 'A',                                                                         \
	    .kind = OPTION_FLAG,                                                                   \
	    .offset = offsetof(type, selection.all_namespaces),                                    \
	    .help = "sealed Secrets of all namespaces"},                                           \
	    {.usual = true,                                                                        \
		.name = "selector",                                                                \
		.letter = 'l',                                                                     \
		.kind = OPTION_STRING,                                                             \
		.argument = "LABELS",                                                              \
		.offset = offsetof(type, selection.selector),                                      \
		.help = "only Secrets that also have these labels"},                               \
	{                                                                                          \
		.name = "all-secrets", .kind = OPTION_FLAG,                                        \
		.offset = offsetof(type, selection.all_secrets),                                   \
		.help = "also Secrets without the label, if they contain ciphertext"               \
	}

/* Use the token of "vault login" in ~/.vault-token if neither a token nor a login is configured. */
int command_find_token(struct vault_session_settings *session, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Return the settings for a session.  Its strings are borrowed. */
struct seal_session_settings command_session_settings(
    const struct command_connection *connection, bool offline) __attribute__((nonnull));

/*
 * Return the index of `text` in a NULL-ended list of words, or `otherwise` if `text` is not set.
 * Return -1 with ERROR_USAGE if it is not in the list.
 */
int command_choose(const char *option, const char *text, const char *const *words, int otherwise,
    struct error *err) __attribute__((nonnull(1, 3, 5), warn_unused_result));

/* Write the text to standard output without stdio, which would keep a copy of it. */
int command_print(const struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
