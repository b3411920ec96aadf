#include "lib/launch/deliver.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/content.h"
#include "lib/launch/deliver_command.h"
#include "lib/launch/deliver_destination.h"
#include "lib/launch/deliver_file.h"
#include "lib/launch/environment_rules.h"
#include "lib/launch/memfd.h"
#include "lib/launch/pipe.h"

/* A start's variables, each on its way. */
struct plan {
	const struct deliver_settings *settings;
	const struct variables *variables;
	struct destinations destinations;
	struct file_rules file_rules;
	const struct variable **environment, **together; /* for the destinations of all */
	size_t environment_count, together_count;
};

static void free_plan(struct plan *plan)
{
	destinations_free(&plan->destinations);
	free(plan->environment);
	free(plan->together);
}

int deliver_begin(const struct deliver_settings *settings, char *const *command, struct error *err)
{
	struct destinations destinations;
	struct file_rules rules;

	if (is_set(settings->fd_variable) && !variable_valid_name(settings->fd_variable))
		return error_set(err, ERROR_USAGE,
		    "--fd-variable \"%s\" can't be an environment variable's name",
		    settings->fd_variable);
	if (file_rules_parse(&rules, settings, err) < 0 ||
	    destinations_parse(&destinations, settings, err) < 0)
		return -1;
	char **filled = deliver_command_fill(command, &destinations, err);
	int result = filled ? 0 : -1;
	for (size_t i = 0; result == 0 && i < destinations.count; i++)
		if (destinations.items[i].kind == DESTINATION_PIPE)
			result = pipe_reserve(destinations.items[i].fd, err);
	deliver_command_free(filled);
	destinations_free(&destinations);
	return result;
}

char **deliver_preview_command(
    const struct deliver_settings *settings, char *const *command, struct error *err)
{
	struct destinations destinations;

	if (destinations_parse(&destinations, settings, err) < 0)
		return NULL;
	char **filled = deliver_command_fill(command, &destinations, err);
	destinations_free(&destinations);
	return filled;
}

static int unknown(
    const struct destination *destination, const struct variables *variables, struct error *err)
{
	cleanup_secret struct secret_buffer names = SECRET_BUFFER_INIT;

	if (variables_names(variables, &names, err) < 0)
		return -1;
	return error_set(err, ERROR_INVALID, "%s: there is no secret \"%s\", only: %s",
	    destination->label, destination->key, secret_buffer_string(&names));
}

static bool goes_alone(const struct plan *plan, const struct variable *variable)
{
	for (size_t i = 0; i < plan->destinations.count; i++) {
		const char *key = plan->destinations.items[i].key;
		if (key && strcmp(key, variable->name) == 0)
			return true;
	}
	return false;
}

static bool goes_to_environment(const struct plan *plan, const struct variable *variable)
{
	if (!destinations_for_all(&plan->destinations, DESTINATION_PIPE) &&
	    !destinations_for_all(&plan->destinations, DESTINATION_MEMFD))
		return true;
	return strings_match(&plan->settings->environment, variable->name);
}

/* Who goes where. */
static int make_plan(struct plan *plan, struct error *err)
{
	const struct variables *variables = plan->variables;

	if (file_rules_parse(&plan->file_rules, plan->settings, err) < 0 ||
	    destinations_parse(&plan->destinations, plan->settings, err) < 0)
		return -1;
	for (size_t i = 0; i < plan->destinations.count; i++) {
		const struct destination *destination = &plan->destinations.items[i];
		if (destination->key && !variables_find(variables, destination->key))
			return unknown(destination, variables, err);
	}
	plan->environment = calloc(variables->count + 1, sizeof(struct variable *));
	plan->together = calloc(variables->count + 1, sizeof(struct variable *));
	if (!plan->environment || !plan->together)
		return error_memory(err);
	for (size_t i = 0; i < variables->count; i++) {
		const struct variable *variable = &variables->items[i];
		if (goes_alone(plan, variable))
			continue;
		if (goes_to_environment(plan, variable))
			plan->environment[plan->environment_count++] = variable;
		else
			plan->together[plan->together_count++] = variable;
	}
	return 0;
}

/* A pipe, and whatever is open from here on, is closed by deliver_free. */
static void add_descriptor(struct delivery *delivery, int fd)
{
	delivery->descriptors[delivery->descriptor_count++] = fd;
}

static int make_descriptor(struct delivery *delivery, struct destination *destination,
    const struct secret_buffer *content, struct error *err)
{
	if (destination->kind == DESTINATION_PIPE) {
		if (pipe_reserve(destination->fd, err) < 0 ||
		    pipe_fill(destination->fd, content, err) < 0)
			return -1;
	} else {
		destination->fd = memfd_make(content, err);
		if (destination->fd < 0)
			return -1;
	}
	add_descriptor(delivery, destination->fd);
	return 0;
}

static int make_file(struct delivery *delivery, const struct destination *destination,
    const struct secret_buffer *value, const struct file_rules *rules, struct error *err)
{
	struct file *file = &delivery->files[delivery->file_count++];

	if (deliver_file(file, destination->path, value, rules, err) < 0)
		return error_wrap(err, "%s", destination->label);
	for (size_t i = 0; i + 1 < delivery->file_count; i++)
		if (file_same_place(file, &delivery->files[i]))
			return error_set(err, ERROR_USAGE,
			    "%s: another --file goes to the same place", destination->label);
	return 0;
}

static int make_destination(struct delivery *delivery, const struct plan *plan,
    struct destination *destination, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	const struct secret_buffer *content = &text;

	if (destination->key)
		content = &variables_find(plan->variables, destination->key)->value;
	else if (content_write(plan->together, plan->together_count, destination->format,
		     &plan->settings->allow, &text, err) < 0)
		return -1;
	if (destination->kind == DESTINATION_FILE)
		return make_file(delivery, destination, content, &plan->file_rules, err);
	return make_descriptor(delivery, destination, content, err);
}

static int prepare(struct delivery *delivery, char *const *environment, char *const *command,
    struct plan *plan, struct error *err)
{
	size_t count = plan->destinations.count;
	const struct destination *pipe =
	    destinations_for_all(&plan->destinations, DESTINATION_PIPE);

	delivery->descriptors = calloc(count + 1, sizeof(*delivery->descriptors));
	delivery->files = calloc(count + 1, sizeof(*delivery->files));
	if (!delivery->descriptors || !delivery->files)
		return error_memory(err);
	if (environment_make(&delivery->environment, environment, plan->environment,
		plan->environment_count, pipe ? pipe->fd : -1, plan->settings, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (make_destination(delivery, plan, &plan->destinations.items[i], err) < 0)
			return -1;
	delivery->command = deliver_command_fill(command, &plan->destinations, err);
	if (!delivery->command)
		return -1;
	return environment_check_total(&delivery->environment, delivery->command, err);
}

int deliver_prepare(struct delivery *delivery, char *const *environment, char *const *command,
    const struct variables *variables, const struct deliver_settings *settings, struct error *err)
{
	struct plan plan = {.settings = settings, .variables = variables};

	memset(delivery, 0, sizeof(*delivery));
	int result = make_plan(&plan, err);
	if (result == 0)
		result = prepare(delivery, environment, command, &plan, err);
	free_plan(&plan);
	if (result < 0)
		deliver_free(delivery);
	return result;
}

int deliver_commit(struct delivery *delivery, struct error *err)
{
	for (size_t i = 0; i < delivery->file_count; i++)
		if (file_place(&delivery->files[i], err) < 0)
			return error_wrap(err, "--file: %s", delivery->files[i].name);
	return 0;
}

void deliver_withdraw(struct delivery *delivery)
{
	for (size_t i = 0; i < delivery->file_count; i++)
		file_remove(&delivery->files[i]);
}

void deliver_free(struct delivery *delivery)
{
	environment_free(&delivery->environment);
	deliver_command_free(delivery->command);
	for (size_t i = 0; i < delivery->descriptor_count; i++)
		close(delivery->descriptors[i]);
	free(delivery->descriptors);
	for (size_t i = 0; i < delivery->file_count; i++)
		file_free(&delivery->files[i]);
	free(delivery->files);
	memset(delivery, 0, sizeof(*delivery));
}
