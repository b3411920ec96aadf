/* edit: change the values of a sealed Secret in an editor. */
#include "lib/seal/edit.h"

#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/secret-seal/command.h"
#include "cmd/secret-seal/print_config.h"

#define DEFAULT_EDITOR "vi"

struct configuration {
	struct command_connection connection;
	const char *transit_key, *editor, *file;
	bool allow_encrypted, print_config;
};

static struct configuration configuration = {
    .connection = CONNECTION_DEFAULTS, .editor = DEFAULT_EDITOR};

static const struct option_spec table[] = {
    {.section = "Editing",
	.usual = true,
	.name = "editor",
	.kind = OPTION_STRING,
	.argument = "COMMAND",
	.offset = offsetof(struct configuration, editor),
	.environment = "KUBE_EDITOR,VISUAL,EDITOR",
	.shared = true,
	.help = "editor (default " DEFAULT_EDITOR ")"},
    {.usual = true,
	.name = "filename",
	.letter = 'f',
	.kind = OPTION_STRING,
	.argument = "FILE",
	.offset = offsetof(struct configuration, file),
	.help = "edit a Secret in a manifest file; NAME selects one of several"},
    {ALLOW_ENCRYPTED_OPTION},
    {.usual = true, TRANSIT_KEY_OPTION("a rule for the file, or the annotation of the Secret")},
    {PRINT_CONFIG_OPTION(struct configuration)},
    CONNECTION_OPTIONS,
    {.name = NULL},
};

static struct option_origin origins[sizeof(table) / sizeof(table[0])];
static const struct options options = {
    .synopsis = "[OPTIONS] NAME|FILE",
    .description =
	"Decrypt the values of the sealed Secret NAME, open an editor on them in memory that is\n"
	"never on a disk, and seal the changed values.  FILE is a manifest with the Secret: a word\n"
	"with a slash, or the name of an existing file that ends in .yaml, .yml or .json.",
    .table = table,
    .origins = origins,
};

static bool is_regular(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static bool ends_as_manifest(const char *name)
{
	return fnmatch("*.yaml", name, 0) == 0 || fnmatch("*.yml", name, 0) == 0 ||
	       fnmatch("*.json", name, 0) == 0;
}

/*
 * Return true for a path with a slash, which a Secret's name cannot contain, or for the name of an
 * existing manifest.
 */
static bool is_file(const char *operand)
{
	return strchr(operand, '/') || (ends_as_manifest(operand) && is_regular(operand));
}

static int choose_secret(
    char **operands, int count, struct edit_settings *settings, struct error *err)
{
	bool path = count == 1 && !settings->file && is_file(operands[0]);

	if (path)
		settings->file = operands[0];
	else if (count == 1)
		settings->name = operands[0];
	if (count == 1 || (count == 0 && settings->file))
		return 0;
	return error_set(err, ERROR_USAGE, "no Secret, or more than one; pass one NAME or FILE");
}

/* Add a hint to an error about a missing Secret if a file may be meant. */
static int add_file_hint(const char *name, struct error *err)
{
	if (err->code != ERROR_NOT_FOUND && kube_valid_name(name))
		return -1;
	if (is_regular(name))
		return error_hint(err, "for the file of this name, pass ./%s", name);
	return ends_as_manifest(name) ? error_hint(err, "and there is not a file %s here", name)
				      : -1;
}

static int print_settings(const char *file, struct error *err)
{
	struct print_config_settings settings = {.options = &options,
	    .connection = &configuration.connection,
	    .offline = file != NULL,
	    .force_foreign = configuration.allow_encrypted,
	    .transit_key = configuration.transit_key,
	    .keeps_layout = true};
	struct strings files = {0};

	if (file && strings_append(&files, file, err) < 0)
		return -1;
	settings.files = &files;
	int result = print_config(&settings, err);
	strings_free(&files);
	return result;
}

static int run_edit(char **operands, int count, struct error *err)
{
	struct edit_settings settings = {.transit_key = configuration.transit_key,
	    .editor = configuration.editor,
	    .file = configuration.file,
	    .force_foreign = configuration.allow_encrypted};
	cleanup_secret struct secret_buffer line = SECRET_BUFFER_INIT;
	bool changed = false;

	if (choose_secret(operands, count, &settings, err) < 0)
		return -1;
	if (configuration.print_config)
		return print_settings(settings.file, err);
	struct seal_session_settings session =
	    command_session_settings(&configuration.connection, settings.file != NULL);
	if (edit(&session, &settings, &changed, err) < 0)
		return settings.file ? -1 : add_file_hint(settings.name, err);
	if (secret_buffer_append_format(&line, err, "%s%s %s\n", settings.file ? "" : "secret/",
		settings.file ? settings.file : settings.name,
		changed ? "edited" : "not changed") < 0)
		return -1;
	return command_print(&line, err);
}

const struct command edit_command = {.name = "edit",
    .summary = "change a sealed Secret's values in an editor",
    .options = &options,
    .connection = &configuration.connection,
    .run = run_edit};
