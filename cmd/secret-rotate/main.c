/* secret-rotate: rotate Transit keys and bring every sealed Secret to their newest version. */
#include <stdio.h>
#include <string.h>

#include "cmd/secret-rotate/configuration.h"
#include "cmd/secret-rotate/files_command.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/signals.h"
#include "lib/rotate/metrics.h"
#include "lib/rotate/summary.h"

#define STATUS_FAILED 1
#define STATUS_USAGE 2
/* A rotation of very many Secrets takes its time; a CronJob's own deadline is the better limit. */
#define TIMEOUT_MS ((int64_t)3600 * 1000)

static int print_summary(const struct configuration *configuration,
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

/* What tells of runs tells of no trial; NULL: no file is wanted. */
static const char *metrics_path(const struct configuration *configuration)
{
	bool wanted = is_set(configuration->metrics_file) && !configuration->dry_run;

	return wanted ? configuration->metrics_file : NULL;
}

/* Tell what came of the run, *err, and return it; what can't be told is a failure too. */
static int tell(const struct configuration *configuration, const struct rotate_summary *summary,
    int result, struct error *err)
{
	const char *path = metrics_path(configuration);
	struct error untold = ERROR_INIT;

	if ((result == 0 || err->code != ERROR_USAGE) &&
	    print_summary(configuration, summary, err, &untold) < 0 && result == 0) {
		*err = untold;
		result = -1;
	}
	if (!path || metrics_file_write(path, summary, result == 0, &untold) == 0)
		return result;
	if (result < 0)
		log_write(LOG_ERROR, "%s", untold.message);
	else
		*err = untold;
	return -1;
}

static int run(const struct configuration *configuration, struct error *err)
{
	struct rotate_settings settings;
	struct rotate_summary summary;

	if (configuration_settings(configuration, &settings, err) < 0 ||
	    (metrics_path(configuration) &&
		metrics_file_check(metrics_path(configuration), err) < 0))
		return -1;
	struct http_client *client =
	    http_client_new(clock_now_ms() + configuration->program.timeout_ms, err);
	if (!client)
		return -1;
	int result = rotate(client, &settings, &summary, err);
	result = tell(configuration, &summary, result, err);
	summary_free(&summary);
	http_client_free(client);
	return result;
}

static int refuse_operand(const char *operand, struct error *err)
{
	return error_set(
	    err, ERROR_USAGE, "\"%s\": no operand is wanted: see secret-rotate --help", operand);
}

int main(int argc, char **argv)
{
	static struct configuration configuration = {.keep_versions = ROTATE_KEEP_VERSIONS,
	    .session = VAULT_SESSION_DEFAULTS,
	    .program = {.timeout_ms = TIMEOUT_MS, .retries = 4}};
	struct error err = ERROR_INIT;
	char **operands;
	int count, status = program_start(&secret_rotate_options, &configuration,
		       &configuration.program, STATUS_USAGE, argc, argv, &operands, &count);

	if (status >= 0)
		return status;
	/* Stop between two requests, so that the summary tells how far it came. */
	signals_catch(http_interrupt);
	if ((count > 0 && !configuration.files && refuse_operand(operands[0], &err) < 0) ||
	    program_complete_connection(&configuration.program, &configuration.vault,
		&configuration.session, &configuration.kube, &err) < 0 ||
	    (configuration.files ? files_command(&configuration, operands, (size_t)count, &err)
				 : run(&configuration, &err)) < 0)
		return program_fail(&err, err.code == ERROR_USAGE ? STATUS_USAGE : STATUS_FAILED);
	return 0;
}
