#include "lib/launch/start.h"

#include "lib/base/clock.h"
#include "lib/base/input_file.h"
#include "lib/launch/command.h"
#include "lib/launch/launch.h"

/* What one use of the network has: a client, and the settings with the same time limit. */
static struct http_client *begin(
    const struct launch_settings *settings, struct collect_settings *collecting, struct error *err)
{
	int64_t deadline_ms = clock_now_ms() + settings->timeout_ms;

	*collecting = settings->collect;
	collecting->kube.deadline_ms = deadline_ms;
	input_file_set_deadline(deadline_ms);
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

static int decrypt(
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

int start_collect(const struct launch_settings *settings, const struct watch_key *key,
    struct gate_mark *mark, struct variables *variables, struct error *err)
{
	if (key && start_fingerprint(settings, mark->fingerprint, err) < 0)
		return -1;
	if (decrypt(settings, variables, err) < 0)
		return -1;
	return key ? variables_digest(variables, key->bytes, mark->digest, err) : 0;
}

int start_interrupted(const char *name, struct error *err)
{
	/* In this order: a signal that comes after the question ends us, instead of being lost. */
	command_end_on_signals();
	int caught = command_caught_signal();
	if (!caught)
		return 0;
	error_set(err, ERROR_INTERRUPTED, "ended by signal %d before %s was started", caught, name);
	return 128 + caught;
}

int start_finish(struct delivery *delivery, struct error *err)
{
	int status = deliver_commit(delivery, err) < 0 ? COMMAND_FAILED : 0;
	int interrupted = start_interrupted(delivery->command[0], err);

	if (interrupted)
		status = interrupted;
	else if (status == 0)
		status = command_exec(delivery->command, delivery->environment.strings, err);
	deliver_withdraw(delivery);
	deliver_free(delivery);
	return status;
}
