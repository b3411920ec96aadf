/* deliver_plan: parse the delivery options. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/launch/deliver.h"

/* Lower numbers are stdin, stdout and stderr. */
#define FD_MIN 3
/* The highest descriptor that select(2) and the usual limit of open files allow. */
#define FD_MAX 1023

#define FORMATS "write json, dotenv or nul"

#define MODE_DEFAULT 0400
#define MODE_MAX 0777 /* no set-user-ID, set-group-ID or sticky bit */

/* chown(2) interprets -1 as "unchanged", so it is not an id. */
#define ID_MAX 4294967294L

/* Parse N[:FORMAT] or N=KEY. */
static int parse_pipe(struct deliver_destination *pipe, const char *text, struct error *err)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || number < FD_MIN || number > FD_MAX ||
	    (*end && *end != ':' && *end != '='))
		return error_set(err, ERROR_USAGE,
		    "--fd \"%s\": not valid; write N[:json|dotenv|nul] or N=KEY, with N from %d to %d",
		    text, FD_MIN, FD_MAX);
	pipe->fd = (int)number;
	if (*end == ':' && !serialize_parse_format(end + 1, &pipe->format))
		return error_set(err, ERROR_USAGE, "--fd \"%s\": unknown format; " FORMATS, text);
	if (*end != '=')
		return 0;
	pipe->key = strdup(end + 1);
	return pipe->key ? 0 : error_memory(err);
}

/* Parse :FORMAT or KEY. */
static int parse_memfd(struct deliver_destination *memfd, const char *text, struct error *err)
{
	if (*text == ':') {
		if (serialize_parse_format(text + 1, &memfd->format))
			return 0;
		return error_set(
		    err, ERROR_USAGE, "--memfd \"%s\": unknown format; " FORMATS, text);
	}
	if (!*text)
		return error_set(err, ERROR_USAGE, "--memfd \"\": not valid; write :FORMAT or KEY");
	memfd->key = strdup(text);
	return memfd->key ? 0 : error_memory(err);
}

/* Parse KEY=PATH. */
static int parse_file(struct deliver_destination *file, const char *text, struct error *err)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1])
		return error_set(
		    err, ERROR_USAGE, "--file \"%s\": not valid; write KEY=PATH", text);
	file->path = equals + 1;
	file->key = strndup(text, (size_t)(equals - text));
	return file->key ? 0 : error_memory(err);
}

static const struct {
	const char *option;
	int (*parse)(struct deliver_destination *destination, const char *text, struct error *err);
} destination_kinds[] = {
    [DESTINATION_PIPE] = {"--fd", parse_pipe},
    [DESTINATION_MEMFD] = {"--memfd", parse_memfd},
    [DESTINATION_FILE] = {"--file", parse_file},
};

static int plan_add(struct deliver_plan *plan, enum deliver_kind kind, const struct strings *texts,
    struct error *err)
{
	for (size_t i = 0; i < texts->count; i++) {
		const char *text = texts->items[i];
		struct deliver_destination *added = &plan->items[plan->count++];
		*added = (struct deliver_destination){.kind = kind, .fd = -1};
		added->label = string_format(err, "%s %s", destination_kinds[kind].option, text);
		if (!added->label || destination_kinds[kind].parse(added, text, err) < 0)
			return -1;
	}
	return 0;
}

/* Reject two destinations that the application could not distinguish. */
static int check_pair(const struct deliver_destination *one,
    const struct deliver_destination *other, struct error *err)
{
	if (one->kind != other->kind || one->kind == DESTINATION_FILE)
		return 0;
	if (one->kind == DESTINATION_PIPE && one->fd == other->fd)
		return error_set(err, ERROR_USAGE, "%s and %s: same number; use another for one",
		    one->label, other->label);
	if (!one->key && !other->key)
		return error_set(err, ERROR_USAGE, "%s and %s: only one can take all variables",
		    one->label, other->label);
	if (one->kind == DESTINATION_MEMFD && one->key && other->key &&
	    strcmp(one->key, other->key) == 0)
		return error_set(err, ERROR_USAGE, "%s: given twice", one->label);
	return 0;
}

static int check_pairs(const struct deliver_plan *plan, struct error *err)
{
	for (size_t i = 0; i < plan->count; i++)
		for (size_t j = 0; j < i; j++)
			if (check_pair(&plan->items[j], &plan->items[i], err) < 0)
				return -1;
	return 0;
}

/* Parse digits up to *end.  Return false if there are none, or if the number is above `max`. */
static bool parse_number(const char *text, int base, long max, long *number, char **end)
{
	errno = 0;
	*number = strtol(text, end, base);
	return *text >= '0' && *text <= '9' && errno == 0 && *number <= max;
}

static int parse_mode(struct deliver_plan *plan, const char *text, struct error *err)
{
	char *end;
	long mode = MODE_DEFAULT;

	if (is_set(text) && (!parse_number(text, 8, MODE_MAX, &mode, &end) || *end))
		return error_set(err, ERROR_USAGE,
		    "--file-mode \"%s\": not valid; write permissions in octal, such as 0440",
		    text);
	plan->file_rules.mode = (mode_t)mode;
	return 0;
}

static int parse_owner(struct deliver_plan *plan, const char *text, struct error *err)
{
	char *end;
	long user, group;

	plan->file_rules.user = (uid_t)-1;
	plan->file_rules.group = (gid_t)-1;
	if (!is_set(text))
		return 0;
	bool valid = parse_number(text, 10, ID_MAX, &user, &end);
	if (valid && *end == ':') {
		valid = parse_number(end + 1, 10, ID_MAX, &group, &end);
		plan->file_rules.group = (gid_t)group;
	}
	if (!valid || *end)
		return error_set(err, ERROR_USAGE,
		    "--file-owner \"%s\": not valid; write UID or UID:GID, as numbers", text);
	plan->file_rules.user = (uid_t)user;
	return 0;
}

int deliver_plan_parse(
    struct deliver_plan *plan, const struct launch_settings *settings, struct error *err)
{
	const char *variable = settings->deliver.fd_variable;
	const struct strings *fds = &settings->deliver.fds, *memfds = &settings->deliver.memfds,
			     *files = &settings->deliver.files;

	*plan = (struct deliver_plan){
	    .settings = settings, .file_rules.allow_disk = settings->deliver.allow_disk};
	if (is_set(variable) && !variable_valid_name(variable))
		return error_set(err, ERROR_USAGE,
		    "--fd-variable \"%s\": not a valid environment variable name", variable);
	if (parse_mode(plan, settings->deliver.file_mode, err) < 0 ||
	    parse_owner(plan, settings->deliver.file_owner, err) < 0)
		return -1;
	plan->items = calloc(fds->count + memfds->count + files->count + 1, sizeof(*plan->items));
	if (!plan->items)
		return error_memory(err);
	if (plan_add(plan, DESTINATION_PIPE, fds, err) == 0 &&
	    plan_add(plan, DESTINATION_MEMFD, memfds, err) == 0 &&
	    plan_add(plan, DESTINATION_FILE, files, err) == 0 && check_pairs(plan, err) == 0)
		return 0;
	deliver_plan_free(plan);
	return -1;
}

void deliver_plan_free(struct deliver_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->items[i].label);
		free(plan->items[i].key);
	}
	free(plan->items);
	plan->items = NULL;
	plan->count = 0;
}

const struct deliver_destination *deliver_plan_find_all(
    const struct deliver_plan *plan, enum deliver_kind kind)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->items[i].kind == kind && !plan->items[i].key)
			return &plan->items[i];
	return NULL;
}
