/* reveal: print the plaintext of a sealed Secret. */
#include "lib/seal/reveal.h"

#include <string.h>
#include <unistd.h>

#include "cmd/secret-seal/command.h"
#include "lib/seal/unseal.h"

struct configuration {
	struct command_connection connection;
	const char *transit_key, *file;
	bool yes;
};

static struct configuration configuration = {.connection = CONNECTION_DEFAULTS};

static const struct option_spec table[] = {
    {.section = "Revealing",
	.usual = true,
	.name = "yes",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, yes),
	.help = "print plaintext also if standard output is not a terminal"},
    {.usual = true,
	.name = "filename",
	.letter = 'f',
	.kind = OPTION_STRING,
	.argument = "FILE",
	.offset = offsetof(struct configuration, file),
	.help =
	    "print a manifest file with its plaintext, or a Secret of it; - for standard input"},
    {.usual = true, TRANSIT_KEY_OPTION("the annotation of the Secret")},
    CONNECTION_OPTIONS,
    {.name = NULL},
};

static const struct options options = {
    .synopsis = "[OPTIONS] NAME [KEY]\n[OPTIONS] -f FILE [NAME [KEY]]",
    .description =
	"Print the plaintext of the sealed Secret NAME: all of it, or the bytes of one value.\n"
	"With -f and without NAME, print the whole file, with plaintext instead of ciphertext.",
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

static int print_document(const struct secret_buffer *text, struct error *err)
{
	if (isatty(STDOUT_FILENO) && !unseal_is_printable(text))
		return error_set(err, ERROR_INVALID,
		    "%s: has bytes that are not safe on a terminal; redirect the output and pass "
		    "--yes",
		    configuration.file);
	return command_print(text, err);
}

/* Append the values of one Secret, of the file or of the API. */
static int read_values(struct seal_session *session, const char *name, const char *key,
    struct secret_buffer *text, struct error *err)
{
	const struct unseal_reveal_settings of_api = {
	    .name = name, .key = key, .transit_key = configuration.transit_key};
	const struct reveal_settings of_file = {
	    .file = configuration.file, .transit_key = configuration.transit_key};

	return configuration.file ? reveal_secret(session, &of_file, name, key, text, err)
				  : unseal_reveal(session, &of_api, text, err);
}

static int reveal(struct seal_session *session, char **operands, int count, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct reveal_settings whole = {.file = configuration.file,
	    .transit_key = configuration.transit_key,
	    .print = print_document};

	if (count == 0)
		return reveal_file(session, &whole, err);
	if (read_values(session, operands[0], count == 2 ? operands[1] : NULL, &text, err) < 0)
		return -1;
	return print_text(&text, isatty(STDOUT_FILENO), err);
}

static int check_operands(int count, struct error *err)
{
	bool named = count == 1 || count == 2;

	if (!configuration.file && !named)
		return error_set(err, ERROR_USAGE, "pass one NAME and at most one KEY");
	if (configuration.file && count > 2)
		return error_set(err, ERROR_USAGE, "-f: pass at most one NAME and at most one KEY");
	if (named && configuration.file && strcmp(configuration.file, "-") == 0)
		return error_set(err, ERROR_USAGE, "-f -: leave out NAME, or name a file");
	if (!isatty(STDOUT_FILENO) && !configuration.yes)
		return error_set(err, ERROR_USAGE,
		    "standard output is not a terminal; to print plaintext there, pass --yes");
	return 0;
}

static int run_reveal(char **operands, int count, struct error *err)
{
	struct seal_session_settings settings =
	    command_session_settings(&configuration.connection, configuration.file != NULL);
	struct seal_session session;

	if (check_operands(count, err) < 0 || seal_session_begin(&session, &settings, err) < 0)
		return -1;
	int result = reveal(&session, operands, count, err);
	seal_session_end(&session);
	return result;
}

const struct command reveal_command = {.name = "reveal",
    .summary = "print plaintext, to a terminal or with --yes",
    .options = &options,
    .connection = &configuration.connection,
    .run = run_reveal};
