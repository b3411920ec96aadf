#include "lib/launch/deliver_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

/* Room for /proc/self/fd/N. */
#define PATH_ROOM 32

struct filling {
	const struct destinations *destinations;
	const struct destination *nameless; /* what {} stands for, or NULL */
	size_t memfds;
	bool *used; /* of each destination */
};

/* The length of {KEY} when that stands at `at`, else 0. */
static size_t braced(const char *at, const char *key)
{
	size_t length = strlen(key);

	return *at == '{' && strncmp(at + 1, key, length) == 0 && at[1 + length] == '}' ? length + 2
											: 0;
}

/* The memfd whose placeholder stands at `at`, and its length; NULL: none does. */
static const struct destination *placeholder(
    const struct filling *filling, const char *at, size_t *length)
{
	*length = braced(at, "");
	if (*length && filling->nameless)
		return filling->nameless;
	for (size_t i = 0; i < filling->destinations->count; i++) {
		const struct destination *memfd = &filling->destinations->items[i];
		if (memfd->kind != DESTINATION_MEMFD || !memfd->key)
			continue;
		*length = braced(at, memfd->key);
		if (*length)
			return memfd;
	}
	return NULL;
}

/* Copy an argument to `out`, or only measure it when that is NULL: its length. */
static size_t replace(const struct filling *filling, const char *argument, char *out)
{
	size_t done = 0, length;

	while (*argument) {
		char path[PATH_ROOM] = {*argument, '\0'};
		const struct destination *memfd = placeholder(filling, argument, &length);
		if (memfd) {
			filling->used[memfd - filling->destinations->items] = true;
			snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd->fd);
		}
		argument += memfd ? length : 1;
		if (out)
			strcpy(out + done, path);
		done += strlen(path);
	}
	return done;
}

static char *fill_argument(const struct filling *filling, const char *argument, struct error *err)
{
	if (filling->memfds > 1 && !filling->nameless && strstr(argument, "{}")) {
		error_set(err, ERROR_USAGE,
		    "{} in the command could be any of %zu memfds: write {KEY}", filling->memfds);
		return NULL;
	}
	char *filled = calloc(1, replace(filling, argument, NULL) + 1);
	if (!filled)
		error_memory(err);
	else
		replace(filling, argument, filled);
	return filled;
}

static int fill(
    const struct filling *filling, char **filled, char *const *command, struct error *err)
{
	for (size_t i = 0; command[i]; i++) {
		filled[i] = i ? fill_argument(filling, command[i], err) : strdup(command[i]);
		if (!filled[i])
			return i ? -1 : error_memory(err);
	}
	for (size_t i = 0; i < filling->destinations->count; i++) {
		const struct destination *memfd = &filling->destinations->items[i];
		if (memfd->kind == DESTINATION_MEMFD && !filling->used[i])
			return error_set(err, ERROR_USAGE,
			    "%s: the command does not say where its path goes: write {%s} in an "
			    "argument",
			    memfd->label, memfd == filling->nameless ? "" : memfd->key);
	}
	return 0;
}

char **deliver_command_fill(
    char *const *command, const struct destinations *destinations, struct error *err)
{
	cleanup_free bool *used = calloc(destinations->count + 1, sizeof(*used));
	struct filling filling = {
	    destinations, destinations_for_all(destinations, DESTINATION_MEMFD), 0, used};
	size_t count = 0;

	for (size_t i = 0; i < destinations->count; i++)
		if (destinations->items[i].kind == DESTINATION_MEMFD && ++filling.memfds == 1 &&
		    !filling.nameless)
			filling.nameless = &destinations->items[i];
	if (filling.memfds > 1 && filling.nameless->key)
		filling.nameless = NULL;
	while (command[count])
		count++;
	char **filled = calloc(count + 1, sizeof(*filled));
	if (!filled || !used) {
		free(filled);
		error_memory(err);
		return NULL;
	}
	if (fill(&filling, filled, command, err) == 0)
		return filled;
	deliver_command_free(filled);
	return NULL;
}

void deliver_command_free(char **command)
{
	for (char **argument = command; argument && *argument; argument++)
		free(*argument);
	free(command);
}
