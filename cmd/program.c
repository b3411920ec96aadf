#include "cmd/program.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/completion.h"
#include "lib/base/credential_environment.h"
#include "lib/base/input_file.h"
#include "lib/base/log.h"
#include "lib/base/secret_memory.h"
#include "lib/base/version.h"

int program_fail(const struct error *err, int status)
{
	log_error(LOG_ERROR, err);
	return status;
}

static int start_log(
    const char *program, const struct program_settings *settings, struct error *err)
{
	const char *format = settings->log_format;
	bool json = format && strcmp(format, "json") == 0;

	log_init(program, settings->verbose ? LOG_DEBUG : LOG_INFO, json ? LOG_JSON : LOG_TEXT);
	if (format && !json && strcmp(format, "text") != 0)
		return error_set(err, ERROR_USAGE,
		    "--log-format \"%s\": unknown format; use text or json", format);
	return 0;
}

/*
 * Open descriptors 0 to 2 if they are closed, so that no socket gets such a number and then
 * receives messages.  They are close-on-exec.
 */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/", O_PATH | O_CLOEXEC); /* open returns the lowest free number */
}

static int write_completion(const struct options *options, const char *name, struct error *err)
{
	struct completion_command all = {
	    .table = options->table, .runs_command = options->stop_at_operand};
	cleanup_secret struct secret_buffer script = SECRET_BUFFER_INIT;
	enum completion_shell shell;

	if (completion_shell_parse(name, &shell) < 0)
		return error_set(err, ERROR_USAGE,
		    "--completion \"%s\": unknown shell; use bash, zsh or fish", name);
	if (completion_write(shell, options->program, &all, 1, &script, err) < 0)
		return -1;
	if (fputs(secret_buffer_string(&script), stdout) < 0 || fflush(stdout) != 0)
		return error_system(err, "standard output");
	return 0;
}

int program_start(const struct options *options, void *configuration,
    const struct program_settings *settings, int usage_status, int argc, char **argv,
    char ***operands, int *operand_count)
{
	struct error err = ERROR_INIT;

	/* Disable core dumps and tracing while secrets are in memory; execve resets it. */
	prctl(PR_SET_DUMPABLE, 0);
	hold_standard_descriptors();
	log_init(options->program, LOG_INFO, LOG_TEXT);
	switch (options_parse(options, configuration, argc, argv, operands, operand_count, &err)) {
	case OPTIONS_HELP:
		options_print_help(options, false, stdout);
		return 0;
	case OPTIONS_HELP_ALL:
		options_print_help(options, true, stdout);
		return 0;
	case OPTIONS_VERSION:
		printf("%s %s (libcurl %s, BoringSSL %s, c-ares %s, libyaml %s)\n",
		    options->program, SECRETMANAGER_VERSION, http_curl_version(),
		    version_boringssl(), http_ares_version(), version_libyaml());
		return 0;
	case OPTIONS_ERROR:
		return program_fail(&err, usage_status);
	case OPTIONS_RUN:
		break;
	}
	if (start_log(options->program, settings, &err) < 0)
		return program_fail(&err, usage_status);
	if (settings->completion)
		return write_completion(options, settings->completion, &err) < 0
			   ? program_fail(&err, usage_status)
			   : 0;
	if (settings->timeout_ms == 0) {
		error_set(&err, ERROR_USAGE, "--timeout 0: must be greater than 0; use 60s or 5m");
		return program_fail(&err, usage_status);
	}
	input_file_set_deadline(clock_now_ms() + settings->timeout_ms);
	secret_memory_protect();
	return -1;
}

/* Log the use of VAULT_URL, the name in the original project. */
static void log_old_name(const struct vault_settings *vault)
{
	const char *old = getenv("VAULT_URL");

	if (old && vault->address == old)
		log_write(LOG_INFO, "VAULT_URL: old name; use VAULT_ADDR");
}

/* Request a JWT from the Kubernetes API (TokenRequest). */
static int request_jwt(const struct vault_session_settings *settings, struct http_client *client,
    struct secret_buffer *jwt, struct error *err)
{
	struct kube_settings api = *(const struct kube_settings *)settings->jwt_context;
	struct kube kube;

	api.deadline_ms = http_client_deadline_ms(client);
	if (kube_init(&kube, &api, err) < 0)
		return -1;
	int result = kube_token_request(client, &kube, kube.namespace, settings->service_account,
	    is_set(settings->audience) ? settings->audience : NULL,
	    settings->jwt_lifetime_ms / 1000, jwt, err);
	kube_free(&kube);
	return result;
}

/* Complete the source of the JWT for the auth methods that need a JWT. */
static int complete_session(
    struct vault_session_settings *session, struct kube_settings *kube, struct error *err)
{
	struct error ignored = ERROR_INIT; /* it is reported when the session begins */
	enum vault_auth method;

	session->request_jwt = request_jwt;
	session->jwt_context = kube;
	if (is_set(session->jwt_variable))
		credential_environment_add(session->jwt_variable);
	if (vault_session_method(session, &method, &ignored) < 0)
		return 0;
	if ((method != VAULT_AUTH_KUBERNETES && method != VAULT_AUTH_JWT) ||
	    vault_session_has_jwt(session, method))
		return 0;
	/* Never freed: the settings live as long as the process. */
	session->jwt_file = string_format(err, "%s/token", kube->service_account_directory);
	return session->jwt_file ? 0 : -1;
}

int program_complete_connection(const char *user_agent, const struct program_settings *program,
    struct vault_settings *vault, struct vault_session_settings *session,
    struct kube_settings *kube, struct error *err)
{
	log_old_name(vault);
	vault->user_agent = kube->user_agent = user_agent;
	vault->retries = kube->retries = program->retries;
	kube->deadline_ms = clock_now_ms() + program->timeout_ms;
	if (!kube->service_account_directory)
		kube->service_account_directory = KUBE_SERVICE_ACCOUNT_DIRECTORY;
	return complete_session(session, kube, err);
}
