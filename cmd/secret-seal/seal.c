/* seal: encrypt values into a Secret, or into its manifest. */
#include <stdio.h>
#include <string.h>

#include "cmd/secret-seal/command.h"
#include "cmd/secret-seal/manifest_files.h"
#include "cmd/secret-seal/print_config.h"
#include "lib/manifest/manifest.h"
#include "lib/seal/inputs.h"
#include "lib/seal/kv_inputs.h"
#include "lib/seal/manifest_secret.h"
#include "lib/seal/seal.h"
#include "lib/sealed/sealed.h"

struct configuration {
	struct command_connection connection;
	struct inputs inputs;
	struct seal_changes changes;
	struct strings labels, annotations, manifests;
	const char *transit_key, *scope, *layout, *data_key, *type, *dry_run, *output;
	int64_t key_version;
	bool create_key, immutable, adopt, no_verify, in_place, recursive, allow_encrypted,
	    print_config;
};

static struct configuration configuration = {.connection = CONNECTION_DEFAULTS};

static const struct option_spec table[] = {
    {.section = "Values",
	.usual = true,
	.name = "from-literal",
	.kind = OPTION_LIST,
	.argument = "NAME=VALUE",
	.content = CONTENT_SECRET,
	.offset = offsetof(struct configuration, inputs.literals),
	.help = "seal a value (repeatable; visible in the list of processes)"},
    {.usual = true,
	.name = "from-file",
	.kind = OPTION_LIST,
	.argument = "[NAME=]PATH",
	.offset = offsetof(struct configuration, inputs.files),
	.help = "seal a file's bytes, - for standard input (repeatable)"},
    {.usual = true,
	.name = "from-env-file",
	.kind = OPTION_LIST,
	.argument = "PATH",
	.offset = offsetof(struct configuration, inputs.env_files),
	.help = "seal the variables of a .env file (repeatable)"},
    {.name = "from-document",
	.kind = OPTION_STRING,
	.argument = "PATH",
	.offset = offsetof(struct configuration, inputs.document),
	.help = "seal the members of a JSON or YAML object, - for standard input"},
    {.name = "from-vault",
	.kind = OPTION_LIST,
	.argument = "[NAME=]PATH[#KEY]",
	.offset = offsetof(struct configuration, inputs.kv),
	.help = "seal a key of a KV secret in Vault, or all of its keys (repeatable)"},
    {.usual = true,
	.name = "prompt",
	.kind = OPTION_LIST,
	.argument = "NAME",
	.offset = offsetof(struct configuration, inputs.prompts),
	.help = "ask for a value on the terminal, twice, without showing it (repeatable)"},
    {.name = "generate",
	.kind = OPTION_LIST,
	.argument = "NAME=LENGTH[:CLASS]",
	.offset = offsetof(struct configuration, inputs.generated),
	.help =
	    "seal a new random value: alnum, lower, digits, hex, base64, base64url, ascii, bytes"},
    {.section = "Values in manifests",
	.usual = true,
	.name = "filename",
	.letter = 'f',
	.kind = OPTION_LIST,
	.argument = "FILE",
	.offset = offsetof(struct configuration, manifests),
	.help = "seal all Secrets in a manifest, a folder or standard input (-), instead of NAME "
		"(repeatable)"},
    {.name = "recursive",
	.letter = 'R',
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, recursive),
	.help = "with a folder: include the folders in it"},
    {.usual = true,
	.name = "in-place",
	.letter = 'i',
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, in_place),
	.help = "change the manifest files themselves, and only their plaintext"},
    {.section = "Changing an existing Secret",
	.name = "set",
	.kind = OPTION_LIST,
	.argument = "NAME=VALUE",
	.content = CONTENT_SECRET,
	.offset = offsetof(struct configuration, inputs.literals),
	.help = "the same as --from-literal"},
    {.usual = true,
	.name = "unset",
	.kind = OPTION_LIST,
	.argument = "NAME",
	.offset = offsetof(struct configuration, changes.unset),
	.help = "remove a value (repeatable)"},
    {.name = "rename",
	.kind = OPTION_LIST,
	.argument = "OLD=NEW",
	.offset = offsetof(struct configuration, changes.renamed),
	.help = "rename a value (repeatable)"},
    {.name = "adopt",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, adopt),
	.help = "also seal the plaintext values of an existing Secret"},
    {.section = "Sealing",
	.usual = true,
	TRANSIT_KEY_OPTION("a rule for the file, or the annotation of an existing Secret")},
    {.name = "key-version",
	.kind = OPTION_NUMBER,
	.argument = "N",
	.offset = offsetof(struct configuration, key_version),
	.help = "version of the Transit key (default the latest)"},
    {.usual = true,
	.name = "create-key",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, create_key),
	.help = "create the Transit key if it is missing: derived, not exportable"},
    {.name = "scope",
	.kind = OPTION_STRING,
	.argument = "SCOPE",
	.offset = offsetof(struct configuration, scope),
	.help = "with a derived key: strict (default), namespace-wide or cluster-wide"},
    {ALLOW_ENCRYPTED_OPTION},
    {.name = "no-verify",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, no_verify),
	.help = "do not decrypt the result (for a policy that may only encrypt)"},
    {.section = "The Secret",
	.name = "layout",
	.kind = OPTION_STRING,
	.argument = "per-key|document",
	.offset = offsetof(struct configuration, layout),
	.help = "a data key for each value (default), or one JSON object of all values"},
    {.name = "data-key",
	.kind = OPTION_STRING,
	.argument = "NAME",
	.offset = offsetof(struct configuration, data_key),
	.help = "data key of the document (default " SEAL_DOCUMENT_KEY ")"},
    {.name = "type",
	.kind = OPTION_STRING,
	.argument = "TYPE",
	.offset = offsetof(struct configuration, type),
	.help = "type of a new Secret (default Opaque)"},
    {.name = "label",
	.kind = OPTION_LIST,
	.argument = "NAME=VALUE",
	.offset = offsetof(struct configuration, labels),
	.help = "set a label (repeatable)"},
    {.name = "annotation",
	.kind = OPTION_LIST,
	.argument = "NAME=VALUE",
	.offset = offsetof(struct configuration, annotations),
	.help = "set an annotation (repeatable)"},
    {.name = "immutable",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, immutable),
	.help = "create a new immutable Secret called NAME-SUFFIX"},
    {.section = "Output",
	.usual = true,
	.name = "dry-run",
	.kind = OPTION_STRING,
	.argument = "none|client|server",
	.offset = offsetof(struct configuration, dry_run),
	.help = "write nothing; client: print the manifest; server: let the API server check it"},
    {.name = "output",
	.letter = 'o',
	.kind = OPTION_STRING,
	.argument = "name|yaml|json",
	.offset = offsetof(struct configuration, output),
	.help = "output (default name; yaml with --dry-run=client)"},
    {PRINT_CONFIG_OPTION(struct configuration)},
    CONNECTION_OPTIONS,
    {.name = NULL},
};

static struct option_origin origins[sizeof(table) / sizeof(table[0])];
static const struct options options = {
    .synopsis = "[OPTIONS] --from-... NAME\n[OPTIONS] -f FILE|FOLDER",
    .description =
	"Encrypt values with Vault Transit and keep the ciphertext in the Secret NAME, which is new\n"
	"or was sealed before; its other data keys do not change.  With -f, seal the Secrets in\n"
	"manifests: write them to the Kubernetes API, print them, or change the files.",
    .table = table,
    .origins = origins,
};

static int choose_layout(enum seal_layout *layout, struct error *err)
{
	static const char *const words[] = {"per-key", "document", NULL};
	int index = command_choose("--layout", configuration.layout, words, -1, err);

	*layout = index < 0 ? LAYOUT_AS_IS : index == 0 ? LAYOUT_PER_KEY : LAYOUT_DOCUMENT;
	return err->code == ERROR_NONE ? 0 : -1;
}

static int choose_dry_run(enum seal_dry_run *dry_run, struct error *err)
{
	static const char *const words[] = {"none", "client", "server", NULL};
	int index = command_choose("--dry-run", configuration.dry_run, words, DRY_RUN_NONE, err);

	*dry_run = (enum seal_dry_run)index;
	return index < 0 ? -1 : 0;
}

enum output { OUTPUT_NAME, OUTPUT_YAML, OUTPUT_JSON };

static int choose_output(enum seal_dry_run dry_run, enum output *output, struct error *err)
{
	static const char *const words[] = {"name", "yaml", "json", NULL};
	int index = command_choose("--output", configuration.output, words,
	    dry_run == DRY_RUN_CLIENT ? OUTPUT_YAML : OUTPUT_NAME, err);

	*output = (enum output)index;
	return index < 0 ? -1 : 0;
}

static int print_outcome(const struct seal_outcome *outcome, enum seal_dry_run dry_run,
    enum output output, struct error *err)
{
	static const char *const changes[] = {"sealed", "created", "updated"};
	static const char *const dry_runs[] = {"", " (dry run)", " (server dry run)"};
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	int result = 0;

	if (output == OUTPUT_NAME)
		result = secret_buffer_append_format(&text, err, "secret/%s %s%s\n",
		    outcome->secret.name, changes[outcome->change], dry_runs[dry_run]);
	else if (output == OUTPUT_YAML)
		result = manifest_write(&outcome->secret, &text, err);
	else if (kube_secret_write_json(&outcome->secret, &text, err) < 0 ||
		 secret_buffer_append_string(&text, "\n", err) < 0)
		result = -1;
	return result < 0 ? -1 : command_print(&text, err);
}

/* Read a whole document in the document layout, otherwise values. */
static int read_values(enum seal_layout layout, struct seal_changes *changes, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	changes->whole_document = layout == LAYOUT_DOCUMENT && configuration.inputs.document;
	if (!changes->whole_document)
		return inputs_read(&configuration.inputs, &changes->values, &changes->members, err);
	if (inputs_read_document(&configuration.inputs, &text, err) < 0)
		return -1;
	return variables_add(
	    &changes->values, SEAL_DOCUMENT_KEY, &text, configuration.inputs.document, err);
}

/* Check the options for a Secret of the API. */
static int check_options(const struct seal_settings *settings, int count, struct error *err)
{
	const struct seal_changes *changes = &configuration.changes;
	bool changing = changes->unset.count || changes->renamed.count || settings->adopt;

	if (count == 0)
		return error_set(err, ERROR_USAGE, "NAME: missing; see secret-seal --help");
	if (count > 1)
		return error_set(
		    err, ERROR_USAGE, "NAME: more than one; seal one Secret at a time");
	if (configuration.in_place || configuration.recursive)
		return error_set(err, ERROR_USAGE, "%s: only with -f",
		    configuration.in_place ? "--in-place" : "--recursive");
	if (!inputs_given(&configuration.inputs) && !changing)
		return error_set(err, ERROR_USAGE,
		    "nothing to seal; pass --from-literal, --from-file, --from-env-file, "
		    "--from-document, --from-vault, --prompt or --generate");
	if (settings->layout == LAYOUT_PER_KEY && settings->data_key)
		return error_set(err, ERROR_USAGE, "--data-key: only for --layout document");
	if (changing && (settings->immutable || settings->dry_run == DRY_RUN_CLIENT))
		return error_set(err, ERROR_USAGE,
		    "--unset, --rename and --adopt change an existing Secret, and cannot be used with %s",
		    settings->immutable ? "--immutable" : "--dry-run=client");
	return 0;
}

static bool has_changes(void)
{
	const struct seal_changes *changes = &configuration.changes;

	return inputs_given(&configuration.inputs) || changes->unset.count ||
	       changes->renamed.count;
}

static int refuse_no_values(struct error *err)
{
	return error_set(err, ERROR_INVALID, "nothing to seal, because the inputs have no values");
}

/* Read the values of --from-vault, once. */
static int read_kv_values(struct seal_session *session, struct error *err)
{
	struct strings *references = &configuration.inputs.kv;
	struct variables *values = &configuration.changes.values;
	bool given = references->count > 0;

	if (kv_inputs_read(session, references, values, err) < 0)
		return -1;
	strings_free(references);
	return given && values->count == 0 ? refuse_no_values(err) : 0;
}

/* Seal the changes in a new session, in `file` or, if it is NULL, in the API. */
static int seal_once(const struct seal_settings *settings, const char *file,
    struct seal_outcome *outcome, struct error *err)
{
	const struct seal_changes *changes = &configuration.changes;
	struct seal_session_settings session_settings = command_session_settings(
	    &configuration.connection, file || settings->dry_run == DRY_RUN_CLIENT);
	struct seal_session session;

	if (seal_session_begin(&session, &session_settings, err) < 0)
		return -1;
	int result = read_kv_values(&session, err);
	if (result == 0)
		result = file
			     ? manifest_secret_seal(&session, settings, file, changes, outcome, err)
			     : seal(&session, settings, changes, outcome, err);
	seal_session_end(&session);
	return result;
}

/*
 * Ask for prompted values, after all checks with empty values.  No Vault token exists during the
 * prompts.
 */
static int ask_values(const struct seal_settings *settings, const char *file, struct error *err)
{
	struct seal_settings checking = *settings;
	struct seal_outcome outcome = {0};

	if (configuration.inputs.prompts.count == 0)
		return 0;
	checking.check_only = true;
	int result = seal_once(&checking, file, &outcome, err);
	seal_outcome_free(&outcome);
	if (result < 0)
		return -1;
	return inputs_ask(&configuration.inputs, &configuration.changes.values, err);
}

static int seal_values(
    const struct seal_settings *settings, const char *file, enum output output, struct error *err)
{
	struct seal_changes *changes = &configuration.changes;
	struct seal_outcome outcome = {0};

	if (read_values(settings->layout, changes, err) < 0)
		return -1;
	if (inputs_given(&configuration.inputs) && configuration.inputs.kv.count == 0 &&
	    changes->values.count == 0)
		return refuse_no_values(err);
	if (ask_values(settings, file, err) < 0)
		return -1;
	int result = seal_once(settings, file, &outcome, err);
	if (result == 0)
		result = print_outcome(&outcome, settings->dry_run, output, err);
	seal_outcome_free(&outcome);
	return result;
}

/* Reject options that manifests set themselves, and options that cannot be combined. */
static int check_manifests(const struct seal_settings *settings, int count, struct error *err)
{
	if (settings->type || settings->immutable)
		return error_set(err, ERROR_USAGE,
		    "--type and --immutable cannot be used with -f; set them in the manifest");
	if (configuration.in_place && (configuration.output || configuration.dry_run))
		return error_set(err, ERROR_USAGE,
		    "--in-place cannot be used with --output or --dry-run; leave them out");
	if (configuration.in_place && strings_contain(&configuration.manifests, "-"))
		return error_set(
		    err, ERROR_USAGE, "--in-place cannot change standard input; name a file");
	if (!has_changes() && (count > 0 || settings->data_key))
		return error_set(err, ERROR_USAGE,
		    "-f seals all Secrets in the manifests; leave out NAME and --data-key");
	if (has_changes() &&
	    (!configuration.in_place || configuration.manifests.count > 1 || count > 1))
		return error_set(err, ERROR_USAGE,
		    "-f sets values in one Secret of one file; add --in-place, and name one file");
	return 0;
}

/* Reject --adopt without the API, because all plaintext in manifests is sealed anyway. */
static int check_adopt(
    const struct seal_settings *settings, enum manifests_target target, struct error *err)
{
	if (!settings->adopt || target == MANIFESTS_TO_API)
		return 0;
	return error_set(err, ERROR_USAGE,
	    "--adopt is for Secrets in the Kubernetes API; leave it out with -f and %s",
	    target == MANIFESTS_IN_PLACE ? "--in-place" : "--output yaml or --dry-run=client");
}

/* Set *target from the options.  --output yaml and --dry-run=client print the text of manifests. */
static int choose_target(
    enum seal_dry_run dry_run, enum output output, enum manifests_target *target, struct error *err)
{
	*target = configuration.in_place  ? MANIFESTS_IN_PLACE
		  : output == OUTPUT_YAML ? MANIFESTS_TO_STDOUT
					  : MANIFESTS_TO_API;
	if (configuration.in_place || (output == OUTPUT_YAML && dry_run != DRY_RUN_SERVER) ||
	    (output == OUTPUT_NAME && dry_run != DRY_RUN_CLIENT))
		return 0;
	if (output == OUTPUT_JSON)
		return error_set(err, ERROR_USAGE,
		    "-f: --output json is refused, because several manifests are not one JSON text; "
		    "use --output yaml, which prints each in its own format");
	return error_set(err, ERROR_USAGE, "-f: leave out --output; --dry-run=%s",
	    dry_run == DRY_RUN_SERVER ? "server prints a line for each Secret"
				      : "client prints the manifests");
}

static int seal_manifests(
    const struct seal_settings *settings, enum output output, int count, struct error *err)
{
	enum manifests_target target;

	if (check_manifests(settings, count, err) < 0 ||
	    choose_target(settings->dry_run, output, &target, err) < 0 ||
	    check_adopt(settings, target, err) < 0)
		return -1;
	if (has_changes())
		return seal_values(settings, configuration.manifests.items[0], output, err);
	return manifest_files_seal(&configuration.connection, settings, &configuration.manifests,
	    configuration.recursive, target, err);
}

static int print_settings(enum output output, struct error *err)
{
	struct print_config_settings settings = {.options = &options,
	    .connection = &configuration.connection,
	    .offline = configuration.in_place || output == OUTPUT_YAML,
	    .force_foreign = configuration.allow_encrypted,
	    .transit_key = configuration.transit_key,
	    .scope = configuration.scope,
	    .layout = configuration.layout};
	struct strings files = {0};
	int result =
	    manifest_files_list(&configuration.manifests, configuration.recursive, &files, err);

	settings.files = &files;
	if (result == 0)
		result = print_config(&settings, err);
	strings_free(&files);
	return result;
}

static int run_seal(char **operands, int count, struct error *err)
{
	struct seal_settings settings = {.name = operands[0],
	    .transit_key = configuration.transit_key,
	    .scope = configuration.scope,
	    .key_version = configuration.key_version,
	    .data_key = configuration.data_key,
	    .type = configuration.type,
	    .labels = &configuration.labels,
	    .annotations = &configuration.annotations,
	    .immutable = configuration.immutable,
	    .adopt = configuration.adopt,
	    .create_key = configuration.create_key,
	    .force_foreign = configuration.allow_encrypted,
	    .no_verify = configuration.no_verify,
	    .must_exist = !inputs_given(&configuration.inputs)};
	enum output output;

	if (choose_layout(&settings.layout, err) < 0 ||
	    choose_dry_run(&settings.dry_run, err) < 0 ||
	    choose_output(settings.dry_run, &output, err) < 0)
		return -1;
	if (configuration.print_config)
		return print_settings(output, err);
	if (settings.create_key && settings.dry_run)
		return error_set(err, ERROR_USAGE,
		    "--create-key cannot be used with --dry-run=%s; create the key first",
		    settings.dry_run == DRY_RUN_SERVER ? "server" : "client");
	if (!configuration.manifests.count && check_options(&settings, count, err) < 0)
		return -1;
	int result = configuration.manifests.count ? seal_manifests(&settings, output, count, err)
						   : seal_values(&settings, NULL, output, err);
	seal_changes_free(&configuration.changes);
	return result;
}

const struct command seal_command = {.name = "seal",
    .summary = "seal values in a new or an existing Secret (the default)",
    .options = &options,
    .connection = &configuration.connection,
    .run = run_seal};
