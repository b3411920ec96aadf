/* secret-dev: a replacement of Vault and the Kubernetes API on loopback, for development. */
#include <microhttpd.h>
#include <stdio.h>

#include "cmd/secret-dev/stage.h"
#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/base/version.h"

#define EXIT_USAGE 2

struct dev_options {
	const char *listen, *directory;
	int64_t vault_port, kube_port, vault_body, vault_strings;
	bool vault_inline_auth, print_env;
};

static const struct option_spec table[] = {
    {.name = "listen",
	.kind = OPTION_STRING,
	.argument = "ADDRESS",
	.offset = offsetof(struct dev_options, listen),
	.help = "loopback address to listen on (default: 127.0.0.1)"},
    {.name = "vault-port",
	.kind = OPTION_NUMBER,
	.argument = "PORT",
	.offset = offsetof(struct dev_options, vault_port),
	.help = "port for Vault (default: a free one)"},
    {.name = "kube-port",
	.kind = OPTION_NUMBER,
	.argument = "PORT",
	.offset = offsetof(struct dev_options, kube_port),
	.help = "port for the Kubernetes API (default: a free one)"},
    {.name = "vault-max-body",
	.kind = OPTION_NUMBER,
	.argument = "BYTES",
	.offset = offsetof(struct dev_options, vault_body),
	.help = "reject larger requests to Vault with status 413, as a gateway does"},
    {.name = "vault-max-strings",
	.kind = OPTION_NUMBER,
	.argument = "NUMBER",
	.offset = offsetof(struct dev_options, vault_strings),
	.help = "reject requests to Vault with more JSON strings, as OpenBao does"},
    {.name = "vault-inline-auth",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct dev_options, vault_inline_auth),
	.help = "accept a login in the headers of a request to Vault, as OpenBao does"},
    {.name = "directory",
	.kind = OPTION_STRING,
	.argument = "DIR",
	.offset = offsetof(struct dev_options, directory),
	.help = "directory for certificates, kubeconfig and tokens (default: a new one)"},
    {.name = "print-env",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct dev_options, print_env),
	.help = "serve in the background and print variables for the shell's eval"},
    {.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this and exit"},
    {.name = "version", .kind = OPTION_VERSION, .help = "show the version and exit"},
    {.name = NULL},
};

static const struct options options = {
    .program = "secret-dev",
    .prefix = "SECRET_DEV",
    .synopsis = "secret-dev [OPTIONS] [-- COMMAND [ARGUMENT...]]\n"
		"       eval \"$(secret-dev --print-env)\"",
    .description =
	"Serve the part of Vault and of the Kubernetes API that the other programs use, from\n"
	"memory and on loopback only. For development and tests, never for production. With\n"
	"COMMAND, run it with VAULT_ADDR, KUBECONFIG and similar variables set, and end with it.",
    .table = table,
    .other_variables = "SECRET_DEV_DIR,SECRET_DEV_PID", /* see stage.c */
    .stop_at_operand = true,
};

static int fail(const struct error *err)
{
	log_error(LOG_ERROR, err);
	return err->code == ERROR_USAGE ? EXIT_USAGE : EXIT_FAILURE;
}

static int settings_from(const struct dev_options *configuration, bool command,
    struct stage_settings *settings, struct error *err)
{
	if (configuration->vault_port > UINT16_MAX || configuration->kube_port > UINT16_MAX)
		return error_set(err, ERROR_USAGE, "a port must be at most %d", UINT16_MAX);
	if (configuration->print_env && command)
		return error_set(err, ERROR_USAGE,
		    "--print-env cannot be used with a command, which gets the variables anyway");
	settings->vault_port = (uint16_t)configuration->vault_port;
	settings->kube_port = (uint16_t)configuration->kube_port;
	settings->directory = configuration->directory;
	settings->vault_body_max = (size_t)configuration->vault_body;
	settings->vault_strings_max = (size_t)configuration->vault_strings;
	settings->vault_inline_auth = configuration->vault_inline_auth;
	return server_loopback_parse(configuration->listen, &settings->loopback, err);
}

int main(int argc, char **argv)
{
	struct dev_options configuration = {.listen = "127.0.0.1"};
	struct stage_settings settings;
	struct error err = ERROR_INIT;
	char **command;
	int count, status;

	log_init(options.program, LOG_INFO, LOG_TEXT);
	switch (options_parse(&options, &configuration, argc, argv, &command, &count, &err)) {
	case OPTIONS_HELP:
		options_print_help(&options, false, stdout);
		return EXIT_SUCCESS;
	case OPTIONS_HELP_ALL:
		options_print_help(&options, true, stdout);
		return EXIT_SUCCESS;
	case OPTIONS_VERSION:
		printf("secret-dev %s (BoringSSL %s, libmicrohttpd %s)\n", SECRETMANAGER_VERSION,
		    version_boringssl(), MHD_get_version());
		return EXIT_SUCCESS;
	case OPTIONS_ERROR:
		return fail(&err);
	case OPTIONS_RUN:
		break;
	}
	if (settings_from(&configuration, count > 0, &settings, &err) < 0)
		return fail(&err);
	if (configuration.print_env)
		status = stage_run_background(&settings, &err);
	else if (count > 0)
		status = stage_run_command(&settings, command, &err);
	else
		status = stage_run_foreground(&settings, &err);
	return status < 0 ? fail(&err) : status;
}
