#include "lib/launch/deliver_command.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/secret_buffer.h"

struct filling {
	const struct destinations *destinations;
	const struct destination *nameless; /* what {} stands for, or NULL */
	size_t memfds;
	bool *used; /* of each destination */
};

/* A placeholder in an argument: {} or {KEY} as a word, {memfd} or {memfd:KEY} anywhere. */
struct placeholder {
	size_t braces;	  /* on each side: one is replaced with them, more are an escape */
	size_t length;	  /* of what is between them */
	const char *name; /* KEY; NULL: the nameless memfd */
	size_t name_length;
};

static const struct destination *find_memfd(
    const struct filling *filling, const struct placeholder *placeholder)
{
	if (!placeholder->name)
		return filling->nameless;
	for (size_t i = 0; i < filling->destinations->count; i++) {
		const struct destination *memfd = &filling->destinations->items[i];
		if (memfd->kind == DESTINATION_MEMFD && memfd->key &&
		    strlen(memfd->key) == placeholder->name_length &&
		    strncmp(memfd->key, placeholder->name, placeholder->name_length) == 0)
			return memfd;
	}
	return NULL;
}

/* Whether the word is `key` in braces, as many on each side. */
static bool is_braced(const char *word, const char *key, struct placeholder *placeholder)
{
	size_t length = strlen(key), braces = (strlen(word) - length) / 2;

	*placeholder = (struct placeholder){braces, length, *key ? key : NULL, length};
	return strlen(word) > length && strspn(word, "{") >= braces && braces > 0 &&
	       strncmp(word + braces, key, length) == 0 &&
	       strspn(word + braces + length, "}") == braces && strlen(word) == 2 * braces + length;
}

/* Read {} or {KEY}; false when the word is another. */
static bool read_word(
    const struct filling *filling, const char *word, struct placeholder *placeholder)
{
	for (size_t i = 0; i < filling->destinations->count; i++) {
		const struct destination *memfd = &filling->destinations->items[i];
		if (memfd->kind == DESTINATION_MEMFD && memfd->key &&
		    is_braced(word, memfd->key, placeholder))
			return true;
	}
	return is_braced(word, "", placeholder);
}

/* Read {memfd} or {memfd:KEY}; false when there is none at `at`. */
static bool read_marked(const char *at, struct placeholder *placeholder)
{
	static const char marker[] = "memfd";
	size_t marker_length = strlen(marker);
	size_t braces = strspn(at, "{"), length = strcspn(at + braces, "}");
	const char *inner = at + braces;
	bool named = length > marker_length && inner[marker_length] == ':';

	*placeholder = (struct placeholder){braces, length, NULL, 0};
	if (named) {
		placeholder->name = inner + marker_length + 1;
		placeholder->name_length = length - marker_length - 1;
	}
	return braces && strncmp(inner, marker, marker_length) == 0 &&
	       (named || length == marker_length) && strspn(inner + length, "}") >= braces;
}

/* Append the path that replaces a placeholder. */
static int append_placeholder(const struct filling *filling, const struct placeholder *placeholder,
    const char *at, struct secret_buffer *out, struct error *err)
{
	const struct destination *memfd = find_memfd(filling, placeholder);
	size_t length = placeholder->braces * 2 + placeholder->length;

	if (placeholder->braces > 1)
		return secret_buffer_append(out, at + 1, length - 2, err);
	if (!memfd && !placeholder->name)
		return error_set(err, ERROR_USAGE,
		    "%.*s in the command could be any of %zu memfds: write {KEY}", (int)length, at,
		    filling->memfds);
	if (!memfd)
		return error_set(err, ERROR_USAGE, "%.*s in the command: no --memfd has this KEY",
		    (int)length, at);
	filling->used[memfd - filling->destinations->items] = true;
	if (memfd->fd < 0)
		return secret_buffer_append_string(out, "/proc/self/fd/N", err);
	return secret_buffer_append_format(out, err, "/proc/self/fd/%d", memfd->fd);
}

/* Return the word of an argument: all of it, or the value of --OPTION=VALUE. */
static const char *word_of(const char *argument)
{
	const char *equals = *argument == '-' ? strchr(argument, '=') : NULL;

	return equals ? equals + 1 : argument;
}

static int append_argument(const struct filling *filling, const char *argument,
    struct secret_buffer *out, struct error *err)
{
	const char *word = word_of(argument);
	struct placeholder placeholder;

	for (const char *at = argument; *at;) {
		if (!(at == word && read_word(filling, word, &placeholder)) &&
		    !read_marked(at, &placeholder)) {
			if (secret_buffer_append(out, at++, 1, err) < 0)
				return -1;
			continue;
		}
		if (append_placeholder(filling, &placeholder, at, out, err) < 0)
			return -1;
		at += placeholder.braces * 2 + placeholder.length;
	}
	return 0;
}

static char *fill_argument(const struct filling *filling, const char *argument, struct error *err)
{
	cleanup_secret struct secret_buffer filled = SECRET_BUFFER_INIT;

	if (filling->memfds && append_argument(filling, argument, &filled, err) < 0)
		return NULL;
	char *copy = strdup(filling->memfds ? secret_buffer_string(&filled) : argument);
	if (!copy)
		error_memory(err);
	return copy;
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
			    "argument of its own, or {memfd%s%s} within a longer one",
			    memfd->label, memfd == filling->nameless ? "" : memfd->key,
			    memfd == filling->nameless ? "" : ":",
			    memfd == filling->nameless ? "" : memfd->key);
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
