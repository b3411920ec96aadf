/* completion: what a shell completes, made from the options table. */
#ifndef BASE_COMPLETION_H
#define BASE_COMPLETION_H

#include <stdbool.h>

#include "lib/base/options.h"
#include "lib/base/secret_buffer.h"

enum completion_shell { COMPLETION_BASH, COMPLETION_ZSH, COMPLETION_FISH };

/* -1 for what is no shell's name: bash, zsh, fish. */
int completion_shell_parse(const char *text, enum completion_shell *shell)
    __attribute__((nonnull, warn_unused_result));

struct completion_command {
	const char *name;    /* NULL: the program's own options, which are then all there is */
	const char *summary; /* one line */
	const struct option_spec *table;
	const char *operands; /* words that may follow, separated by '|'; NULL: none are known */
	bool runs_command;    /* what stands behind "--" is another program's command line */
};

/*
 * Append the script that completes `program`: commands (one at least; the first is the default),
 * options, and an option's argument where its name in the table tells what it is:
 * words of the form a|b|c, or files where it ends in FILE, PATH or DIR.  A program with commands
 * is taken to print it by its command "completion", another by an option of that name.
 */
int completion_write(enum completion_shell shell, const char *program,
    const struct completion_command *commands, size_t count, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
