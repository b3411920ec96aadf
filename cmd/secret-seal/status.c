/* status: print the Transit keys and versions of sealed Secrets. */
#include "lib/seal/status.h"

#include <time.h>

#include "cmd/secret-seal/command.h"

struct configuration {
	struct command_connection connection;
	struct seal_selection selection;
	const char *output;
};

static struct configuration configuration = {.connection = CONNECTION_DEFAULTS};

static const struct option_spec table[] = {
    SELECTION_OPTIONS(struct configuration),
    {.section = "Output",
	.usual = true,
	.name = "output",
	.letter = 'o',
	.kind = OPTION_STRING,
	.argument = "table|json|yaml|prometheus",
	.offset = offsetof(struct configuration, output),
	.help = "output format (default table)"},
    CONNECTION_OPTIONS,
    {.name = NULL},
};

static const struct options options = {
    .synopsis = "[OPTIONS] [NAME...]",
    .description =
	"Print the Transit key and version of each value of the sealed Secrets, and which values\n"
	"are not sealed.  Nothing is decrypted.",
    .table = table,
};

/* Fail, because a job that passes metrics on reads only the exit status, not the warnings. */
static int refuse_incomplete(struct error *err)
{
	return error_set(err, ERROR_UNAVAILABLE,
	    "the metrics are incomplete, without the newest versions of Transit keys in Vault");
}

/* Write a piece of a text_stream. */
static int print_piece(void *context, const struct secret_buffer *text, struct error *err)
{
	(void)context;
	return command_print(text, err);
}

static int run_status(char **operands, int count, struct error *err)
{
	static const char *const words[] = {"table", "json", "yaml", "prometheus", NULL};
	struct seal_session_settings settings =
	    command_session_settings(&configuration.connection, false);
	struct text_stream out = {.write = print_piece};
	struct seal_session session;
	struct status status;
	int format = command_choose("--output", configuration.output, words, STATUS_TABLE, err);

	configuration.selection.names = operands;
	configuration.selection.name_count = count;
	if (format < 0 || seal_session_begin(&session, &settings, err) < 0)
		return -1;
	int result = status_read(&session, &configuration.selection, &status, err);
	if (result == 0 && status.count == 0)
		seal_selection_log_empty(&session, &configuration.selection);
	seal_session_end(&session);
	if (result < 0)
		return -1;
	result = status_write(&status, (enum status_format)format, time(NULL), &out, err);
	secret_buffer_free(&out.text);
	if (result == 0 && format == STATUS_PROMETHEUS && status.vault_failed)
		result = refuse_incomplete(err);
	status_free(&status);
	return result;
}

const struct command status_command = {.name = "status",
    .summary = "print the keys and versions that Secrets are sealed with",
    .options = &options,
    .connection = &configuration.connection,
    .run = run_status};
