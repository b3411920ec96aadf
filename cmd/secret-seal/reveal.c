/* reveal: print the plaintext of a sealed Secret. */
#include "lib/seal/unseal.h"

#include <unistd.h>

#include "cmd/secret-seal/command.h"

struct configuration {
	struct command_connection connection;
	const char *transit_key;
	bool yes;
};

static struct configuration configuration = {.connection = CONNECTION_DEFAULTS};

static const struct option_spec table[] = {
    {.section = "Revealing",
	.name = "yes",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, yes),
	.help = "print plaintext also if standard output is not a terminal"},
    {TRANSIT_KEY_OPTION("the Secret")},
    CONNECTION_OPTIONS,
    {.name = NULL},
};

static const struct options options = {
    .synopsis = "[OPTIONS] NAME [KEY]",
    .description =
	"Print the plaintext of the sealed Secret NAME: all of it, or the bytes of one value.",
    .table = table,
};

/* Print the text.  On a terminal, reject control characters and end the line. */
static int print_text(struct secret_buffer *text, bool terminal, struct error *err)
{
	if (!terminal)
		return command_print(text, err);
	if (!unseal_is_printable(text))
		return error_set(err, ERROR_INVALID,
		    "has bytes that are not safe on a terminal; redirect the output and pass --yes");
	if ((text->length == 0 || text->data[text->length - 1] != '\n') &&
	    secret_buffer_append_string(text, "\n", err) < 0)
		return -1;
	return command_print(text, err);
}

static int run_reveal(char **operands, int count, struct error *err)
{
	struct seal_session_settings settings =
	    command_session_settings(&configuration.connection, false);
	struct unseal_reveal_settings unseal_reveal_settings = {.name = operands[0],
	    .key = count == 2 ? operands[1] : NULL,
	    .transit_key = configuration.transit_key};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	bool terminal = isatty(STDOUT_FILENO);
	struct seal_session session;

	if (count < 1 || count > 2)
		return error_set(err, ERROR_USAGE, "pass one NAME and at most one KEY");
	if (!terminal && !configuration.yes)
		return error_set(err, ERROR_USAGE,
		    "standard output is not a terminal; to print plaintext there, pass --yes");
	if (seal_session_begin(&session, &settings, err) < 0)
		return -1;
	int result = unseal_reveal(&session, &unseal_reveal_settings, &text, err);
	seal_session_end(&session);
	return result < 0 ? -1 : print_text(&text, terminal, err);
}

const struct command reveal_command = {.name = "reveal",
    .summary = "print plaintext, to a terminal or with --yes",
    .options = &options,
    .connection = &configuration.connection,
    .run = run_reveal};
