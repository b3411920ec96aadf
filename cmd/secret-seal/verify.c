/* verify: check that sealed Secrets decrypt. */
#include "lib/seal/unseal.h"

#include "cmd/secret-seal/command.h"

struct configuration {
	struct command_connection connection;
	struct seal_selection selection;
	const char *transit_key;
};

static struct configuration configuration = {.connection = CONNECTION_DEFAULTS};

static const struct option_spec table[] = {
    SELECTION_OPTIONS(struct configuration),
    {.section = "Decrypting", .usual = true, TRANSIT_KEY_OPTION("the annotation of each Secret")},
    CONNECTION_OPTIONS,
    {.name = NULL},
};

static const struct options options = {
    .synopsis = "[OPTIONS] [NAME...]",
    .description = "Decrypt all values of sealed Secrets to check them, and print none of them.",
    .table = table,
};

static int print_outcome(const struct unseal_verify_outcome *outcome, struct error *err)
{
	cleanup_secret struct secret_buffer line = SECRET_BUFFER_INIT;

	if (outcome->failed)
		return error_set(err, ERROR_INVALID, "%zu of %zu Secret%s not decrypt",
		    outcome->failed, outcome->secrets, outcome->secrets == 1 ? " does" : "s do");
	if (secret_buffer_append_format(&line, err, "%zu Secret%s with %zu value%s decrypt%s\n",
		outcome->secrets, string_plural(outcome->secrets), outcome->values,
		string_plural(outcome->values), outcome->secrets == 1 ? "s" : "") < 0)
		return -1;
	return command_print(&line, err);
}

static int run_verify(char **operands, int count, struct error *err)
{
	struct seal_session_settings settings =
	    command_session_settings(&configuration.connection, false);
	struct unseal_verify_outcome outcome;
	struct seal_session session;

	configuration.selection.names = operands;
	configuration.selection.name_count = count;
	if (seal_session_begin(&session, &settings, err) < 0)
		return -1;
	int result = unseal_verify(
	    &session, &configuration.selection, configuration.transit_key, &outcome, err);
	if (result == 0 && outcome.secrets == 0)
		seal_selection_log_empty(&session, &configuration.selection);
	seal_session_end(&session);
	return result < 0 ? -1 : print_outcome(&outcome, err);
}

const struct command verify_command = {.name = "verify",
    .summary = "check that sealed Secrets decrypt, and print no value",
    .options = &options,
    .connection = &configuration.connection,
    .run = run_verify};
