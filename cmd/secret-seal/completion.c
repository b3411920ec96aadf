/* completion: print a completion script for a shell. */
#include "lib/base/completion.h"

#include <stdlib.h>

#include "cmd/secret-seal/command.h"
#include "lib/base/cleanup.h"

#define SHELLS "bash|zsh|fish"

const struct command *const *completion_commands;

static struct command_connection connection = CONNECTION_DEFAULTS;

static const struct option_spec table[] = {
    {.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this and exit"},
    {.name = NULL},
};

static const struct options options = {
    .synopsis = SHELLS,
    .description = "Print a script with which a shell completes the command line of secret-seal:\n"
		   "  bash   source <(secret-seal completion bash)\n"
		   "  zsh    source <(secret-seal completion zsh)\n"
		   "  fish   secret-seal completion fish | source",
    .table = table,
};

/* Return all commands for completion_write, newly allocated, or NULL with an error. */
static struct completion_command *list_commands(size_t *count, struct error *err)
{
	*count = 0;
	while (completion_commands[*count])
		++*count;
	struct completion_command *list = calloc(*count, sizeof(*list));
	if (!list) {
		error_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < *count; i++)
		list[i] = (struct completion_command){.name = completion_commands[i]->name,
		    .summary = completion_commands[i]->summary,
		    .table = completion_commands[i]->options->table,
		    .operands = completion_commands[i] == &completion_command ? SHELLS : NULL};
	return list;
}

static int run_completion(char **operands, int count, struct error *err)
{
	cleanup_secret struct secret_buffer script = SECRET_BUFFER_INIT;
	enum completion_shell shell;
	size_t listed;

	if (count != 1 || completion_shell_parse(operands[0], &shell) < 0)
		return error_set(err, ERROR_USAGE, "completion: no shell; write bash, zsh or fish");
	cleanup_free struct completion_command *list = list_commands(&listed, err);
	if (!list || completion_write(shell, "secret-seal", list, listed, &script, err) < 0)
		return -1;
	return command_print(&script, err);
}

const struct command completion_command = {.name = "completion",
    .summary = "print the completion script of a shell",
    .options = &options,
    .connection = &connection,
    .local = true,
    .run = run_completion};
