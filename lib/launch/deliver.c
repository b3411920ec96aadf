/* deliver: prepare and commit a delivery according to its plan. */
#include "lib/launch/deliver.h"

#include <string.h>

#include "lib/base/cleanup.h"

int deliver_plan_reserve(const struct deliver_plan *plan, char *const *command, struct error *err)
{
	char **filled = deliver_fill_command(plan, NULL, command, err);
	int result = filled ? 0 : -1;

	for (size_t i = 0; result == 0 && i < plan->count; i++)
		if (plan->items[i].kind == DESTINATION_PIPE)
			result = fd_reserve(plan->items[i].fd, err);
	deliver_free_command(filled);
	return result;
}

char **deliver_preview_command(
    const struct launch_settings *settings, char *const *command, struct error *err)
{
	struct deliver_plan plan;

	if (deliver_plan_parse(&plan, settings, err) < 0)
		return NULL;
	char **filled = deliver_fill_command(&plan, NULL, command, err);
	deliver_plan_free(&plan);
	return filled;
}

/* The variables that no --file, --memfd or --fd names. */
struct shared {
	const struct variable **environment, **together; /* for the pipe or memfd of all */
	size_t environment_count, together_count;
};

static int check_destination_keys(
    const struct deliver_plan *plan, const struct variables *variables, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct deliver_destination *destination = &plan->items[i];
		cleanup_secret struct secret_buffer names = SECRET_BUFFER_INIT;
		if (!destination->key || variables_find(variables, destination->key))
			continue;
		if (variables->count == 0)
			return error_set(err, ERROR_INVALID,
			    "%s: no secret \"%s\"; no source has a value", destination->label,
			    destination->key);
		if (variables_names(variables, &names, err) < 0)
			return -1;
		return error_set(err, ERROR_INVALID, "%s: no secret \"%s\"; use one of: %s",
		    destination->label, destination->key, secret_buffer_string(&names));
	}
	return 0;
}

static bool has_destination(const struct deliver_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].key && strcmp(plan->items[i].key, name) == 0)
			return true;
	return false;
}

static int divide_variables(struct shared *shared, const struct deliver_plan *plan,
    const struct variables *variables, struct error *err)
{
	bool together = deliver_plan_find_all(plan, DESTINATION_PIPE) ||
			deliver_plan_find_all(plan, DESTINATION_MEMFD);

	shared->environment = calloc(variables->count + 1, sizeof(struct variable *));
	shared->together = calloc(variables->count + 1, sizeof(struct variable *));
	if (!shared->environment || !shared->together)
		return error_memory(err);
	for (size_t i = 0; i < variables->count; i++) {
		const struct variable *variable = &variables->items[i];
		if (has_destination(plan, variable->name))
			continue;
		if (!together ||
		    strings_match(&plan->settings->deliver.environment, variable->name))
			shared->environment[shared->environment_count++] = variable;
		else
			shared->together[shared->together_count++] = variable;
	}
	return 0;
}

static int prepare_file(struct launch_delivery *delivery, const struct deliver_plan *plan,
    const struct deliver_destination *destination, const struct secret_buffer *value,
    struct error *err)
{
	struct file *file = &delivery->files[delivery->file_count++];

	if (file_prepare(file, destination->path, value, &plan->file_rules, err) < 0)
		return -1;
	for (size_t i = 0; i + 1 < delivery->file_count; i++)
		if (file_same_place(file, &delivery->files[i]))
			return error_set(err, ERROR_USAGE, "another --file has the same path");
	return 0;
}

static int prepare_destination(struct launch_delivery *delivery, const struct deliver_plan *plan,
    size_t index, const struct secret_buffer *content, struct error *err)
{
	const struct deliver_destination *destination = &plan->items[index];

	switch (destination->kind) {
	case DESTINATION_PIPE:
		if (fd_reserve(destination->fd, err) < 0 ||
		    fd_fill_pipe(destination->fd, content, err) < 0)
			return -1;
		delivery->fds[index] = destination->fd;
		return 0;
	case DESTINATION_MEMFD:
		delivery->fds[index] = fd_make_memfd(content, err);
		return delivery->fds[index] < 0 ? -1 : 0;
	case DESTINATION_FILE:
		break;
	}
	return prepare_file(delivery, plan, destination, content, err) < 0
		   ? error_wrap(err, "%s", destination->label)
		   : 0;
}

static int prepare_destinations(struct launch_delivery *delivery, const struct deliver_plan *plan,
    const struct shared *shared, const struct variables *variables, struct error *err)
{
	delivery->fds = calloc(plan->count + 1, sizeof(*delivery->fds));
	delivery->files = calloc(plan->count + 1, sizeof(*delivery->files));
	if (!delivery->fds || !delivery->files)
		return error_memory(err);
	while (delivery->fd_count < plan->count)
		delivery->fds[delivery->fd_count++] = -1;
	for (size_t i = 0; i < plan->count; i++) {
		const struct deliver_destination *destination = &plan->items[i];
		cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
		const struct secret_buffer *content = &text;
		if (destination->key)
			content = &variables_find(variables, destination->key)->value;
		else if (serialize_variables(shared->together, shared->together_count,
			     destination->format, &plan->settings->deliver.allow, &text, err) < 0)
			return -1;
		if (prepare_destination(delivery, plan, i, content, err) < 0)
			return -1;
	}
	return 0;
}

static int prepare_all(struct launch_delivery *delivery, const struct deliver_plan *plan,
    char *const *environment, char *const *command, const struct variables *variables,
    struct shared *shared, struct error *err)
{
	const struct deliver_destination *pipe = deliver_plan_find_all(plan, DESTINATION_PIPE);

	if (check_destination_keys(plan, variables, err) < 0 ||
	    divide_variables(shared, plan, variables, err) < 0 ||
	    env_build(&delivery->env, environment, shared->environment, shared->environment_count,
		pipe ? pipe->fd : -1, plan->settings, err) < 0 ||
	    prepare_destinations(delivery, plan, shared, variables, err) < 0)
		return -1;
	delivery->command = deliver_fill_command(plan, delivery->fds, command, err);
	return delivery->command ? env_check_size(&delivery->env, delivery->command, err) : -1;
}

int deliver_prepare(struct launch_delivery *delivery, const struct deliver_plan *plan,
    char *const *environment, char *const *command, const struct variables *variables,
    struct error *err)
{
	struct shared shared = {NULL, NULL, 0, 0};

	memset(delivery, 0, sizeof(*delivery));
	delivery->denied = plan->denies_token ? plan->settings : NULL;
	int result = prepare_all(delivery, plan, environment, command, variables, &shared, err);
	free(shared.environment);
	free(shared.together);
	if (result < 0)
		deliver_free(delivery);
	return result;
}

int deliver_commit(struct launch_delivery *delivery, struct error *err)
{
	for (size_t i = 0; i < delivery->file_count; i++)
		if (file_place(&delivery->files[i], err) < 0)
			return error_wrap(err, "--file: %s", delivery->files[i].output.name);
	return 0;
}

void deliver_rollback(struct launch_delivery *delivery)
{
	for (size_t i = 0; i < delivery->file_count; i++)
		file_remove(&delivery->files[i]);
}

void deliver_free(struct launch_delivery *delivery)
{
	env_free(&delivery->env);
	deliver_free_command(delivery->command);
	for (size_t i = 0; i < delivery->fd_count; i++)
		if (delivery->fds[i] >= 0)
			close(delivery->fds[i]);
	free(delivery->fds);
	for (size_t i = 0; i < delivery->file_count; i++)
		file_free(&delivery->files[i]);
	free(delivery->files);
	memset(delivery, 0, sizeof(*delivery));
}

int deliver_exec(struct launch_delivery *delivery, struct error *err)
{
	int status = deliver_commit(delivery, err) < 0 ? COMMAND_FAILED : 0;
	int caught = command_interrupted(delivery->command[0], err);

	if (caught)
		status = caught;
	else if (status == 0 && delivery->denied && landlock_deny(delivery->denied, err) < 0)
		status = COMMAND_FAILED;
	else if (status == 0)
		status = command_exec(delivery->command, delivery->env.strings, err);
	deliver_rollback(delivery);
	deliver_free(delivery);
	return status;
}
