#include "cmd/secret-rotate/configuration.h"

#include <string.h>

#include "cmd/connection_options.h"

static const struct option_spec table[] = {
    {.section = "What is done",
	.name = "phase",
	.kind = OPTION_STRING,
	.argument = "PHASE",
	.offset = offsetof(struct configuration, phase),
	.help = "rotate, rewrap, verify or retire alone (default all: the first three)"},
    {.name = "min-age",
	.kind = OPTION_DURATION,
	.argument = "TIME",
	.offset = offsetof(struct configuration, min_age_ms),
	.help = "rotate no key whose newest version is younger, such as 24h"},
    {.name = "dry-run",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, dry_run),
	.help = "say what would be done, and change nothing"},
    {.name = "retire",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, retire),
	.help = "let Vault refuse old versions at the end, once nothing in any namespace needs "
		"them"},
    {.name = "keep-versions",
	.kind = OPTION_NUMBER,
	.argument = "N",
	.offset = offsetof(struct configuration, keep_versions),
	.help = "of each key, when others are retired (default 2)"},
    {.name = "trim",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, trim),
	.help = "also delete the versions that are retired, for ever"},
    {.name = "retire-namespaces",
	.deprecated = "i-know-namespaces",
	.kind = OPTION_LIST,
	.argument = "NAME",
	.offset = offsetof(struct configuration, retire_namespaces),
	.help = "look at these namespaces alone before retiring: no other has Secrets of the keys"},
    {.section = "Which Secrets",
	.name = "all-namespaces",
	.letter = 'A',
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, all_namespaces),
	.help = "look at the sealed Secrets of all namespaces"},
    {.name = "selector",
	.letter = 'l',
	.kind = OPTION_STRING,
	.argument = "LABELS",
	.offset = offsetof(struct configuration, selector),
	.help = "those with these labels in addition"},
    {.name = "all-secrets",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, all_secrets),
	.help = "also those without the label: by the bytes of their values"},
    {.name = "name",
	.kind = OPTION_LIST,
	.argument = "[NAMESPACE/]NAME",
	.offset = offsetof(struct configuration, names),
	.help = "these Secrets alone, labelled or not"},
    {.name = "data-key",
	.kind = OPTION_LIST,
	.argument = "KEY",
	.offset = offsetof(struct configuration, data_keys),
	.help = "these data keys alone"},
    {.name = "transit-key",
	.kind = OPTION_STRING,
	.argument = "[MOUNT/]NAME",
	.offset = offsetof(struct configuration, transit_key),
	.help = "this Transit key alone (default each that a sealed Secret names)"},
    {.name = "shard",
	.kind = OPTION_STRING,
	.argument = "[I]/N",
	.offset = offsetof(struct configuration, shard),
	.help = "the I-th of N parts, from 0, with --phase rewrap or verify (default I "
		"$" SECRET_SHARD_VARIABLE ")"},
    {.name = "files",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, files),
	.help = "manifests in the files and folders PATH instead, in place: Vault alone is asked"},
    {.section = "What is told",
	.name = "output",
	.letter = 'o',
	.kind = OPTION_STRING,
	.argument = "text|json",
	.offset = offsetof(struct configuration, output),
	.help = "the summary, on standard output"},
    {.name = "metrics-file",
	.kind = OPTION_STRING,
	.argument = "PATH",
	.offset = offsetof(struct configuration, metrics_file),
	.help = "a file of metrics to write at the end, for Prometheus's node_exporter"},
    VAULT_OPTIONS(struct configuration),
    KUBE_OPTIONS(struct configuration),
    COMMON_OPTIONS(struct configuration, "1h", "4"),
    COMPLETION_OPTION(struct configuration),
    {.name = NULL},
};

#define WITHOUT_LEASE                                                                              \
	"concurrent runs lose nothing; set concurrencyPolicy: Forbid in the CronJob to avoid them"
static const struct option_removed removed[] = {
    {"lease", WITHOUT_LEASE},
    {"no-lease", WITHOUT_LEASE},
    {"no-event", "see the Job's status, its log, or the file of --metrics-file"},
    {"restart-annotated",
	"a rotation changes no plaintext; to restart a workload, use kubectl rollout restart"},
    {"replace-immutable",
	"an immutable Secret is reported; seal a new one with secret-seal and delete the old one"},
    {NULL, NULL},
};

const struct options secret_rotate_options = {
    .program = "secret-rotate",
    .prefix = "SECRET_ROTATE",
    .synopsis = "secret-rotate [OPTIONS]\n       secret-rotate --files [OPTIONS] PATH...",
    .description =
	"Rotate Transit keys, then rewrap every Secret labelled secretmanager/sealed=true to the\n"
	"newest version. Plaintext never leaves Vault; what can't be done is said, and the exit\n"
	"status is 1. It can be ended anywhere and run again.",
    .table = table,
    .removed = removed,
};

static int check_retirement(const struct configuration *configuration,
    const struct rotate_settings *settings, struct error *err)
{
	bool retires = settings->retire || settings->phase == ROTATE_RETIRE;

	if (settings->retire && settings->phase != ROTATE_ALL && settings->phase != ROTATE_RETIRE)
		return error_set(err, ERROR_USAGE,
		    "--retire follows all other phases: leave out --phase, or use --phase retire");
	if (!retires &&
	    (configuration->trim || configuration->keep_versions != ROTATE_KEEP_VERSIONS ||
		configuration->retire_namespaces.count))
		return error_set(err, ERROR_USAGE,
		    "--keep-versions, --trim and --retire-namespaces are about retiring: add "
		    "--retire");
	if (configuration->keep_versions < 1)
		return error_set(err, ERROR_USAGE, "--keep-versions: the newest has to stay");
	return 0;
}

static int check_shard(
    const struct configuration *configuration, struct rotate_settings *settings, struct error *err)
{
	if (!is_set(configuration->shard))
		return 0;
	if (settings->phase != ROTATE_REWRAP && settings->phase != ROTATE_VERIFY)
		return error_set(err, ERROR_USAGE,
		    "--shard: several runs would each rotate the keys: rotate first with --phase "
		    "rotate, and give the shards --phase rewrap");
	return secret_shard_parse(configuration->shard, &settings->filter.shard, err);
}

static int check_output(const struct configuration *configuration, struct error *err)
{
	const char *output = configuration->output;

	if (!is_set(output) || strcmp(output, "text") == 0 || strcmp(output, "json") == 0)
		return 0;
	return error_set(err, ERROR_USAGE, "--output \"%s\": write text or json", output);
}

int configuration_settings(
    const struct configuration *configuration, struct rotate_settings *settings, struct error *err)
{
	*settings = (struct rotate_settings){.vault = configuration->vault,
	    .session = configuration->session,
	    .kube = configuration->kube,
	    .filter = {.all_namespaces = configuration->all_namespaces,
		.all_secrets = configuration->all_secrets,
		.selector = configuration->selector,
		.names = &configuration->names,
		.data_keys = &configuration->data_keys},
	    .transit_key = is_set(configuration->transit_key) ? configuration->transit_key : NULL,
	    .min_age_ms = configuration->min_age_ms,
	    .dry_run = configuration->dry_run,
	    .retire = configuration->retire,
	    .trim = configuration->trim,
	    .keep_versions = configuration->keep_versions,
	    .retire_namespaces = &configuration->retire_namespaces};
	if (is_set(configuration->phase) &&
	    rotate_phase_parse(configuration->phase, &settings->phase) < 0)
		return error_set(err, ERROR_USAGE,
		    "--phase \"%s\": write rotate, rewrap, verify, retire or all",
		    configuration->phase);
	if (configuration->all_namespaces && configuration->kube.namespace)
		return error_set(
		    err, ERROR_USAGE, "--namespace and --all-namespaces exclude each other");
	if (check_output(configuration, err) < 0 ||
	    check_retirement(configuration, settings, err) < 0)
		return -1;
	return check_shard(configuration, settings, err);
}

int configuration_check_files(const struct configuration *configuration, struct error *err)
{
	const struct {
		bool set;
		const char *name;
	} others[] = {
	    {configuration->all_namespaces, "all-namespaces"},
	    {configuration->all_secrets, "all-secrets"},
	    {is_set(configuration->selector), "selector"},
	    {configuration->names.count > 0, "name"},
	    {configuration->data_keys.count > 0, "data-key"},
	    {is_set(configuration->shard), "shard"},
	    {configuration->retire, "retire"},
	    {is_set(configuration->metrics_file), "metrics-file"},
	    {is_set(configuration->output), "output"},
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].set)
			return error_set(err, ERROR_USAGE, "--files and --%s exclude each other",
			    others[i].name);
	return 0;
}
