#include "lib/launch/launch.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/launch/command.h"

extern char **environ;

/* 0, or the exit status of what would go wrong with the command.  Names are no secrets. */
static int check(char *const *command, const struct variables *variables, struct error *err)
{
	int status = command_check(command, err);

	if (status)
		return status;
	cleanup_secret struct secret_buffer names = SECRET_BUFFER_INIT;

	for (size_t i = 0; i < variables->count; i++)
		if (secret_buffer_append_string(&names, i ? ", " : "", err) < 0 ||
		    secret_buffer_append_string(&names, variables->items[i].name, err) < 0)
			return COMMAND_FAILED;
	log_write(LOG_INFO, "check passed: %zu variables: %s", variables->count,
	    secret_buffer_string(&names));
	return 0;
}

/*
 * Everything up to exec; secrets stay in *environment, or in the pipe.  0, or the exit status.
 */
static int prepare(const struct launch_settings *settings, char *const *command,
    struct deliver_environment *environment, struct error *err)
{
	struct variables variables = {NULL, 0, 0};
	struct deliver_settings delivery = settings->deliver;

	delivery.fd = -1;
	if (delivery.fds.count &&
	    deliver_parse_fd(delivery.fds.items[0], &delivery.fd, &delivery.format, err) < 0)
		return COMMAND_FAILED;
	struct http_client *client = http_client_new(clock_now_ms() + settings->timeout_ms, err);
	if (!client)
		return COMMAND_FAILED;
	int result = collect(client, &settings->collect, &variables, err);
	http_client_free(client);
	if (result == 0)
		result = deliver_environment(environment, environ, &variables, &delivery, err);
	if (result == 0 && delivery.fd >= 0)
		result = deliver_pipe(&variables, &delivery, err);
	int status = result < 0 ? COMMAND_FAILED : 0;
	if (status == 0 && settings->check)
		status = check(command, &variables, err);
	variables_free(&variables);
	return status;
}

int launch(const struct launch_settings *settings, char **command, struct error *err)
{
	struct deliver_environment environment = {NULL, 0, NULL, 0};
	int status = prepare(settings, command, &environment, err);

	/* In this order: a signal that comes after the question ends us, instead of being lost. */
	command_restore_signals();
	int caught = command_caught_signal();
	if (status || caught || settings->check) {
		deliver_environment_free(&environment);
		if (caught)
			error_set(err, ERROR_INTERRUPTED,
			    "ended by signal %d before %s was started", caught, command[0]);
		return caught ? 128 + caught : status;
	}
	status = command_exec(command, environment.strings, err);
	deliver_environment_free(&environment);
	return status;
}
