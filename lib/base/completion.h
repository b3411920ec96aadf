/* completion: shell completion scripts, generated from a program's options table. */
#ifndef BASE_COMPLETION_H
#define BASE_COMPLETION_H

#include <stdbool.h>

#include "lib/base/options.h"
#include "lib/base/secret_buffer.h"

enum completion_shell { COMPLETION_BASH, COMPLETION_ZSH, COMPLETION_FISH };

/* Parse a shell's name: bash, zsh or fish.  Return -1 for any other name. */
int completion_shell_parse(const char *text, enum completion_shell *shell)
    __attribute__((nonnull, warn_unused_result));

struct completion_command {
	const char *name;    /* NULL: the program has no commands */
	const char *summary; /* one line */
	const struct option_spec *table;
	const char *operands; /* words separated by '|'; or NULL */
	bool runs_command;    /* the command line of another program follows "--" */
};

/*
 * Append a script that completes the commands, options and option arguments of `program`.  There is
 * at least one command; the first is the default.  An option's argument is completed by its name in
 * the table: one of the words for "a|b|c", a file for a name that ends in FILE or PATH, a directory
 * for DIR.  A program with commands prints the script with its command "completion", any other
 * program with an option of that name.
 */
int completion_write(enum completion_shell shell, const char *program,
    const struct completion_command *commands, size_t count, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
