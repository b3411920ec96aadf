/* secret-rotate: rotate Transit keys, and rewrap every sealed Secret to their newest versions. */
#include <stdio.h>
#include <string.h>

#include "cmd/secret-rotate/confirm.h"
#include "cmd/secret-rotate/files_command.h"
#include "cmd/secret-rotate/settings.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/rotate/metrics.h"
#include "lib/rotate/summary.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2
/* Enough for very many Secrets.  The deadline of a CronJob is a better limit. */
#define TIMEOUT_MS ((int64_t)3600 * 1000)

static int print_summary(const struct rotate_configuration *configuration,
    const struct rotate_summary *summary, const struct error *outcome, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const char *failure = outcome->code == ERROR_NONE ? NULL : outcome->message;
	bool json = configuration->output && strcmp(configuration->output, "json") == 0;
	int result = json ? summary_write_json(summary, failure, &text, err)
			  : summary_write_text(summary, &text, err);

	if (result < 0)
		return -1;
	fputs(text.data, stdout);
	return fflush(stdout) == 0 ? 0 : error_system(err, "standard output");
}

/* Return the path of the metrics file, or NULL if it is unset or the run is a dry run. */
static const char *metrics_path(const struct rotate_configuration *configuration)
{
	bool wanted = is_set(configuration->metrics_file) && !configuration->dry_run;

	return wanted ? configuration->metrics_file : NULL;
}

/* Print the summary and write the metrics.  Return `result`, or -1 if that fails. */
static int report_run(const struct rotate_configuration *configuration,
    const struct rotate_summary *summary, int result, struct error *err)
{
	const char *path = metrics_path(configuration);
	struct error failure = ERROR_INIT;

	if ((result == 0 || err->code != ERROR_USAGE) &&
	    print_summary(configuration, summary, err, &failure) < 0 && result == 0) {
		*err = failure;
		result = -1;
	}
	if (!path || metrics_file_write(path, summary, result == 0, &failure) == 0)
		return result;
	if (result < 0)
		log_error(LOG_ERROR, &failure);
	else
		*err = failure;
	return -1;
}

static int rotate_cluster(const struct rotate_configuration *configuration, struct error *err)
{
	struct rotate_settings settings;
	struct rotate_summary summary;

	if (rotate_configuration_settings(configuration, &settings, err) < 0 ||
	    (metrics_path(configuration) &&
		metrics_file_check(metrics_path(configuration), err) < 0))
		return -1;
	if (confirm_is_needed(configuration, &settings))
		settings.confirm = confirm_plan;
	struct http_client *client =
	    http_client_new(clock_now_ms() + configuration->program.timeout_ms, err);
	if (!client)
		return -1;
	int result = rotate(client, &settings, &summary, err);
	result = report_run(configuration, &summary, result, err);
	summary_free(&summary);
	http_client_free(client);
	return result;
}

static int refuse_operand(const char *operand, struct error *err)
{
	return error_set(
	    err, ERROR_USAGE, "\"%s\": unexpected operand; see secret-rotate --help", operand);
}

int main(int argc, char **argv)
{
	static struct rotate_configuration configuration = {.keep_versions = ROTATE_KEEP_VERSIONS,
	    .session = VAULT_SESSION_DEFAULTS,
	    .program = {.timeout_ms = TIMEOUT_MS, .retries = 4}};
	struct error err = ERROR_INIT;
	char **operands;
	int count, status = program_start(&secret_rotate_options, &configuration,
		       &configuration.program, STATUS_USAGE, argc, argv, &operands, &count);

	if (status >= 0)
		return status;
	/* A signal ends the run between two requests; the summary is still printed. */
	signals_catch(http_interrupt);
	if ((count > 0 && !configuration.files && refuse_operand(operands[0], &err) < 0) ||
	    program_complete_connection(PROGRAM_USER_AGENT("secret-rotate"), &configuration.program,
		&configuration.vault, &configuration.session, &configuration.kube, &err) < 0 ||
	    (configuration.files ? files_command(&configuration, operands, (size_t)count, &err)
				 : rotate_cluster(&configuration, &err)) < 0)
		return program_fail(&err, err.code == ERROR_USAGE ? STATUS_USAGE : STATUS_FAILED);
	return 0;
}
