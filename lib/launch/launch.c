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

/* Everything up to exec; secrets stay in *delivery.  0, or the exit status. */
static int prepare(const struct launch_settings *settings, char *const *command,
    struct delivery *delivery, struct error *err)
{
	struct variables variables = {NULL, 0, 0};

	if (deliver_begin(&settings->deliver, command, err) < 0)
		return COMMAND_FAILED;
	struct http_client *client = http_client_new(clock_now_ms() + settings->timeout_ms, err);
	if (!client)
		return COMMAND_FAILED;
	int result = collect(client, &settings->collect, &variables, err);
	http_client_free(client);
	if (result == 0)
		result = deliver_prepare(
		    delivery, environ, command, &variables, &settings->deliver, err);
	int status = result < 0 ? COMMAND_FAILED : 0;
	if (status == 0 && settings->check)
		status = check(command, &variables, err);
	variables_free(&variables);
	if (status == 0 && !settings->check && deliver_commit(delivery, err) < 0)
		status = COMMAND_FAILED;
	return status;
}

int launch(const struct launch_settings *settings, char **command, struct error *err)
{
	struct delivery delivery = {.file_count = 0};
	int status = prepare(settings, command, &delivery, err);

	/* In this order: a signal that comes after the question ends us, instead of being lost. */
	command_restore_signals();
	int caught = command_caught_signal();
	if (caught) {
		error_set(err, ERROR_INTERRUPTED, "ended by signal %d before %s was started",
		    caught, command[0]);
		status = 128 + caught;
	} else if (status == 0 && !settings->check) {
		status = command_exec(delivery.command, delivery.environment.strings, err);
	}
	deliver_withdraw(&delivery);
	deliver_free(&delivery);
	return status;
}
