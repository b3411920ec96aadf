/* secret-seal: encrypt values with Vault Transit into Kubernetes Secrets, and maintain them. */
#include <string.h>

#include "cmd/other_tools.h"
#include "cmd/secret-seal/command.h"
#include "lib/base/cleanup.h"
#include "lib/base/signals.h"
#include "lib/base/spelling.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2

/* kubectl runs a file with this name for "kubectl seal". */
#define PLUGIN_FILE "kubectl-seal"

/* All commands; the first is the default. */
static const struct command *const commands[] = {&seal_command, &edit_command, &status_command,
    &verify_command, &reveal_command, &check_command, &completion_command, NULL};
static const struct options *command_options[sizeof(commands) / sizeof(commands[0])];

/* Options of kubectl, kubeseal, sops and others, for all commands. */
static const struct option_other other_options[] = {
    CONNECTION_OTHERS,
    {"name,secret,secret-name", NULL,
	"write the Secret's name as the last word, without an option"},
    {"delete,remove,rm", "unset", NULL},
    {"env-file,dotenv", "from-env-file", NULL},
    {"inplace,write", "in-place", NULL},
    {"secret-file", "filename", NULL},
    {"format", "output", NULL},
    {"key,hc-vault-transit", "transit-key", NULL},
    {"random,random-password", "generate", NULL},
    {"append-hash", "immutable", NULL},
    {"labels", "label", NULL},
    {"append,merge,merge-into,patch,replace,overwrite", NULL,
	"omit it; an existing Secret is changed, and keeps values that are not named"},
    {"cert,fetch-cert,controller-name,controller-namespace,pgp,age,kms", NULL,
	"use --transit-key; Vault encrypts the values"},
    {"stdin", NULL, "use --from-file NAME=-"},
    {"encrypt", NULL, "omit it; this is the default"},
    {"decrypt,extract", NULL, "use the command secret-seal reveal"},
    {"validate", NULL, "use the command secret-seal verify"},
    {"rotate,re-encrypt", NULL, "use the program secret-rotate"},
    {NULL, NULL, NULL},
};

static const struct command *find_command(const char *word)
{
	for (const struct command *const *each = commands; word && *each; each++)
		if (strcmp((*each)->name, word) == 0)
			return *each;
	return NULL;
}

/* Collect the options of all commands. */
static void list_options(void)
{
	for (size_t i = 0; commands[i]; i++)
		command_options[i] = commands[i]->options;
}

static const char *program_name(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (slash)
		file = slash + 1;
	return file && strcmp(file, PLUGIN_FILE) == 0 ? "kubectl seal" : "secret-seal";
}

/* Return the description with a line for each command, newly allocated, or NULL with an error. */
static char *list_commands(const char *description, struct error *err)
{
	char *text = string_format(err, "%s\n\nCommands, each with its own --help:", description);

	for (const struct command *const *each = commands; text && *each; each++) {
		cleanup_free char *before = text;
		text = string_format(err, "%s\n  %-12s%s", before, (*each)->name, (*each)->summary);
	}
	return text;
}

#define NEXT_LINE "\n       " /* aligned with the text after "usage: " */

/* Return the synopsis with `called` before each line, newly allocated, or NULL with an error. */
static char *make_synopsis(const char *called, const char *lines, struct error *err)
{
	char *text = string_format(err, "%s", "");

	while (text && *lines) {
		cleanup_free char *before = text;
		size_t length = strcspn(lines, "\n");
		text = string_format(err, "%s%s%s %.*s", before, *before ? NEXT_LINE : "", called,
		    (int)length, lines);
		lines += length + (lines[length] == '\n');
	}
	return text;
}

/* Set *options to the command's options, with the name it was called by.  Strings are not freed. */
static int name_options(
    struct options *options, const struct command *command, bool named, struct error *err)
{
	const char *program = options->program;
	cleanup_free char *called =
	    string_format(err, "%s%s%s", program, named ? " " : "", named ? command->name : "");

	*options = *command->options;
	options->program = program;
	options->prefix = COMMAND_PREFIX;
	options->others = other_options;
	options->commands = command_options;
	options->command = named ? command->name : NULL;
	cleanup_free char *own =
	    called ? make_synopsis(called, command->options->synopsis, err) : NULL;
	if (!own)
		return -1;
	options->synopsis = named
				? string_format(err, "%s", own)
				: string_format(err, "%s" NEXT_LINE "%s COMMAND ...", own, program);
	if (!named)
		options->description = list_commands(command->options->description, err);
	return options->synopsis && options->description ? 0 : -1;
}

/*
 * Words that are not commands.
 */

/* Names of commands in other tools, and the command to use: of this program, or of kubectl. */
static const struct {
	const char *word, *meant;
} other_words[] = {
    {"list", "status"},
    {"ls", "status"},
    {"get", "reveal"},
    {"show", "reveal"},
    {"view", "reveal"},
    {"decrypt", "reveal"},
    {"unseal", "reveal"},
    {"encrypt", "seal"},
    {"create", "seal"},
    {"validate", "verify"},
    {"delete", "kubectl delete secret"},
    {"rm", "kubectl delete secret"},
    {"help", "--help"},
    {"version", "--version"},
};

/* Return the command or option that is probably meant by the word, or NULL. */
static const char *meant_command(const char *word)
{
	for (size_t i = 0; i < sizeof(other_words) / sizeof(*other_words); i++)
		if (strcmp(other_words[i].word, word) == 0)
			return other_words[i].meant;
	for (const struct command *const *each = commands; *each; each++)
		if (spelling_is_near(word, (*each)->name))
			return (*each)->name;
	return NULL;
}

/* Return true if "--" is an argument: the operands are then names. */
static bool has_separator(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return true;
	return false;
}

/* Reject a Secret's name that is probably meant as a command. */
static int check_name(const char *program, const char *name, struct error *err)
{
	const char *meant = name ? meant_command(name) : NULL;
	if (!meant)
		return 0;
	bool own = find_command(meant) || *meant == '-';
	return error_set(err, ERROR_USAGE,
	    "\"%s\": %s; write %s%s%s ..., or for a Secret of this name %s %s %s", name,
	    strcmp(name, meant) == 0 ? "a command must come first" : "not a command",
	    own ? program : "", own ? " " : "", meant, program, commands[0]->name, name);
}

/* Change "help COMMAND" to "COMMAND --help". */
static void swap_help(int argc, char **argv)
{
	static char help[] = "--help";

	if (argc == 3 && strcmp(argv[1], "help") == 0 && find_command(argv[2])) {
		argv[1] = argv[2];
		argv[2] = help;
	}
}

static int fail(const struct error *err)
{
	int status = err->code == ERROR_USAGE ? STATUS_USAGE : STATUS_FAILED;

	/* Assume that the signal caused the failure. */
	if (signals_caught())
		status = 128 + signals_caught();
	return program_fail(err, status);
}

static int complete_connection(struct command_connection *connection, struct error *err)
{
	if (command_find_token(&connection->session, err) < 0)
		return -1;
	return program_complete_connection(PROGRAM_USER_AGENT("secret-seal"), &connection->program,
	    &connection->vault, &connection->session, &connection->kube, err);
}

int main(int argc, char **argv)
{
	static struct options options;
	swap_help(argc, argv);
	const struct command *command = find_command(argc > 1 ? argv[1] : NULL);
	bool named = command != NULL, separated = has_separator(argc, argv);
	struct error err = ERROR_INIT;
	char **operands;
	int count;

	if (!named)
		command = commands[0];
	struct command_connection *connection = command->connection;
	completion_commands = commands;
	list_options();
	signals_catch(http_interrupt);
	options.program = program_name(argv[0]);
	if (name_options(&options, command, named, &err) < 0)
		return fail(&err);
	int status = program_start(&options, connection, &connection->program, STATUS_USAGE,
	    argc - named, argv + named, &operands, &count);
	if (status >= 0)
		return status;
	if ((!named && !separated && check_name(options.program, operands[0], &err) < 0) ||
	    (!command->local && complete_connection(connection, &err) < 0) ||
	    command->run(operands, count, &err) < 0)
		return fail(&err);
	return 0;
}
