/* edit: change the values of a sealed Secret in an editor. */
#include "lib/seal/edit.h"

#include "cmd/secret-seal/command.h"

#define DEFAULT_EDITOR "vi"

struct configuration {
	struct connection connection;
	const char *transit_key, *editor;
};

static struct configuration configuration = {
    .connection = CONNECTION_DEFAULTS, .editor = DEFAULT_EDITOR};

static const struct option_spec table[] = {
    {.section = "Editing",
	.name = "editor",
	.kind = OPTION_STRING,
	.argument = "COMMAND",
	.offset = offsetof(struct configuration, editor),
	.environment = "KUBE_EDITOR,VISUAL,EDITOR",
	.shared = true,
	.help = "what to edit with (default " DEFAULT_EDITOR ")"},
    {.name = "transit-key",
	.kind = OPTION_STRING,
	.argument = "[MOUNT/]NAME",
	.offset = offsetof(struct configuration, transit_key),
	.help = "Transit key (default what the Secret says)"},
    CONNECTION_OPTIONS,
    {.name = NULL},
};

static const struct options options = {
    .synopsis = "[OPTIONS] NAME",
    .description = "Decrypt the values of the sealed Secret NAME, open an editor on them in memory "
		   "that never\n"
		   "reaches a disk, and seal again what was changed.",
    .table = table,
};

static int run(char **operands, int count, struct error *err)
{
	struct servers_settings servers = command_servers(&configuration.connection, false);
	struct edit_settings settings = {.name = operands[0],
	    .transit_key = configuration.transit_key,
	    .editor = configuration.editor};
	cleanup_secret struct secret_buffer line = SECRET_BUFFER_INIT;
	bool changed = false;

	if (count != 1)
		return error_set(err, ERROR_USAGE, "one Secret is edited: write its NAME");
	if (edit(&servers, &settings, &changed, err) < 0 ||
	    secret_buffer_append_format(&line, err, "secret/%s %s\n", settings.name,
		changed ? "edited" : "not changed") < 0)
		return -1;
	return command_print(&line, err);
}

const struct command edit_command = {.name = "edit",
    .summary = "change a sealed Secret's values in an editor",
    .options = &options,
    .connection = &configuration.connection,
    .run = run};
