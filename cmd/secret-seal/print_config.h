/* print_config: print the settings of a command, and the rules for the Secrets in its files. */
#ifndef SECRET_SEAL_PRINT_CONFIG_H
#define SECRET_SEAL_PRINT_CONFIG_H

#include "cmd/secret-seal/command.h"

/* Members of a struct option_spec, without braces. */
#define PRINT_CONFIG_OPTION(type)                                                                  \
	.name = "print-config", .kind = OPTION_FLAG, .offset = offsetof(type, print_config),       \
	.help = "show the settings, their origins, and the rules for the files; then exit"

struct print_config_settings {
	const struct options *options; /* with origins */
	const struct command_connection *connection;
	const struct strings *files; /* "-" has no rules and is not read */
	bool offline;		     /* the command does not use the Kubernetes API */
	bool force_foreign;	     /* see lib/sealed/foreign.h */
	/* Texts of the options; NULL: not set. */
	const char *transit_key, *scope, *layout;
	bool keeps_layout; /* rules do not set the layout */
};

/*
 * Print the settings, then for each Secret its rule, with its Transit key, scope and layout and
 * their origins: an option, the rule, or an annotation.  Neither Vault nor the Kubernetes API is
 * used.
 */
int print_config(const struct print_config_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
