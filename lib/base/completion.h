/* completion: scripts for completion in shells, from the table of options. */
#ifndef BASE_COMPLETION_H
#define BASE_COMPLETION_H

#include <stdbool.h>

#include "lib/base/options.h"
#include "lib/base/secret_buffer.h"

enum completion_shell { COMPLETION_BASH, COMPLETION_ZSH, COMPLETION_FISH };

/* Parse the name of a shell: bash, zsh or fish.  -1 for any other. */
int completion_shell_parse(const char *text, enum completion_shell *shell)
    __attribute__((nonnull, warn_unused_result));

struct completion_command {
	const char *name;    /* NULL: the program has no commands */
	const char *summary; /* one line */
	const struct option_spec *table;
	const char *operands; /* words that may follow, separated by '|'; or NULL */
	bool runs_command;    /* the command line of another program follows "--" */
};

/*
 * Append the script that completes `program`: its commands (at least one; the first is the
 * default), options, and arguments of options by their name in the table: words for a|b|c, files
 * for names that end in FILE, PATH or DIR.  A program with commands prints the script by its
 * command "completion", any other by an option of that name.
 */
int completion_write(enum completion_shell shell, const char *program,
    const struct completion_command *commands, size_t count, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
