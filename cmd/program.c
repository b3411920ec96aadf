#include "cmd/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "lib/base/log.h"
#include "lib/base/secret_memory.h"
#include "lib/base/version.h"

int program_fail(const struct error *err, int status)
{
	log_write(LOG_ERROR, "%s", err->message);
	return status;
}

static int start_log(
    const char *program, const struct program_settings *settings, struct error *err)
{
	const char *format = settings->log_format;
	bool json = format && strcmp(format, "json") == 0;

	log_init(program, settings->verbose ? LOG_DEBUG : LOG_INFO, json ? LOG_JSON : LOG_TEXT);
	if (format && !json && strcmp(format, "text") != 0)
		return error_set(
		    err, ERROR_USAGE, "--log-format \"%s\": write text or json", format);
	return 0;
}

int program_start(const struct options *options, void *configuration,
    const struct program_settings *settings, int usage_status, int argc, char **argv,
    char ***operands, int *operand_count)
{
	struct error err = ERROR_INIT;

	/* No core dump, and nobody attaches, while secrets are in memory; execve undoes it. */
	prctl(PR_SET_DUMPABLE, 0);
	log_init(options->program, LOG_INFO, LOG_TEXT);
	switch (options_parse(options, configuration, argc, argv, operands, operand_count, &err)) {
	case OPTIONS_HELP:
		options_print_help(options, stdout);
		return 0;
	case OPTIONS_VERSION:
		printf("%s %s (%s)\n", options->program, SECRETMANAGER_VERSION, http_version());
		return 0;
	case OPTIONS_ERROR:
		return program_fail(&err, usage_status);
	case OPTIONS_RUN:
		break;
	}
	if (start_log(options->program, settings, &err) < 0)
		return program_fail(&err, usage_status);
	if (settings->timeout_ms == 0) {
		error_set(&err, ERROR_USAGE, "--timeout 0 leaves no time: write 60s, or 5m");
		return program_fail(&err, usage_status);
	}
	secret_memory_protect();
	return -1;
}

/* The original project's name for the address works, but is not what the field uses. */
static void note_old_name(const struct vault_settings *vault)
{
	const char *old = getenv("VAULT_URL");

	if (old && vault->address == old)
		log_write(LOG_INFO, "VAULT_URL is understood, but VAULT_ADDR is preferred");
}

int program_complete_connection(const struct vault_settings *vault,
    struct vault_session_settings *session, struct kube_settings *kube, struct error *err)
{
	note_old_name(vault);
	if (!kube->service_account_directory)
		kube->service_account_directory = KUBE_SERVICE_ACCOUNT_DIRECTORY;
	if (session->token)
		log_write(LOG_DEBUG, "VAULT_TOKEN is used as it is, neither limited nor revoked");
	if (session->jwt_file || session->token)
		return 0;
	/* Lives as long as the process, as everything borrowed from the environment does. */
	session->jwt_file = string_format(err, "%s/token", kube->service_account_directory);
	return session->jwt_file ? 0 : -1;
}
