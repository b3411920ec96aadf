/* check: find plaintext in the Secrets of a repository. */
#include "lib/seal/check.h"

#include <stdio.h>

#include "cmd/secret-seal/command.h"
#include "lib/base/input_file.h"

static struct command_connection connection = CONNECTION_DEFAULTS;

static const struct option_spec table[] = {
    MESSAGE_OPTIONS(struct command_connection),
    {.name = NULL},
};

static const struct options options = {
    .synopsis = "[OPTIONS] PATH...",
    .description =
	"Find plaintext in the Secrets of files and folders, ciphertext that no rotation finds, and\n"
	"Secrets that contradict the rules in .secretmanager.yaml.\n"
	"Neither Vault nor the Kubernetes API is used, and no value is printed.  - is standard\n"
	"input.  Exit status 1 if there is a problem.",
    .table = table,
};

static int print_line(const char *line, struct error *err)
{
	return puts(line) < 0 ? error_system(err, "standard output") : 0;
}

static int run_check(char **operands, int count, struct error *err)
{
	struct check_summary summary;

	if (count == 0)
		return error_set(err, ERROR_USAGE, "check: name the files or folders");
	/* Wait for standard input as long as its writer needs. */
	input_file_set_deadline(0);
	int result = check_files(operands, (size_t)count, print_line, &summary, err);
	if (result == 0 &&
	    printf("%zu file%s with %zu Secret%s: no problem found\n", summary.files,
		string_plural(summary.files), summary.secrets, string_plural(summary.secrets)) < 0)
		return error_system(err, "standard output");
	if (fflush(stdout) != 0 && result == 0)
		return error_system(err, "standard output");
	return result;
}

const struct command check_command = {.name = "check",
    .summary = "find plaintext in files, such as a repository, without a server",
    .options = &options,
    .connection = &connection,
    .local = true,
    .run = run_check};
