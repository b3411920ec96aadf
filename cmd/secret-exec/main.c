/* secret-exec: decrypt sealed Secrets, then become the application. */
#include <stdio.h>

#include "cmd/secret-exec/configuration.h"

/* Fill in the settings that depend on other settings or on the pod, to show them. */
static int complete_shown_settings(struct configuration *configuration, struct error *err)
{
	struct vault_session_settings *session = &configuration->launch.session;
	struct kube_settings *kube = &configuration->launch.kube;
	struct error ignored = ERROR_INIT; /* an unknown method is shown unchanged */
	enum vault_auth method;

	if (vault_session_method(session, &method, &ignored) == 0) {
		session->method = vault_auth_name(method);
		if (!is_set(session->auth_mount) && method != VAULT_AUTH_TOKEN)
			session->auth_mount = session->method;
	}
	if (is_set(kube->namespace))
		return 0;
	/* Never freed: the settings live as long as the process. */
	char *namespace;
	if (kube_pod_namespace(kube->service_account_directory, &namespace, err) < 0)
		return -1;
	kube->namespace = namespace;
	return 0;
}

static int complete_connection(struct configuration *configuration, struct error *err)
{
	struct launch_settings *launch = &configuration->launch;

	return program_complete_connection(PROGRAM_USER_AGENT("secret-exec"),
	    &configuration->program, &launch->vault, &launch->session, &launch->kube, err);
}

static int print_command(
    const struct configuration *configuration, char *const *command, struct error *err)
{
	if (!*command)
		return 0;
	char **filled = deliver_preview_command(&configuration->launch, command, err);
	options_print_command(filled ? filled : command, stdout);
	deliver_free_command(filled);
	return filled ? 0 : -1;
}

/* Print the settings and the command, if any. */
static int print_configuration(
    struct configuration *configuration, char *const *command, struct error *err)
{
	if (complete_connection(configuration, err) < 0 ||
	    complete_shown_settings(configuration, err) < 0)
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
	int result =
	    operand_count
		? error_set(err, ERROR_USAGE,
		      "--install copies this program, and starts no command; omit the command")
		: install(configuration->install, err);

	return result < 0 ? program_fail(err, COMMAND_FAILED) : 0;
}

int main(int argc, char **argv)
{
	/* Static, so that it is reachable at exit: exec never returns to free it. */
	static struct configuration configuration = {.launch = LAUNCH_DEFAULTS,
	    .program = {.timeout_ms = 60000, .retries = -1},
	    .env_config = true};
	struct error err = ERROR_INIT;
	char **command;
	int count;

	/* Do this first: the kernel discards signals that PID 1 does not catch. */
	command_catch_signals(http_interrupt);
	int status = program_start(&secret_exec_options, &configuration, &configuration.program,
	    COMMAND_FAILED, argc, argv, &command, &count);
	if (status >= 0)
		return status;
	if (configuration_complete(&configuration, &err) < 0)
		return program_fail(&err, COMMAND_FAILED);
	if (configuration.print_config)
		return print_configuration(&configuration, command, &err);
	if (configuration.install)
		return install_program(&configuration, count, &err);
	if (count == 0) {
		error_set(&err, ERROR_USAGE,
		    "no command; write secret-exec [OPTIONS] -- COMMAND [ARGUMENT...]");
		return program_fail(&err, COMMAND_FAILED);
	}
	if (configuration_check(&configuration, &err) < 0 ||
	    complete_connection(&configuration, &err) < 0 ||
	    launch_check_settings(&configuration.launch, &err) < 0)
		return program_fail(&err, COMMAND_FAILED);
	status = launch(&configuration.launch, command, &err);
	return err.code == ERROR_NONE ? status : program_fail(&err, status);
}
