#include "lib/launch/start.h"

#include "lib/base/clock.h"
#include "lib/launch/command.h"
#include "lib/launch/launch.h"

extern char **environ;

/* What one use of the network has: a client, and the settings with the same time limit. */
static struct http_client *begin(
    const struct launch_settings *settings, struct collect_settings *collecting, struct error *err)
{
	int64_t deadline_ms = clock_now_ms() + settings->timeout_ms;

	*collecting = settings->collect;
	collecting->kube.deadline_ms = deadline_ms;
	return http_client_new(deadline_ms, err);
}

int start_fingerprint(const struct launch_settings *settings,
    uint8_t fingerprint[COLLECT_DIGEST_SIZE], struct error *err)
{
	struct collect_settings collecting;
	struct http_client *client = begin(settings, &collecting, err);

	if (!client)
		return -1;
	int result = collect_fingerprint(client, &collecting, fingerprint, err);
	http_client_free(client);
	return result;
}

int start_collect(
    const struct launch_settings *settings, struct variables *variables, struct error *err)
{
	struct collect_settings collecting;
	struct http_client *client = begin(settings, &collecting, err);

	if (!client)
		return -1;
	int result = collect(client, &collecting, variables, err);
	http_client_free(client);
	return result;
}

int start_prepare(struct start *start, const struct launch_settings *settings, char *const *command,
    const struct variables *variables, struct error *err)
{
	struct deliver_settings delivery = settings->deliver;

	(void)command;
	delivery.fd = -1;
	if (delivery.fds.count &&
	    deliver_parse_fd(delivery.fds.items[0], &delivery.fd, &delivery.format, err) < 0)
		return -1;
	if (deliver_environment(&start->environment, environ, variables, &delivery, err) < 0)
		return -1;
	return delivery.fd < 0 ? 0 : deliver_pipe(variables, &delivery, err);
}

int start_commit(struct start *start, struct error *err)
{
	(void)start;
	(void)err;
	return 0;
}

int start_interrupted(char *const *command, struct error *err)
{
	/* In this order: a signal that comes after the question ends us, instead of being lost. */
	command_restore_signals();
	int caught = command_caught_signal();
	if (!caught)
		return 0;
	error_set(
	    err, ERROR_INTERRUPTED, "ended by signal %d before %s was started", caught, command[0]);
	return 128 + caught;
}

int start_finish(struct start *start, char *const *command, struct error *err)
{
	int status = start_commit(start, err) < 0 ? COMMAND_FAILED : 0;
	int interrupted = start_interrupted(command, err);

	if (interrupted)
		status = interrupted;
	else if (status == 0)
		status = command_exec(command, start->environment.strings, err);
	start_free(start);
	return status;
}

void start_free(struct start *start)
{
	deliver_environment_free(&start->environment);
}
