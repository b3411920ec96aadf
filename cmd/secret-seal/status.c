/* status: what is sealed with what. */
#include "lib/seal/status.h"

#include <time.h>

#include "cmd/secret-seal/command.h"

struct configuration {
	struct connection connection;
	struct seal_selection selection;
	const char *output;
};

static struct configuration configuration = {.connection = CONNECTION_DEFAULTS};

static const struct option_spec table[] = {
    SELECTION_OPTIONS(struct configuration),
    {.section = "Output",
	.name = "output",
	.letter = 'o',
	.kind = OPTION_STRING,
	.argument = "table|json|yaml|prometheus",
	.offset = offsetof(struct configuration, output),
	.help = "what to print (default table)"},
    CONNECTION_OPTIONS,
    {.name = NULL},
};

static const struct options options = {
    .synopsis = "[OPTIONS] [NAME...]",
    .description =
	"Tell of each sealed Secret's values which Transit key and version they are sealed with,\n"
	"and what is not sealed at all.  Nothing is decrypted.",
    .table = table,
};

/* A person reads the warning; a job that hands metrics on sees the exit status alone. */
static int refuse_incomplete(struct error *err)
{
	return error_set(err, ERROR_UNAVAILABLE,
	    "the metrics are not complete: Vault did not tell the newest versions of Transit keys");
}

/* A text_stream's write. */
static int print_piece(void *context, const struct secret_buffer *text, struct error *err)
{
	(void)context;
	return command_print(text, err);
}

static int run(char **operands, int count, struct error *err)
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
    .summary = "tell which keys and versions Secrets are sealed with",
    .options = &options,
    .connection = &configuration.connection,
    .run = run};
