/* secret-seal: encrypt values with Vault Transit into a Kubernetes Secret, and look after it. */
#include <string.h>

#include "cmd/secret-seal/command.h"
#include "lib/base/cleanup.h"
#include "lib/base/signals.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2

/* kubectl runs a file of this name for "kubectl seal". */
#define PLUGIN_FILE "kubectl-seal"

const struct command *const commands[] = {&seal_command, &edit_command, &status_command,
    &verify_command, &reveal_command, &completion_command, NULL};

static const struct command *find_command(const char *word)
{
	for (const struct command *const *each = commands; word && *each; each++)
		if (strcmp((*each)->name, word) == 0)
			return *each;
	return NULL;
}

static const char *program_name(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (slash)
		file = slash + 1;
	return file && strcmp(file, PLUGIN_FILE) == 0 ? "kubectl seal" : "secret-seal";
}

/* "  edit      change ..." of each; newly allocated, or NULL. */
static char *list_commands(const char *description, struct error *err)
{
	char *text =
	    string_format(err, "%s\n\nCommands, each with a --help of its own:", description);

	for (const struct command *const *each = commands; text && *each; each++) {
		cleanup_free char *before = text;
		text = string_format(err, "%s\n  %-12s%s", before, (*each)->name, (*each)->summary);
	}
	return text;
}

#define NEXT_LINE "\n       " /* below what "usage: " begins */

/* Each line of the command's synopsis behind how the command is called; newly allocated, or NULL.
 */
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

/* The command's options under the name that it was called by.  What is allocated stays. */
static int name_options(
    struct options *options, const struct command *command, bool spoken, struct error *err)
{
	const char *program = options->program;
	cleanup_free char *called =
	    string_format(err, "%s%s%s", program, spoken ? " " : "", spoken ? command->name : "");

	*options = *command->options;
	options->program = program;
	options->prefix = COMMAND_PREFIX;
	options->command = spoken ? command->name : NULL;
	cleanup_free char *own =
	    called ? make_synopsis(called, command->options->synopsis, err) : NULL;
	if (!own)
		return -1;
	options->synopsis = spoken
				? string_format(err, "%s", own)
				: string_format(err, "%s" NEXT_LINE "%s COMMAND ...", own, program);
	if (!spoken)
		options->description = list_commands(command->options->description, err);
	return options->synopsis && options->description ? 0 : -1;
}

/* One letter more, less, another, or two that changed places. */
static bool is_mistyped(const char *word, const char *meant)
{
	size_t length = strlen(word), other = strlen(meant);

	while (length && other && *word == *meant)
		word++, meant++, length--, other--;
	while (length && other && word[length - 1] == meant[other - 1])
		length--, other--;
	if (length == 2 && other == 2)
		return word[0] == meant[1] && word[1] == meant[0];
	return length <= 1 && other <= 1;
}

/* "secret-seal -n demo edit app" would else seal a Secret called "edit". */
static int check_order(const char *program, char **operands, int count, struct error *err)
{
	/* Several Secrets are refused anyway: perhaps the first was meant as a command. */
	for (size_t i = 0; count > 1 && !find_command(operands[0]) && commands[i]; i++)
		if (is_mistyped(operands[0], commands[i]->name))
			return error_set(err, ERROR_USAGE,
			    "one Secret at a time: or is \"%s\" meant as the command %s?",
			    operands[0], commands[i]->name);
	if (!find_command(operands[0]))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "\"%s\": a command comes first: write %s %s ...; for a Secret of this name write %s %s "
	    "...",
	    operands[0], program, operands[0], program, commands[0]->name);
}

static int fail(const struct error *err)
{
	int status = err->code == ERROR_USAGE ? STATUS_USAGE : STATUS_FAILED;

	/* It ended early because of the signal, or, when that came late, for reasons of its own. */
	if (signals_caught())
		status = 128 + signals_caught();
	return program_fail(err, status);
}

int main(int argc, char **argv)
{
	static struct options options;
	const struct command *command = find_command(argc > 1 ? argv[1] : NULL);
	bool spoken = command != NULL;
	struct error err = ERROR_INIT;
	char **operands;
	int count;

	if (!spoken)
		command = commands[0];
	struct connection *connection = command->connection;
	signals_catch(http_interrupt);
	options.program = program_name(argv[0]);
	if (name_options(&options, command, spoken, &err) < 0)
		return fail(&err);
	int status = program_start(&options, connection, &connection->program, STATUS_USAGE,
	    argc - spoken, argv + spoken, &operands, &count);
	if (status >= 0)
		return status;
	if ((!spoken && check_order(options.program, operands, count, &err) < 0) ||
	    command_find_token(&connection->session, &err) < 0 ||
	    program_complete_connection(&connection->program, &connection->vault,
		&connection->session, &connection->kube, &err) < 0 ||
	    command->run(operands, count, &err) < 0)
		return fail(&err);
	return 0;
}
