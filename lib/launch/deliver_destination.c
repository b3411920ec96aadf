#include "lib/launch/deliver_destination.h"

#include <stdlib.h>
#include <string.h>

#include "lib/launch/deliver.h"

/* Below are stdin, stdout and stderr. */
#define FD_MIN 3
/* What select(2) can hold, and most limits of open files allow. */
#define FD_MAX 1023

#define FORMATS "json, dotenv or nul"

/* N[:FORMAT] or N=KEY */
static int parse_pipe(struct destination *pipe, const char *text, struct error *err)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || number < FD_MIN || number > FD_MAX ||
	    (*end && *end != ':' && *end != '='))
		return error_set(err, ERROR_USAGE,
		    "--fd \"%s\": write N[:json|dotenv|nul] or N=KEY, with N from %d to %d", text,
		    FD_MIN, FD_MAX);
	pipe->fd = (int)number;
	if (*end == ':' && !content_parse_format(end + 1, &pipe->format))
		return error_set(err, ERROR_USAGE, "--fd \"%s\": the format is " FORMATS, text);
	if (*end != '=')
		return 0;
	pipe->key = strdup(end + 1);
	return pipe->key ? 0 : error_memory(err);
}

/* :FORMAT or KEY */
static int parse_memfd(struct destination *memfd, const char *text, struct error *err)
{
	if (*text == ':') {
		if (content_parse_format(text + 1, &memfd->format))
			return 0;
		return error_set(err, ERROR_USAGE, "--memfd \"%s\": the format is " FORMATS, text);
	}
	if (!*text)
		return error_set(err, ERROR_USAGE, "--memfd \"\": write :FORMAT or KEY");
	memfd->key = strdup(text);
	return memfd->key ? 0 : error_memory(err);
}

/* KEY=PATH */
static int parse_file(struct destination *file, const char *text, struct error *err)
{
	const char *equals = strchr(text, '=');

	if (!equals || equals == text || !equals[1])
		return error_set(err, ERROR_USAGE, "--file \"%s\": write KEY=PATH", text);
	file->path = equals + 1;
	file->key = strndup(text, (size_t)(equals - text));
	return file->key ? 0 : error_memory(err);
}

static const struct {
	const char *option;
	int (*parse)(struct destination *destination, const char *text, struct error *err);
} kinds[] = {
    [DESTINATION_PIPE] = {"--fd", parse_pipe},
    [DESTINATION_MEMFD] = {"--memfd", parse_memfd},
    [DESTINATION_FILE] = {"--file", parse_file},
};

static int add(struct destinations *destinations, enum destination_kind kind,
    const struct strings *texts, struct error *err)
{
	for (size_t i = 0; i < texts->count; i++) {
		struct destination *added = &destinations->items[destinations->count++];
		added->kind = kind;
		added->fd = -1;
		added->label = string_format(err, "%s %s", kinds[kind].option, texts->items[i]);
		if (!added->label || kinds[kind].parse(added, texts->items[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Two that the application could not tell apart, or that can't both be. */
static int compare(
    const struct destination *one, const struct destination *other, struct error *err)
{
	if (one->kind != other->kind || one->kind == DESTINATION_FILE)
		return 0;
	if (one->kind == DESTINATION_PIPE && one->fd == other->fd)
		return error_set(err, ERROR_USAGE, "%s and %s: one number can't be two pipes",
		    one->label, other->label);
	if (!one->key && !other->key)
		return error_set(err, ERROR_USAGE, "%s and %s: only one can take all variables",
		    one->label, other->label);
	if (one->kind == DESTINATION_MEMFD && one->key && other->key &&
	    strcmp(one->key, other->key) == 0)
		return error_set(err, ERROR_USAGE, "%s is given twice", one->label);
	return 0;
}

static int check(const struct destinations *destinations, struct error *err)
{
	for (size_t i = 0; i < destinations->count; i++)
		for (size_t j = 0; j < i; j++)
			if (compare(&destinations->items[j], &destinations->items[i], err) < 0)
				return -1;
	return 0;
}

int destinations_parse(
    struct destinations *destinations, const struct deliver_settings *settings, struct error *err)
{
	size_t count = settings->fds.count + settings->memfds.count + settings->files.count;

	destinations->count = 0;
	destinations->items = calloc(count + 1, sizeof(*destinations->items));
	if (!destinations->items)
		return error_memory(err);
	if (add(destinations, DESTINATION_PIPE, &settings->fds, err) == 0 &&
	    add(destinations, DESTINATION_MEMFD, &settings->memfds, err) == 0 &&
	    add(destinations, DESTINATION_FILE, &settings->files, err) == 0 &&
	    check(destinations, err) == 0)
		return 0;
	destinations_free(destinations);
	return -1;
}

void destinations_free(struct destinations *destinations)
{
	for (size_t i = 0; i < destinations->count; i++) {
		free(destinations->items[i].label);
		free(destinations->items[i].key);
	}
	free(destinations->items);
	memset(destinations, 0, sizeof(*destinations));
}

const struct destination *destinations_for_all(
    const struct destinations *destinations, enum destination_kind kind)
{
	for (size_t i = 0; i < destinations->count; i++) {
		const struct destination *destination = &destinations->items[i];
		if (destination->kind == kind && !destination->key)
			return destination;
	}
	return NULL;
}
