/* secret-exec: decrypt what a sealed Secret holds, then become the application. */
#include <stdio.h>

#include "cmd/secret-exec/configuration.h"
#include "lib/launch/command.h"
#include "lib/launch/deliver_command.h"
#include "lib/launch/install.h"

extern char **environ;

static struct launch_settings settings_for_launch(const struct configuration *configuration)
{
	struct launch_settings settings = {.collect = {.vault = configuration->vault,
					       .session = configuration->session,
					       .kube = configuration->kube,
					       .sources = configuration->sources,
					       .naming = configuration->naming},
	    .deliver = configuration->deliver,
	    .init = configuration->init,
	    .watch = configuration->watch,
	    .timeout_ms = configuration->program.timeout_ms,
	    .check = configuration->check};

	settings.collect.vault.ignore_environment = !configuration->env_config;
	settings.collect.sources.environment = environ;
	settings.collect.sources.override = configuration->deliver.override;
	settings.deliver.options = &secret_exec_options;
	settings.deliver.keep = configuration->keep_config;
	settings.deliver.keep_config = strings_contain(&configuration->keep_config, "true");
	settings.deliver.naming = &configuration->naming;
	return settings;
}

/* What follows from other settings, or from the pod, is in force too. */
static int fill_in(struct configuration *configuration, struct error *err)
{
	struct vault_session_settings *session = &configuration->session;
	struct kube_settings *kube = &configuration->kube;
	struct error ignored = ERROR_INIT; /* a method that there isn't is shown as it is */
	enum vault_auth method;

	if (vault_session_method(session, &method, &ignored) == 0) {
		session->method = vault_auth_name(method);
		if (!is_set(session->auth_mount) && method != VAULT_AUTH_TOKEN)
			session->auth_mount = session->method;
	}
	if (is_set(kube->namespace))
		return 0;
	/* Lives as long as the process, as everything borrowed from the environment does. */
	char *namespace;
	if (kube_pod_namespace(kube->service_account_directory, &namespace, err) < 0)
		return -1;
	kube->namespace = namespace;
	return 0;
}

static int print_command(
    const struct configuration *configuration, char *const *command, struct error *err)
{
	if (!*command)
		return 0;
	char **filled = deliver_preview_command(&configuration->deliver, command, err);
	options_print_command(filled ? filled : command, stdout);
	deliver_command_free(filled);
	return filled ? 0 : -1;
}

/* The command need not be there. */
static int print_configuration(
    struct configuration *configuration, char *const *command, struct error *err)
{
	if (program_complete_connection(&configuration->program, &configuration->vault,
		&configuration->session, &configuration->kube, err) < 0 ||
	    fill_in(configuration, err) < 0)
		return program_fail(err, COMMAND_FAILED);
	options_print_configuration(&secret_exec_options, configuration, stdout);
	int result = print_command(configuration, command, err);
	if (fflush(stdout) != 0)
		result = error_system(err, "standard output");
	return result == 0 ? 0 : program_fail(err, COMMAND_FAILED);
}

static int install_program(
    const struct configuration *configuration, int operand_count, struct error *err)
{
	int result = operand_count ? error_set(err, ERROR_USAGE,
					 "--install copies this program, and starts no command: "
					 "leave the command out")
				   : install(configuration->install, err);

	return result < 0 ? program_fail(err, COMMAND_FAILED) : 0;
}

int main(int argc, char **argv)
{
	/* Static, so that what it owns is reachable to the end: exec never returns to free it. */
	static struct configuration configuration = {
	    .program = {.timeout_ms = 60000, .retries = -1},
	    .env_config = true,
	    .vault = {.timeout_ms = HTTP_REQUEST_TIMEOUT_MS},
	    .session = VAULT_SESSION_DEFAULTS,
	    .deliver = {.fd_variable = DELIVER_FD_VARIABLE, .file_mode = "0400"},
	    .init = INIT_DEFAULTS,
	    .watch = WATCH_DEFAULTS};
	struct error err = ERROR_INIT;
	char **command;
	int count;

	/* First of all: as PID 1, a signal that nobody catches is lost. */
	command_catch_signals(http_interrupt);
	int status = program_start(&secret_exec_options, &configuration, &configuration.program,
	    COMMAND_FAILED, argc, argv, &command, &count);
	if (status >= 0)
		return status;
	if (configuration.print_config)
		return print_configuration(&configuration, command, &err);
	if (configuration.install)
		return install_program(&configuration, count, &err);
	if (count == 0) {
		error_set(&err, ERROR_USAGE,
		    "no command: write secret-exec [OPTIONS] -- COMMAND [ARGUMENT...]");
		return program_fail(&err, COMMAND_FAILED);
	}
	if (configuration_check(&configuration, &err) < 0 ||
	    program_complete_connection(&configuration.program, &configuration.vault,
		&configuration.session, &configuration.kube, &err) < 0)
		return program_fail(&err, COMMAND_FAILED);
	struct launch_settings settings = settings_for_launch(&configuration);
	if (launch_check_settings(&settings, &err) < 0)
		return program_fail(&err, COMMAND_FAILED);
	status = launch(&settings, command, &err);
	return err.code == ERROR_NONE ? status : program_fail(&err, status);
}
