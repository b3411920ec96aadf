#include "cmd/secret-rotate/settings.h"

#include <string.h>

#include "cmd/connection_options.h"
#include "cmd/other_tools.h"

static const struct option_spec table[] = {
    {.section = "Actions",
	.usual = true,
	.name = "phase",
	.kind = OPTION_STRING,
	.argument = "PHASE",
	.offset = offsetof(struct rotate_configuration, phase),
	.help = "rotate, rewrap, verify, retire, or all (default): the first three, then --retire"},
    {.usual = true,
	.name = "min-age",
	.kind = OPTION_DURATION,
	.argument = "TIME",
	.offset = offsetof(struct rotate_configuration, min_age_ms),
	.help = "do not rotate a key whose newest version is younger, such as 24h"},
    {.usual = true,
	.name = "dry-run",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct rotate_configuration, dry_run),
	.help = "log what would be done, and change nothing"},
    {.usual = true,
	.name = "yes",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct rotate_configuration, yes),
	.help = "on a terminal, do not ask before the first change"},
    {.usual = true,
	.name = "retire",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct rotate_configuration, retire),
	.help = "at the end, let Vault refuse old versions that no namespace uses"},
    {.name = "keep-versions",
	.kind = OPTION_NUMBER,
	.argument = "N",
	.offset = offsetof(struct rotate_configuration, keep_versions),
	.help = "versions of each key that are not retired (default 2)"},
    {.name = "trim",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct rotate_configuration, trim),
	.help = "also delete the retired versions, which cannot be undone"},
    {.name = "retire-namespaces",
	.deprecated = "i-know-namespaces",
	.kind = OPTION_LIST,
	.names = true,
	.argument = "NAME",
	.offset = offsetof(struct rotate_configuration, retire_namespaces),
	.help =
	    "before retiring, look at these namespaces alone; no other has Secrets of the keys"},
    {.section = "Selection of Secrets",
	.usual = true,
	.name = "all-namespaces",
	.letter = 'A',
	.kind = OPTION_FLAG,
	.offset = offsetof(struct rotate_configuration, all_namespaces),
	.help = "sealed Secrets of all namespaces"},
    {.usual = true,
	.name = "selector",
	.letter = 'l',
	.kind = OPTION_STRING,
	.argument = "LABELS",
	.offset = offsetof(struct rotate_configuration, selector),
	.help = "only Secrets that also have these labels"},
    {.name = "all-secrets",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct rotate_configuration, all_secrets),
	.help = "also Secrets without the label, if they contain ciphertext"},
    {.usual = true,
	.name = "name",
	.kind = OPTION_LIST,
	.names = true,
	.argument = "[NAMESPACE/]NAME",
	.offset = offsetof(struct rotate_configuration, names),
	.help = "only these Secrets, labelled or not"},
    {.name = "data-key",
	.kind = OPTION_LIST,
	.names = true,
	.argument = "KEY",
	.offset = offsetof(struct rotate_configuration, data_keys),
	.help = "only these data keys"},
    {.usual = true,
	.name = "transit-key",
	.kind = OPTION_STRING,
	.argument = "[MOUNT/]NAME",
	.offset = offsetof(struct rotate_configuration, transit_key),
	.help = "only this Transit key (default each named by a sealed Secret)"},
    {.name = "shard",
	.kind = OPTION_STRING,
	.argument = "[I]/N",
	.offset = offsetof(struct rotate_configuration, shard),
	.help = "part I of N, from 0, with --phase rewrap or verify (default I is "
		"$" SECRET_SHARD_VARIABLE ")"},
    {.usual = true,
	.name = "files",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct rotate_configuration, files),
	.help = "rewrap manifests in the files and folders PATH in place, without a cluster"},
    {.section = "Output",
	.usual = true,
	.name = "output",
	.letter = 'o',
	.kind = OPTION_STRING,
	.argument = "text|json",
	.offset = offsetof(struct rotate_configuration, output),
	.help = "format of the summary on standard output"},
    {.name = "metrics-file",
	.kind = OPTION_STRING,
	.argument = "PATH",
	.offset = offsetof(struct rotate_configuration, metrics_file),
	.help = "write metrics for Prometheus's node_exporter to this file at the end"},
    VAULT_OPTIONS(struct rotate_configuration),
    KUBE_OPTIONS(struct rotate_configuration),
    COMMON_OPTIONS(struct rotate_configuration, "1h", "4"),
    COMPLETION_OPTION(struct rotate_configuration),
    {.name = NULL},
};

#define WITHOUT_LEASE "set concurrencyPolicy: Forbid in the CronJob; concurrent runs lose nothing"
static const struct option_removed removed[] = {
    {"lease", WITHOUT_LEASE},
    {"no-lease", WITHOUT_LEASE},
    {"no-event", "see the Job's status, its log, or the file of --metrics-file"},
    {"restart-annotated",
	"to restart a workload, use kubectl rollout restart; a rotation changes no plaintext"},
    {"replace-immutable",
	"seal a new Secret with secret-seal and delete the immutable one, which is reported"},
    {NULL, NULL},
};

/* Options of sops, kubectl and others. */
static const struct option_other other_options[] = {
    CONNECTION_OTHERS,
    {"secret", "name", NULL},
    {"key", "transit-key", NULL},
    {"label,labels", "selector", NULL},
    {"path,filename,file,in-place,inplace", "files", NULL},
    {"format", "output", NULL},
    {"check", NULL, "use --phase verify"},
    {"delete", "trim", NULL},
    {"force,confirm,assume-yes,auto-approve", "yes", NULL},
    {"min-decryption-version", NULL, "use --retire, with --keep-versions"},
    {NULL, NULL, NULL},
};

const struct options secret_rotate_options = {
    .program = "secret-rotate",
    .prefix = "SECRET_ROTATE",
    .synopsis = "secret-rotate [OPTIONS]\n       secret-rotate --files [OPTIONS] PATH...",
    .description =
	"Rotate Transit keys, then rewrap every Secret labelled secretmanager/sealed=true to the\n"
	"newest version. Plaintext never leaves Vault. Secrets that cannot be rewrapped are\n"
	"reported, with exit status 1. A run can be ended at any time and run again.",
    .table = table,
    .removed = removed,
    .others = other_options,
};

static int check_retirement(const struct rotate_configuration *configuration,
    const struct rotate_settings *settings, struct error *err)
{
	bool retires = settings->retire || settings->phase == ROTATE_RETIRE;

	if (settings->retire && settings->phase != ROTATE_ALL && settings->phase != ROTATE_RETIRE)
		return error_set(err, ERROR_USAGE,
		    "--retire cannot be used with this --phase; omit --phase, or pass --phase retire");
	if (!retires &&
	    (configuration->trim || configuration->keep_versions != ROTATE_KEEP_VERSIONS ||
		configuration->retire_namespaces.count))
		return error_set(err, ERROR_USAGE,
		    "--keep-versions, --trim and --retire-namespaces need --retire");
	if (configuration->keep_versions < 1)
		return error_set(err, ERROR_USAGE, "--keep-versions: must be at least 1");
	return 0;
}

static int check_shard(const struct rotate_configuration *configuration,
    struct rotate_settings *settings, struct error *err)
{
	if (!is_set(configuration->shard))
		return 0;
	if (settings->phase != ROTATE_REWRAP && settings->phase != ROTATE_VERIFY)
		return error_set(err, ERROR_USAGE,
		    "--shard: each run would rotate the keys; run --phase rotate first, then the "
		    "shards with --phase rewrap");
	return secret_shard_parse(configuration->shard, &settings->filter.shard, err);
}

static int check_output(const struct rotate_configuration *configuration, struct error *err)
{
	const char *output = configuration->output;

	if (!is_set(output) || strcmp(output, "text") == 0 || strcmp(output, "json") == 0)
		return 0;
	return error_set(
	    err, ERROR_USAGE, "--output \"%s\": not valid; write text or json", output);
}

int rotate_configuration_settings(const struct rotate_configuration *configuration,
    struct rotate_settings *settings, struct error *err)
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
		    "--phase \"%s\": not valid; write rotate, rewrap, verify, retire or all",
		    configuration->phase);
	if (configuration->all_namespaces && configuration->kube.namespace)
		return error_set(
		    err, ERROR_USAGE, "--namespace and --all-namespaces cannot be used together");
	if (check_output(configuration, err) < 0 ||
	    check_retirement(configuration, settings, err) < 0)
		return -1;
	return check_shard(configuration, settings, err);
}

int rotate_configuration_check_files(
    const struct rotate_configuration *configuration, struct error *err)
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
			return error_set(err, ERROR_USAGE,
			    "--files and --%s cannot be used together", others[i].name);
	return 0;
}
