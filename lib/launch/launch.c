#include "lib/launch/launch.h"

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/launch/command.h"

extern char **environ;

/* Everything up to exec; secrets stay in *environment, or in the pipe. */
static int prepare(const struct launch_settings *settings, struct deliver_environment *environment,
    struct error *err)
{
	struct variables variables = {NULL, 0, 0};
	struct deliver_settings delivery = settings->deliver;

	delivery.fd = -1;
	if (delivery.fds.count &&
	    deliver_parse_fd(delivery.fds.items[0], &delivery.fd, &delivery.format, err) < 0)
		return -1;
	struct http_client *client = http_client_new(clock_now_ms() + settings->timeout_ms, err);
	if (!client)
		return -1;
	int result = collect(client, &settings->collect, &variables, err);
	http_client_free(client);
	if (result == 0)
		result = deliver_environment(environment, environ, &variables, &delivery, err);
	if (result == 0 && delivery.fd >= 0)
		result = deliver_pipe(&variables, &delivery, err);
	variables_free(&variables);
	return result;
}

int launch(const struct launch_settings *settings, char **command, struct error *err)
{
	struct deliver_environment environment = {NULL, 0, NULL, 0};
	int result = prepare(settings, &environment, err);

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
	if (settings->check) {
		log_write(LOG_INFO, "check passed: %s would be started", command[0]);
		deliver_environment_free(&environment);
		return 0;
	}
	int status = command_exec(command, environment.strings, err);
	deliver_environment_free(&environment);
	return status;
}
