#include "cmd/secret-exec/configuration.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/connection_options.h"
#include "cmd/other_tools.h"

extern char **environ;

#define OPTION(name_, kind_, argument_, member, help_)                                             \
	.name = (name_), .kind = (kind_), .argument = (argument_),                                 \
	.offset = offsetof(struct configuration, member), .help = (help_)

/* vault-env's variable for the Transit key, without its mount. */
#define TRANSIT_KEY_VARIABLE "VAULT_TRANSIT_KEY_ID"

_Static_assert(offsetof(struct configuration, launch) == 0, "VAULT_OPTIONS' offsets");

static const struct option_spec table[] = {
    {.section = "Sources",
	.letter = 's',
	.names = true,
	.usual = true,
	OPTION("secret", OPTION_LIST, "[NS/]NAME[?][:KEY[=VAR]]", launch.sources.secrets,
	    "sealed Secret to read from the API; with ? it need not exist (repeatable)")},
    {.usual = true,
	OPTION("secret-dir", OPTION_LIST, "DIR", launch.sources.directories,
	    "sealed Secret mounted as a volume (repeatable)")},
    {.usual = true,
	.environment = TRANSIT_KEY_VARIABLE,
	OPTION("transit-key", OPTION_STRING, "[MOUNT/]NAME", launch.sources.transit_key,
	    "Transit key (default: from the Secret's annotation)")},
    {.environment = "VAULT_TRANSIT_PATH",
	OPTION("vault-transit-path", OPTION_ENVIRONMENT, NULL, transit_mount,
	    "mount of the Transit key in " TRANSIT_KEY_VARIABLE)},
    {.names = true,
	OPTION("bound-to", OPTION_LIST, "[NS/]NAME[:PREFIX]", launch.sources.bound_to,
	    "Secret that values of the environment or a volume were sealed for (repeatable)")},
    {OPTION("scope", OPTION_STRING, "SCOPE", launch.sources.scope,
	"binding of those values: strict (default), namespace-wide, cluster-wide")},
    {OPTION("document", OPTION_LIST, "PATTERN", launch.names.documents,
	"data key with a JSON object (default: from the annotation, else secrets.json)")},
    {.section = "Names",
	.usual = true,
	OPTION("only", OPTION_LIST, "PATTERN", launch.names.only,
	    "take only names that match, such as 'DB_*' (repeatable)")},
    {OPTION("exclude", OPTION_LIST, "PATTERN", launch.names.exclude,
	"skip names that match (repeatable)")},
    {.usual = true,
	OPTION("prefix", OPTION_STRING, "TEXT", launch.names.prefix, "put TEXT before each name")},
    {.usual = true,
	OPTION("upper-case", OPTION_FLAG, NULL, launch.names.upper_case,
	    "convert names to upper case")},
    {OPTION("sanitize", OPTION_FLAG, NULL, launch.names.sanitize,
	"replace characters that are invalid in a variable's name by \"_\"")},
    {.section = "Delivery",
	OPTION("env", OPTION_LIST, "PATTERN", launch.deliver.environment,
	    "keep names that match in the environment, although --fd or --memfd takes all")},
    {.usual = true,
	OPTION("fd", OPTION_LIST, "N[:FORMAT]|N=KEY", launch.deliver.fds,
	    "deliver over pipe N: all values as json, dotenv or nul; or one value's bytes")},
    {OPTION("fd-variable", OPTION_STRING, "NAME", launch.deliver.fd_variable,
	"variable with the number of the pipe for all values (default SECRETS_FD)")},
    {.usual = true,
	OPTION("memfd", OPTION_LIST, ":FORMAT|KEY", launch.deliver.memfds,
	    "deliver in a sealed memfd; its path replaces {} in the command")},
    {.usual = true,
	OPTION("file", OPTION_LIST, "KEY=PATH", launch.deliver.files,
	    "write one value to the file PATH, which must be on tmpfs (repeatable)")},
    {OPTION("file-mode", OPTION_STRING, "MODE", launch.deliver.file_mode,
	"permissions of --file, octal (default 0400)")},
    {OPTION("file-owner", OPTION_STRING, "UID[:GID]", launch.deliver.file_owner,
	"owner of --file, as numbers (default: the current user)")},
    {OPTION("allow-disk", OPTION_FLAG, NULL, launch.deliver.allow_disk,
	"let --file write to other file systems than tmpfs")},
    {.usual = true,
	OPTION("override", OPTION_FLAG, NULL, launch.override,
	    "let a secret replace a variable that is set, and a stronger source a weaker one")},
    {.names = true,
	OPTION("allow-env", OPTION_LIST, "NAME", launch.deliver.allow,
	    "allow a secret to set this dangerous variable (repeatable)")},
    {OPTION("keep-config", OPTION_VARIABLES, "[NAME,...]", keep_config,
	"keep VAULT_*, BAO_* and SECRET_EXEC_* (or only NAME,...) in the environment")},
    {OPTION("deny-token", OPTION_FEATURE, "[if-possible]", launch.deny_token,
	"let the command not read the files that log in, such as the pod's token")},
    {.section = "Development",
	OPTION("allow-plaintext", OPTION_FLAG, NULL, launch.sources.allow_plaintext,
	    "for development: allow the --from options and --definition")},
    {OPTION("from-document", OPTION_LIST, "FILE", launch.sources.documents,
	"take the members of a JSON or YAML file (repeatable)")},
    {OPTION("from-env-file", OPTION_LIST, "FILE", launch.sources.env_files,
	"take the variables of a .env file (repeatable)")},
    {.names = true,
	OPTION("from-secret", OPTION_LIST, "[NS/]NAME[?][:KEY[=VAR]]", launch.sources.plain_secrets,
	    "take a Secret that is not sealed (repeatable)")},
    {.names = true,
	OPTION("from-config-map", OPTION_LIST, "[NS/]NAME[?][:KEY[=VAR]]",
	    launch.sources.config_maps, "take a ConfigMap (repeatable)")},
    {OPTION("definition", OPTION_STRING, "FILE", launch.sources.definition,
	"JSON or YAML object of names, each with its variable in --from-env-file")},
    {.section = "Other uses",
	.usual = true,
	OPTION("check", OPTION_FLAG, NULL, launch.check, "do everything except start the command")},
    {.usual = true,
	OPTION("print-config", OPTION_FLAG, NULL, print_config,
	    "show the settings, their origins, and the command; then exit")},
    {OPTION("install", OPTION_STRING, "PATH", install,
	"copy this program to PATH, for an init container, and exit")},
    {.section = "As init",
	.usual = true,
	OPTION("init", OPTION_FLAG, NULL, launch.init.enabled,
	    "stay as a minimal init: forward signals, reap orphans")},
    {OPTION("init-group", OPTION_FLAG, NULL, launch.init.group,
	"forward signals to the command's process group")},
    {.usual = true,
	OPTION("watch", OPTION_FLAG, NULL, launch.watch.enabled,
	    "with --init: restart the command when a value changes")},
    {OPTION("watch-interval", OPTION_DURATION, "TIME", launch.watch.interval_ms,
	"time between two looks for changes (default 30s)")},
    {OPTION("watch-debounce", OPTION_DURATION, "TIME", launch.watch.debounce_ms,
	"act on a change only if no other follows within this time (default 2s)")},
    {.deprecated = "watch-jitter",
	OPTION("watch-max-delay", OPTION_DURATION, "TIME", launch.watch.max_delay_ms,
	    "then delay the restart by a random time up to this (default 30s)")},
    {OPTION("watch-signal", OPTION_STRING, "NAME", launch.watch.signal,
	"renew the files of --file and send this signal, instead of a restart")},
    {OPTION("stop-signal", OPTION_STRING, "NAME", launch.init.stop_signal,
	"signal that stops the command before a restart (default TERM)")},
    {OPTION("stop-timeout", OPTION_DURATION, "TIME", launch.init.stop_timeout_ms,
	"time to stop before SIGKILL (default 10s)")},
    VAULT_OPTIONS(struct launch_settings),
    {OPTION("auth-inline", OPTION_FEATURE, "[if-possible]", launch.session.auth_inline,
	"log in with each request to OpenBao (2.4 or newer), without a token")},
    KUBE_OPTIONS(struct launch_settings),
    {.section = "Configuration",
	OPTION("env-config", OPTION_FLAG, NULL, env_config,
	    "take options from the environment too (default; --no-env-config: do not)")},
    COMMON_OPTIONS(struct configuration, "60s", "as many as --timeout allows"),
    COMPLETION_OPTION(struct configuration),
    {.name = NULL},
};

static struct option_origin origins[sizeof(table) / sizeof(table[0])];

/* Options of envconsul, sops exec-env and others. */
static const struct option_other other_options[] = {
    CONNECTION_OTHERS,
    {"upcase,uppercase", "upper-case", NULL},
    {"env-file,dotenv", "from-env-file", NULL},
    {"name,secret-name", "secret", NULL},
    {"key,field", NULL, "use --secret NAME:KEY"},
    {"include,filter", "only", NULL},
    {"ignore,skip", "exclude", NULL},
    {"filename,output,out", "file", NULL},
    {"mode", "file-mode", NULL},
    {"owner", "file-owner", NULL},
    {"kill-signal,exec-kill-signal", "stop-signal", NULL},
    {"kill-timeout,exec-kill-timeout", "stop-timeout", NULL},
    {"reload-signal,exec-reload-signal", "watch-signal", NULL},
    {"splay,exec-splay", "watch-max-delay", NULL},
    {"wait", "watch-debounce", NULL},
    {"dry-run", "check", NULL},
    {"exec,command", NULL, "write the command after --"},
    {"once,same-process", NULL, "omit it; this is the default"},
    {"no-prefix", NULL, "omit it; names get a prefix only with --prefix"},
    {"pristine", NULL,
	"to start without the container's variables, run env -i NAME=VALUE... secret-exec ..."},
    {"config", NULL, "set options on the command line, or as variables such as SECRET_EXEC_SECRET"},
    {NULL, NULL, NULL},
};

const struct options secret_exec_options = {
    .program = "secret-exec",
    .prefix = "SECRET_EXEC",
    .synopsis = "secret-exec [OPTIONS] -- COMMAND [ARGUMENT...]",
    .description =
	"Decrypt sealed Secrets with Vault Transit, then run COMMAND in this process's\n"
	"place with them. Variables with ciphertext (vault:vN:...) are decrypted too, and\n"
	"variables that refer to Vault's KV engines (vault:PATH#KEY) are read.",
    .table = table,
    .others = other_options,
    .environment_flag = "env-config",
    .origins = origins,
    .stop_at_operand = true,
};

/* Options that weaken how Vault is verified: rejected from variables, which envFrom may set. */
static const char *const command_line_only[] = {"vault-skip-verify", "vault-tls-server-name"};

/* Return the environment variable that set the option, or NULL. */
static const char *variable_of(const char *name)
{
	const struct option_origin *origin = options_origin(&secret_exec_options, name);

	return origin->kind == OPTION_FROM_ENVIRONMENT ? origin->variable : NULL;
}

static int check_command_line_only(const struct configuration *configuration, struct error *err)
{
	const bool set[] = {configuration->launch.vault.skip_verify,
	    is_set(configuration->launch.vault.tls_server_name)};

	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++) {
		const char *name = command_line_only[i], *variable = variable_of(name);
		if (set[i] && variable)
			return error_set(err, ERROR_USAGE,
			    "%s: not accepted from the environment, where a Secret or ConfigMap "
			    "may set it (envFrom); use --%s",
			    variable, name);
	}
	return 0;
}

/* Reject more than one CA certificate, unless all of them are set on the command line. */
static int check_one_ca(const struct vault_settings *vault, struct error *err)
{
	if (is_set(vault->ca_file) + is_set(vault->ca_pem) + is_set(vault->ca_directory) < 2 ||
	    (!variable_of("vault-cacert") && !variable_of("vault-cacert-bytes") &&
		!variable_of("vault-capath")))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "Vault's CA certificate is given in more than one way, and a Secret or ConfigMap may "
	    "set one of them (envFrom); give it in one way");
}

static bool is_removed(const struct configuration *configuration, const char *variable)
{
	return options_own_variable(&secret_exec_options, variable) ||
	       vault_session_uses_variable(&configuration->launch.session, variable);
}

static int check_keep_config(const struct configuration *configuration, struct error *err)
{
	const struct strings *names = &configuration->keep_config;

	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], "true") != 0 &&
		    !is_removed(configuration, names->items[i]))
			return error_set(err, ERROR_USAGE,
			    "--keep-config %s: not a variable of secret-exec's configuration, "
			    "which alone is removed; write names such as VAULT_ADDR",
			    names->items[i]);
	return 0;
}

/* Put the mount before the Transit key of vault-env's variables, as vault-env does. */
static int complete_transit_key(struct configuration *configuration, struct error *err)
{
	const char **key = &configuration->launch.sources.transit_key;
	const char *mount = configuration->transit_mount, *variable = variable_of("transit-key");

	if (!is_set(mount) || !is_set(*key) || !variable ||
	    strcmp(variable, TRANSIT_KEY_VARIABLE) != 0)
		return 0;
	size_t length = strlen(mount);
	while (length && mount[length - 1] == '/')
		length--;
	/* Never freed: the settings live as long as the process. */
	*key = string_format(err, "%.*s/%s", (int)length, mount, *key);
	return *key ? 0 : -1;
}

/*
 * Reject vault-env's variable for all keys of a path, because the command would start without them.
 * Its other variables without an option change no value.
 */
static int check_paths_of_vault_env(struct error *err)
{
	if (!is_set(getenv("VAULT_ENV_FROM_PATH")))
		return 0;
	return error_set(err, ERROR_USAGE,
	    "VAULT_ENV_FROM_PATH: not supported; write a reference vault:PATH#KEY for each key, or "
	    "seal the keys with secret-seal --from-vault PATH, and unset the variable");
}

int configuration_complete(struct configuration *configuration, struct error *err)
{
	struct launch_settings *launch = &configuration->launch;

	launch->timeout_ms = configuration->program.timeout_ms;
	launch->vault.ignore_environment = !configuration->env_config;
	launch->sources.environment = environ;
	launch->deliver.options = &secret_exec_options;
	launch->deliver.keep = configuration->keep_config;
	launch->deliver.keep_config = strings_contain(&configuration->keep_config, "true");
	return complete_transit_key(configuration, err);
}

/*
 * envFrom turns each data key of a Secret or ConfigMap into a variable.  Such a variable must not
 * override which Vault the pod uses, and how it is verified.
 */
int configuration_check(const struct configuration *configuration, struct error *err)
{
	char own[OPTIONS_VARIABLE_MAX], other[OPTIONS_VARIABLE_MAX];

	if (check_keep_config(configuration, err) < 0)
		return -1;
	if (!configuration->env_config)
		return 0;
	if (options_environment_conflict(&secret_exec_options, own, other))
		return error_set(err, ERROR_USAGE,
		    "%s and %s are both set, and differ, and a Secret or ConfigMap may set either "
		    "(envFrom); set one of them",
		    own, other);
	if (check_command_line_only(configuration, err) < 0 || check_paths_of_vault_env(err) < 0)
		return -1;
	return check_one_ca(&configuration->launch.vault, err);
}
