/* secret-exec: decrypt what a sealed Secret holds, then become the application. */
#include <string.h>

#include "cmd/connection_options.h"
#include "cmd/program.h"
#include "lib/base/clock.h"
#include "lib/launch/collect.h"
#include "lib/launch/command.h"
#include "lib/launch/deliver.h"
#include "lib/sealed/sealed.h"

extern char **environ;

struct configuration {
	struct program_settings program;
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	struct strings secrets, allow_env;
	const char *transit_key, *fd;
	bool override, keep_config;
};

static const struct option_spec table[] = {
    {.name = "secret",
	.letter = 's',
	.kind = OPTION_LIST,
	.argument = "[NS/]NAME[:KEY]",
	.offset = offsetof(struct configuration, secrets),
	.help = "sealed Secret to read from the API (repeatable)"},
    {.name = "transit-key",
	.kind = OPTION_STRING,
	.argument = "[MOUNT/]NAME",
	.offset = offsetof(struct configuration, transit_key),
	.help = "Transit key (default what the Secret's annotation says)"},
    {.name = "fd",
	.kind = OPTION_STRING,
	.argument = "N[:FORMAT]",
	.offset = offsetof(struct configuration, fd),
	.help = "deliver over pipe N as json, dotenv or nul, not in the environment"},
    {.name = "override",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, override),
	.help = "let a secret replace a variable that is set"},
    {.name = "allow-env",
	.kind = OPTION_LIST,
	.argument = "NAME",
	.offset = offsetof(struct configuration, allow_env),
	.help = "allow a secret to set this dangerous variable (repeatable)"},
    {.name = "keep-config",
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, keep_config),
	.help = "leave VAULT_*, BAO_* and SECRET_EXEC_* in the environment"},
    VAULT_OPTIONS(struct configuration),
    KUBE_OPTIONS(struct configuration),
    COMMON_OPTIONS(struct configuration, "60s", "8"),
    {.name = NULL},
};

static const struct options options = {
    .program = "secret-exec",
    .prefix = "SECRET_EXEC",
    .synopsis = "secret-exec [OPTIONS] -- COMMAND [ARGUMENT...]",
    .description =
	"Decrypt sealed Secrets with Vault Transit, then run COMMAND in this process's\n"
	"place with them. Variables whose value starts with \"vault:v\" are decrypted too.",
    .table = table,
    .stop_at_operand = true,
};

/* Everything up to exec; secrets stay in *environment, or in the pipe. */
static int prepare(const struct configuration *configuration,
    struct deliver_environment *environment, struct error *err)
{
	struct collect_settings collecting = {.vault = configuration->vault,
	    .session = configuration->session,
	    .kube = configuration->kube,
	    .transit_key = configuration->transit_key,
	    .secrets = configuration->secrets,
	    .environment = environ};
	struct deliver_settings delivery = {.override = configuration->override,
	    .allow = &configuration->allow_env,
	    .keep_config = configuration->keep_config,
	    .options = &options,
	    .fd = -1};
	struct variables variables = {NULL, 0, 0};

	if (configuration->fd &&
	    deliver_parse_fd(configuration->fd, &delivery.fd, &delivery.format, err) < 0)
		return -1;
	struct http_client *client =
	    http_client_new(clock_now_ms() + configuration->program.timeout_ms, err);
	if (!client)
		return -1;
	int result = collect(client, &collecting, &variables, err);
	http_client_free(client);
	if (result == 0)
		result = deliver_environment(environment, environ, &variables, &delivery, err);
	if (result == 0 && delivery.fd >= 0)
		result = deliver_pipe(&variables, &delivery, err);
	variables_free(&variables);
	return result;
}

static bool has_ciphertext(char *const *environment)
{
	for (; *environment; environment++) {
		const char *equals = strchr(*environment, '=');
		if (equals && sealed_is_ciphertext(equals + 1, strlen(equals + 1)))
			return true;
	}
	return false;
}

/*
 * Ciphertext in the environment comes from a Secret by envFrom, and any other of its data keys is a
 * variable too: it must not come to decide, beside what the pod says, which Vault is asked and
 * trusted.
 */
static int check_configuration(const struct configuration *configuration, struct error *err)
{
	const struct vault_settings *vault = &configuration->vault;
	char own[OPTIONS_VARIABLE_MAX], other[OPTIONS_VARIABLE_MAX];

	if (!has_ciphertext(environ))
		return 0;
	if (options_environment_conflict(&options, own, other))
		return error_set(err, ERROR_USAGE,
		    "%s and %s are both set, and differ, beside ciphertext from a Secret, which "
		    "could "
		    "have set either: set only one of them",
		    own, other);
	if (given(vault->ca_file) + given(vault->ca_pem) + given(vault->ca_directory) > 1)
		return error_set(err, ERROR_USAGE,
		    "Vault's CA certificate is given in more than one way, beside ciphertext from "
		    "a "
		    "Secret, which could have set either: give it in one way");
	return 0;
}

static int launch(const struct configuration *configuration, char **command, struct error *err)
{
	struct deliver_environment environment = {NULL, 0, NULL, 0};

	command_catch_signals(http_interrupt);
	int result = prepare(configuration, &environment, err);
	/* In this order: a signal that comes after the question ends us, instead of being lost. */
	command_restore_signals();
	int caught = command_caught_signal();
	if (result || caught) {
		deliver_environment_free(&environment);
		if (caught)
			error_set(err, ERROR_INTERRUPTED,
			    "ended by signal %d before %s was started", caught, command[0]);
		return caught ? 128 + caught : COMMAND_FAILED;
	}
	int status = command_exec(command, environment.strings, err);
	deliver_environment_free(&environment);
	return status;
}

int main(int argc, char **argv)
{
	/* Static, so that what it owns is reachable to the end: exec never returns to free it. */
	static struct configuration configuration = {
	    .session = VAULT_SESSION_DEFAULTS, .program = {.timeout_ms = 60000, .retries = 8}};
	struct error err = ERROR_INIT;
	char **command;
	int count, status = program_start(&options, &configuration, &configuration.program,
		       COMMAND_FAILED, argc, argv, &command, &count);

	if (status >= 0)
		return status;
	if (count == 0) {
		error_set(&err, ERROR_USAGE,
		    "no command: write secret-exec [OPTIONS] -- COMMAND [ARGUMENT...]");
		return program_fail(&err, COMMAND_FAILED);
	}
	if (check_configuration(&configuration, &err) < 0)
		return program_fail(&err, COMMAND_FAILED);
	if (program_complete_connection(&configuration.program, &configuration.vault,
		&configuration.session, &configuration.kube, &err) < 0)
		return program_fail(&err, COMMAND_FAILED);
	return program_fail(&err, launch(&configuration, command, &err));
}
