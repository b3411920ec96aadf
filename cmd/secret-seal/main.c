/* secret-seal: encrypt values with Vault Transit into a Kubernetes Secret, or into its manifest. */
#include <stdio.h>
#include <string.h>

#include "cmd/connection_options.h"
#include "cmd/program.h"
#include "lib/base/clock.h"
#include "lib/seal/inputs.h"
#include "lib/seal/seal.h"
#include "lib/sealed/sealed.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2

struct configuration {
	struct program_settings program;
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	struct inputs inputs;
	const char *transit_key, *layout, *data_key, *scope, *dry_run, *output;
	bool no_verify;
};

static const struct option_spec table[] = {
    {.name = "from-literal",
	.kind = OPTION_LIST,
	.argument = "NAME=VALUE",
	.offset = offsetof(struct configuration, inputs.literals),
	.help = "seal a value (repeatable; whoever lists processes can read it)"},
    {.name = "from-file",
	.kind = OPTION_LIST,
	.argument = "[NAME=]PATH",
	.offset = offsetof(struct configuration, inputs.files),
	.help = "seal a file's bytes, - for standard input (repeatable)"},
    {.name = "from-env-file",
	.kind = OPTION_LIST,
	.argument = "PATH",
	.offset = offsetof(struct configuration, inputs.env_files),
	.help = "seal what a .env file sets (repeatable)"},
    {.name = "from-document",
	.kind = OPTION_STRING,
	.argument = "PATH",
	.offset = offsetof(struct configuration, inputs.document),
	.help = "seal the members of a JSON object, - for standard input"},
    {.name = "transit-key",
	.kind = OPTION_STRING,
	.argument = "[MOUNT/]NAME",
	.offset = offsetof(struct configuration, transit_key),
	.help = "Transit key (default what an existing Secret says)"},
    {.name = "layout",
	.kind = OPTION_STRING,
	.argument = "per-key|document",
	.offset = offsetof(struct configuration, layout),
	.help = "a data key for each value, or one for a JSON object of all (default per-key)"},
    {.name = "data-key",
	.kind = OPTION_STRING,
	.argument = "NAME",
	.offset = offsetof(struct configuration, data_key),
	.help = "the document's data key (default " SEAL_DOCUMENT_KEY ")"},
    {.name = "scope",
	.kind = OPTION_STRING,
	.argument = "SCOPE",
	.offset = offsetof(struct configuration, scope),
	.help = "with a derived key: bind to strict (default), namespace-wide or cluster-wide"},
    {.name = "dry-run",
	.kind = OPTION_STRING,
	.argument = "none|client",
	.offset = offsetof(struct configuration, dry_run),
	.help = "client: print the manifest, do not write the Secret"},
    {.name = "output",
	.letter = 'o',
	.kind = OPTION_STRING,
	.argument = "name|yaml|json",
	.offset = offsetof(struct configuration, output),
	.help = "what to print (default name; yaml with --dry-run=client)"},
    {.name = "no-verify",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, no_verify),
	.help = "do not decrypt once what was sealed (for a policy that may only encrypt)"},
    VAULT_OPTIONS(struct configuration),
    KUBE_OPTIONS(struct configuration),
    COMMON_OPTIONS(struct configuration, "60s", "4"),
    {.name = NULL},
};

static const struct options options = {
    .program = "secret-seal",
    .prefix = "SECRET_SEAL",
    .synopsis = "secret-seal [OPTIONS] --from-...  NAME",
    .description =
	"Encrypt values with Vault Transit and keep the ciphertext in the Secret NAME: a new one,\n"
	"or an existing sealed one, whose other data keys stay as they are.",
    .table = table,
};

/* Whether `text` is the second of two words, the first being the default. */
static int choose(const char *option, const char *text, const char *first, const char *second,
    bool *is_second, struct error *err)
{
	*is_second = text && strcmp(text, second) == 0;
	if (!text || *is_second || strcmp(text, first) == 0)
		return 0;
	return error_set(
	    err, ERROR_USAGE, "%s \"%s\": write %s or %s", option, text, first, second);
}

enum output { OUTPUT_NAME, OUTPUT_YAML, OUTPUT_JSON };

static int choose_output(const char *text, bool manifest, enum output *output, struct error *err)
{
	static const char *const words[] = {"name", "yaml", "json"};

	*output = manifest ? OUTPUT_YAML : OUTPUT_NAME;
	if (!text)
		return 0;
	for (int i = 0; i < 3; i++)
		if (strcmp(text, words[i]) == 0) {
			*output = (enum output)i;
			return 0;
		}
	return error_set(err, ERROR_USAGE, "--output \"%s\": write name, yaml or json", text);
}

static int print(const struct seal_outcome *outcome, enum output output, struct error *err)
{
	static const char *const changes[] = {"sealed (dry run)", "created", "updated"};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	int result = 0;

	if (output == OUTPUT_NAME)
		result = secret_buffer_append_format(
		    &text, err, "secret/%s %s\n", outcome->secret.name, changes[outcome->change]);
	else if (output == OUTPUT_YAML)
		result = sealed_manifest_yaml(&outcome->secret, &text, err);
	else if (kube_secret_write_json(&outcome->secret, &text, err) < 0 ||
		 secret_buffer_append_string(&text, "\n", err) < 0)
		result = -1;
	if (result < 0)
		return -1;
	if (fwrite(text.data, 1, text.length, stdout) != text.length || fflush(stdout) != 0)
		return error_system(err, "standard output");
	return 0;
}

static int read_values(const struct configuration *configuration, bool document,
    struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const char *key = configuration->data_key ? configuration->data_key : SEAL_DOCUMENT_KEY;

	if (!inputs_given(&configuration->inputs))
		return error_set(err, ERROR_USAGE,
		    "nothing to seal: give --from-literal, --from-file, --from-env-file or "
		    "--from-document");
	if (!document && configuration->data_key)
		return error_set(err, ERROR_USAGE, "--data-key goes with --layout document");
	if (!document) {
		if (inputs_read(&configuration->inputs, values, err) < 0)
			return -1;
		if (values->count == 0)
			return error_set(
			    err, ERROR_INVALID, "nothing to seal: what was given holds no value");
		return 0;
	}
	if (inputs_read_document(&configuration->inputs, &text, err) < 0)
		return -1;
	return variables_add(values, key, &text, "the document", err);
}

static int run(const struct configuration *configuration, const char *name, struct error *err)
{
	struct seal_settings settings = {.vault = configuration->vault,
	    .session = configuration->session,
	    .kube = configuration->kube,
	    .name = name,
	    .transit_key = configuration->transit_key,
	    .scope = configuration->scope,
	    .no_verify = configuration->no_verify,
	    .whole_document = configuration->inputs.document != NULL};
	struct variables values = {NULL, 0, 0};
	struct seal_outcome outcome = {0};
	enum output output;

	if (choose("--layout", configuration->layout, "per-key", "document", &settings.document,
		err) < 0 ||
	    choose("--dry-run", configuration->dry_run, "none", "client", &settings.offline, err) <
		0 ||
	    choose_output(configuration->output, settings.offline, &output, err) < 0)
		return -1;
	struct http_client *client =
	    http_client_new(clock_now_ms() + configuration->program.timeout_ms, err);
	if (!client)
		return -1;
	int result = read_values(configuration, settings.document, &values, err);
	if (result == 0)
		result = seal(client, &settings, &values, &outcome, err);
	if (result == 0)
		result = print(&outcome, output, err);
	seal_outcome_free(&outcome);
	variables_free(&values);
	http_client_free(client);
	return result;
}

int main(int argc, char **argv)
{
	static struct configuration configuration = {
	    .session = VAULT_SESSION_DEFAULTS, .program = {.timeout_ms = 60000, .retries = 4}};
	struct error err = ERROR_INIT;
	char **names;
	int count, status = program_start(&options, &configuration, &configuration.program,
		       STATUS_USAGE, argc, argv, &names, &count);

	if (status >= 0)
		return status;
	if (count != 1) {
		error_set(&err, ERROR_USAGE, "%s: see secret-seal --help",
		    count ? "one Secret at a time: NAME is given more than once"
			  : "no Secret: its NAME is missing");
		return program_fail(&err, STATUS_USAGE);
	}
	if (program_complete_connection(&configuration.program, &configuration.vault,
		&configuration.session, &configuration.kube, &err) < 0 ||
	    run(&configuration, names[0], &err) < 0)
		return program_fail(&err, err.code == ERROR_USAGE ? STATUS_USAGE : STATUS_FAILED);
	return 0;
}
