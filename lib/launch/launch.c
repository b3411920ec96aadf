#include "lib/launch/launch.h"

#include "lib/base/log.h"
#include "lib/launch/command.h"
#include "lib/launch/signal_name.h"
#include "lib/launch/start.h"

extern char **environ;

/* A launch under an init, as its children have it. */
struct supervised {
	const struct launch_settings *settings;
	char *const *command;
	struct watch_key key;
};

/* 0, or the exit status of what would go wrong with the command. */
static int check(char *const *command, const struct variables *variables, struct error *err)
{
	int status = command_check(command, err);

	if (status)
		return status;
	cleanup_secret struct secret_buffer names = SECRET_BUFFER_INIT;

	if (variables_names(variables, &names, err) < 0)
		return COMMAND_FAILED;
	log_write(LOG_INFO, "check passed: %zu variables: %s", variables->count,
	    secret_buffer_string(&names));
	return 0;
}

/* Everything that needs no place yet; secrets stay in *delivery.  0, or the exit status. */
static int prepare(const struct launch_settings *settings, char *const *command,
    struct delivery *delivery, const struct watch_key *key, struct gate_mark *mark,
    struct error *err)
{
	struct variables variables = {NULL, 0, 0};
	int result = start_collect(settings, key, mark, &variables, err);

	if (result == 0)
		result = deliver_prepare(
		    delivery, environ, command, &variables, &settings->deliver, err);
	int status = result < 0 ? COMMAND_FAILED : 0;
	if (status == 0 && settings->check)
		status = check(command, &variables, err);
	variables_free(&variables);
	return status;
}

/*
 * Become the application: in init's `child`, or in a process of our own where that is NULL.  With a
 * key, init is told what a candidate will go by.
 */
static int launch_here(const struct launch_settings *settings, char *const *command,
    struct init_child *child, const struct watch_key *key, struct error *err)
{
	struct delivery delivery = {.file_count = 0};
	struct gate_mark mark;
	int status = prepare(settings, command, &delivery, key, &mark, err);

	if (status == 0 && key && gate_say(&child->gate, GATE_READY, &mark, err) < 0)
		status = COMMAND_FAILED;
	if (child)
		init_release(child);
	if (status == 0 && !settings->check)
		return start_finish(&delivery, err);
	deliver_free(&delivery);
	int interrupted = start_interrupted(command[0], err);
	return interrupted ? interrupted : status;
}

static int start_supervised(struct init_child *child, struct error *err)
{
	const struct supervised *context = child->context;
	bool watched = context->settings->watch.enabled;

	return launch_here(
	    context->settings, context->command, child, watched ? &context->key : NULL, err);
}

static int watch_supervised(struct init_child *child, struct error *err)
{
	const struct supervised *context = child->context;

	return watch(context->settings, context->command, &context->key, child, err);
}

int launch(const struct launch_settings *settings, char **command, struct error *err)
{
	struct supervised context = {.settings = settings, .command = command};
	struct init_jobs jobs = {.start = start_supervised, .context = &context};
	struct init_settings init = settings->init;

	/* Before init opens anything. */
	if (deliver_begin(&settings->deliver, command, err) < 0)
		return COMMAND_FAILED;
	if (!settings->init.enabled || settings->check)
		return launch_here(settings, command, NULL, NULL, err);
	if (settings->watch.enabled) {
		watch_key_make(&context.key);
		jobs.watch = watch_supervised;
		init.pause_ms = settings->watch.interval_ms;
	}
	return init_run(&init, &jobs, err);
}

static int check_watch(const struct launch_settings *settings, struct error *err)
{
	const struct source_settings *sources = &settings->collect.sources;

	if (settings->watch.interval_ms == 0)
		return error_set(
		    err, ERROR_USAGE, "--watch-interval 0 would never rest: write 30s, or 1m");
	if (sources->secrets.count + sources->directories.count + sources->documents.count +
		sources->env_files.count + sources->plain_secrets.count +
		sources->config_maps.count ==
	    0)
		return error_set(err, ERROR_USAGE,
		    "--watch: what stands in the environment never changes while a process lives: "
		    "name the Secret with --secret, or mount it and name it with --secret-dir");
	if (settings->init.renew_signal && settings->deliver.files.count == 0)
		return error_set(err, ERROR_USAGE,
		    "--watch-signal: nothing can be renewed for a running process but the files of "
		    "--file: deliver that way, or let the application be started anew");
	return 0;
}

int launch_check_settings(const struct launch_settings *settings, struct error *err)
{
	const struct init_settings *init = &settings->init;
	int number;

	if (!init->enabled && (init->group || settings->watch.enabled))
		return error_set(
		    err, ERROR_USAGE, "--%s needs --init", init->group ? "init-group" : "watch");
	if (init->renew_signal && !settings->watch.enabled)
		return error_set(err, ERROR_USAGE, "--watch-signal needs --watch");
	if (signal_name_parse(init->stop_signal, &number, err) < 0)
		return error_wrap(err, "--stop-signal");
	if (init->renew_signal && signal_name_parse(init->renew_signal, &number, err) < 0)
		return error_wrap(err, "--watch-signal");
	return settings->watch.enabled ? check_watch(settings, err) : 0;
}
