/* placeholder: insert the paths of memfds into the arguments of the command. */
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/launch/deliver.h"

struct fill_ctx {
	const struct deliver_plan *plan;
	const int *fds;				    /* NULL: not known yet */
	const struct deliver_destination *nameless; /* the memfd of {}, or NULL */
	size_t memfds;
	bool *used; /* for each destination */
};

/* {} or {KEY} as a whole word, {memfd} or {memfd:KEY} anywhere. */
struct placeholder {
	size_t braces;	  /* on each side; more than one pair escapes the placeholder */
	size_t length;	  /* between the braces */
	const char *name; /* KEY; NULL: the nameless memfd */
	size_t name_length;
};

static bool is_named_memfd(const struct deliver_destination *destination)
{
	return destination->kind == DESTINATION_MEMFD && destination->key;
}

static const struct deliver_destination *find_memfd(
    const struct fill_ctx *fill, const struct placeholder *placeholder)
{
	if (!placeholder->name)
		return fill->nameless;
	for (size_t i = 0; i < fill->plan->count; i++) {
		const struct deliver_destination *memfd = &fill->plan->items[i];
		if (is_named_memfd(memfd) && strlen(memfd->key) == placeholder->name_length &&
		    strncmp(memfd->key, placeholder->name, placeholder->name_length) == 0)
			return memfd;
	}
	return NULL;
}

/* Return whether the word is `key` in one or more pairs of braces. */
static bool is_braced(const char *word, const char *key, struct placeholder *placeholder)
{
	size_t length = strlen(key), braces = (strlen(word) - length) / 2;

	*placeholder = (struct placeholder){braces, length, *key ? key : NULL, length};
	return strlen(word) > length && strspn(word, "{") >= braces && braces > 0 &&
	       strncmp(word + braces, key, length) == 0 &&
	       strspn(word + braces + length, "}") == braces && strlen(word) == 2 * braces + length;
}

/* Parse {} or {KEY}; return false for any other word. */
static bool parse_word(
    const struct fill_ctx *fill, const char *word, struct placeholder *placeholder)
{
	for (size_t i = 0; i < fill->plan->count; i++) {
		const struct deliver_destination *memfd = &fill->plan->items[i];
		if (is_named_memfd(memfd) && is_braced(word, memfd->key, placeholder))
			return true;
	}
	return is_braced(word, "", placeholder);
}

/* Parse {memfd} or {memfd:KEY}; return false for any other text. */
static bool parse_marked(const char *at, struct placeholder *placeholder)
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

/*
 * Append the path that replaces the placeholder.  If it is escaped, append the placeholder without
 * its outer pair of braces.
 */
static int append_placeholder(const struct fill_ctx *fill, const struct placeholder *placeholder,
    const char *at, struct secret_buffer *out, struct error *err)
{
	const struct deliver_destination *memfd = find_memfd(fill, placeholder);
	size_t length = placeholder->braces * 2 + placeholder->length;

	if (placeholder->braces > 1)
		return secret_buffer_append(out, at + 1, length - 2, err);
	if (!memfd && !placeholder->name)
		return error_set(err, ERROR_USAGE,
		    "%.*s in the command: ambiguous with %zu memfds; write {KEY}", (int)length, at,
		    fill->memfds);
	if (!memfd)
		return error_set(err, ERROR_USAGE, "%.*s in the command: no --memfd has this KEY",
		    (int)length, at);
	size_t index = (size_t)(memfd - fill->plan->items);
	fill->used[index] = true;
	if (!fill->fds)
		return secret_buffer_append_string(out, "/proc/self/fd/N", err);
	return secret_buffer_append_format(out, err, "/proc/self/fd/%d", fill->fds[index]);
}

static int append_argument(
    const struct fill_ctx *fill, const char *argument, struct secret_buffer *out, struct error *err)
{
	/* A word is the whole argument, or the value of --OPTION=VALUE. */
	const char *equals = *argument == '-' ? strchr(argument, '=') : NULL;
	const char *word = equals ? equals + 1 : argument;
	struct placeholder placeholder;

	for (const char *at = argument; *at;) {
		if (!(at == word && parse_word(fill, word, &placeholder)) &&
		    !parse_marked(at, &placeholder)) {
			if (secret_buffer_append(out, at++, 1, err) < 0)
				return -1;
			continue;
		}
		if (append_placeholder(fill, &placeholder, at, out, err) < 0)
			return -1;
		at += placeholder.braces * 2 + placeholder.length;
	}
	return 0;
}

static char *fill_argument(const struct fill_ctx *fill, const char *argument, struct error *err)
{
	cleanup_secret struct secret_buffer filled = SECRET_BUFFER_INIT;

	if (append_argument(fill, argument, &filled, err) < 0)
		return NULL;
	char *copy = strdup(secret_buffer_string(&filled));
	if (!copy)
		error_memory(err);
	return copy;
}

static int fill_arguments(
    const struct fill_ctx *fill, char **filled, char *const *command, struct error *err)
{
	for (size_t i = 0; command[i]; i++) {
		bool verbatim = i == 0 || fill->memfds == 0;
		filled[i] = verbatim ? strdup(command[i]) : fill_argument(fill, command[i], err);
		if (!filled[i])
			return verbatim ? error_memory(err) : -1;
	}
	for (size_t i = 0; i < fill->plan->count; i++) {
		const struct deliver_destination *memfd = &fill->plan->items[i];
		const char *key = memfd == fill->nameless ? "" : memfd->key;
		if (memfd->kind == DESTINATION_MEMFD && !fill->used[i])
			return error_set(err, ERROR_USAGE,
			    "%s: no place for its path in the command; write {%s} as an argument, "
			    "or {memfd%s%s} within one",
			    memfd->label, key, *key ? ":" : "", key);
	}
	return 0;
}

/* Count the memfds, and find the memfd for {}. */
static void find_nameless(struct fill_ctx *fill)
{
	fill->nameless = deliver_plan_find_all(fill->plan, DESTINATION_MEMFD);
	for (size_t i = 0; i < fill->plan->count; i++) {
		const struct deliver_destination *memfd = &fill->plan->items[i];
		if (memfd->kind == DESTINATION_MEMFD && ++fill->memfds == 1 && !fill->nameless)
			fill->nameless = memfd;
	}
	if (fill->memfds > 1 && fill->nameless->key)
		fill->nameless = NULL;
}

char **deliver_fill_command(
    const struct deliver_plan *plan, const int *fds, char *const *command, struct error *err)
{
	cleanup_free bool *used = calloc(plan->count + 1, sizeof(*used));
	struct fill_ctx fill = {.plan = plan, .fds = fds, .used = used};
	size_t count = 0;

	while (command[count])
		count++;
	char **filled = calloc(count + 1, sizeof(*filled));
	if (!filled || !used) {
		free(filled);
		error_memory(err);
		return NULL;
	}
	find_nameless(&fill);
	if (fill_arguments(&fill, filled, command, err) == 0)
		return filled;
	deliver_free_command(filled);
	return NULL;
}

void deliver_free_command(char **command)
{
	for (char **argument = command; argument && *argument; argument++)
		free(*argument);
	free(command);
}
