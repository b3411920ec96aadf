/* launch: run the steps of a start, in this process or in a child of init. */
#include "lib/launch/launch.h"

#include <openssl/rand.h>

#include "lib/base/log.h"
#include "lib/launch/init.h"

extern char **environ;

/* -- settings --------------------------------------------------------------------------------- */

static int check_watch(const struct launch_settings *settings, struct error *err)
{
	if (settings->watch.interval_ms == 0)
		return error_set(
		    err, ERROR_USAGE, "--watch-interval 0: must be more than 0, such as 30s");
	if (settings->sources.secrets.count + settings->sources.directories.count +
		settings->sources.documents.count + settings->sources.env_files.count +
		settings->sources.plain_secrets.count + settings->sources.config_maps.count ==
	    0)
		return error_set(err, ERROR_USAGE,
		    "--watch cannot see changes of environment variables; use --secret or --secret-dir");
	if (settings->watch.signal && settings->deliver.files.count == 0)
		return error_set(err, ERROR_USAGE,
		    "--watch-signal: only files can be renewed for a running process; use --file, "
		    "or omit --watch-signal to restart the command");
	return 0;
}

int launch_check_settings(const struct launch_settings *settings, struct error *err)
{
	bool watched = settings->watch.enabled, group = settings->init.group;
	int number;

	if (!settings->init.enabled && (group || watched))
		return error_set(
		    err, ERROR_USAGE, "--%s needs --init", group ? "init-group" : "watch");
	if (settings->watch.signal && !watched)
		return error_set(err, ERROR_USAGE, "--watch-signal needs --watch");
	if (command_parse_signal(settings->init.stop_signal, &number, err) < 0)
		return error_wrap(err, "--stop-signal");
	if (settings->watch.signal &&
	    command_parse_signal(settings->watch.signal, &number, err) < 0)
		return error_wrap(err, "--watch-signal");
	return watched ? check_watch(settings, err) : 0;
}

/* -- the launch ------------------------------------------------------------------------------- */

struct launch_ctx {
	const struct launch_settings *settings;
	struct deliver_plan plan;
	char *const *command;
	bool watched;
	uint8_t key[VARIABLES_DIGEST_SIZE]; /* key of the plaintext digests, if watched */
};

/*
 * Complete --check, with the rights that the command would have: log the names.  Return 0, or the
 * exit status that the command would have.
 */
static int check_start(const struct launch_delivery *delivery, char *const *command,
    const struct variables *variables, struct error *err)
{
	if (delivery->denied && landlock_deny(delivery->denied, err) < 0)
		return COMMAND_FAILED;
	int status = command_check(command, err);
	if (status)
		return status;
	cleanup_secret struct secret_buffer names = SECRET_BUFFER_INIT;

	if (variables_names(variables, &names, err) < 0)
		return COMMAND_FAILED;
	if (variables->count == 0)
		log_write(LOG_INFO, "check passed: no variables");
	else
		log_write(LOG_INFO, "check passed: %zu variables: %s", variables->count,
		    secret_buffer_string(&names));
	return 0;
}

/* Collect the secrets and prepare their delivery.  Return 0, or the exit status. */
static int prepare(const struct launch_ctx *context, struct launch_delivery *delivery,
    struct collect_digests *digests, struct error *err)
{
	const struct launch_settings *settings = context->settings;
	const uint8_t *key = context->watched ? context->key : NULL;
	struct variables variables = {NULL, 0, 0};
	int result = collect_with_digests(settings, key, digests, &variables, err);

	if (result == 0)
		result = deliver_prepare(
		    delivery, &context->plan, environ, context->command, &variables, err);
	int status = result < 0 ? COMMAND_FAILED : 0;
	if (status == 0 && settings->check)
		status = check_start(delivery, context->command, &variables, err);
	variables_free(&variables);
	return status;
}

/* Become the application in this process.  `child` is NULL without --init. */
static int launch_here(
    const struct launch_ctx *context, struct init_child *child, struct error *err)
{
	struct launch_delivery delivery = {.file_count = 0};
	struct collect_digests digests;
	int status = prepare(context, &delivery, &digests, err);

	if (status == 0 && context->watched &&
	    channel_send(&child->channel, CHANNEL_READY, &digests, err) < 0)
		status = COMMAND_FAILED;
	if (child)
		init_release(child);
	if (status == 0 && !context->settings->check)
		return deliver_exec(&delivery, err);
	deliver_free(&delivery);
	int caught = command_interrupted(context->command[0], err);
	return caught ? caught : status;
}

static int start_job(struct init_child *child, struct error *err)
{
	return launch_here(child->context, child, err);
}

static int watch_job(struct init_child *child, struct error *err)
{
	const struct launch_ctx *context = child->context;

	return watch_run(&context->plan, context->command, context->key, child, err);
}

static int launch_run(struct launch_ctx *context, struct error *err)
{
	const struct launch_settings *settings = context->settings;
	struct init_jobs jobs = {.start = start_job, .context = context};

	/* Reserve the descriptors before anything else is opened. */
	if (deliver_plan_reserve(&context->plan, context->command, err) < 0)
		return COMMAND_FAILED;
	if (!settings->init.enabled || settings->check)
		return launch_here(context, NULL, err);
	if (settings->watch.enabled) {
		context->watched = true;
		RAND_bytes(context->key, sizeof(context->key));
		jobs.watch = watch_job;
	}
	return init_run(settings, &jobs, err);
}

int launch(const struct launch_settings *settings, char **command, struct error *err)
{
	struct launch_ctx context = {.settings = settings, .command = command};

	if (deliver_plan_parse(&context.plan, settings, err) < 0)
		return COMMAND_FAILED;
	int status = landlock_plan(&context.plan, command, err) < 0 ? COMMAND_FAILED
								    : launch_run(&context, err);
	deliver_plan_free(&context.plan);
	return status;
}
