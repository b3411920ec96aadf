#include "lib/launch/environment.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/cleanup.h"
#include "lib/launch/deliver.h"
#include "lib/launch/environment_rules.h"
#include "lib/launch/source_kinds.h"
#include "lib/sealed/sealed.h"

/* What goes into an environment, and what decides about it. */
struct making {
	struct environment *made;
	const struct variable *const *secrets;
	size_t count;
	bool *present; /* of each secret: set already, to the same value */
	const char *fd_variable;
	int fd;
	const struct deliver_settings *settings;
};

/* Of a variable that was decrypted only the plaintext goes on. */
static bool was_decrypted(
    const struct deliver_settings *settings, const char *name, const char *value)
{
	return sealed_is_ciphertext(value, strlen(value)) &&
	       (!settings->naming || environment_source_takes(settings->naming, name));
}

static bool is_name(const char *entry, const char *name)
{
	size_t length = strlen(name);

	return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* The secret of an entry's name; `count` when there is none. */
static size_t find(const struct making *making, const char *entry)
{
	size_t i = 0;

	while (i < making->count && !is_name(entry, making->secrets[i]->name))
		i++;
	return i;
}

/* What the secret of its name makes of an entry: whether it stays. */
static int meets_secret(const struct making *making, size_t i, const char *value, struct error *err)
{
	const struct variable *secret = making->secrets[i];

	if (strlen(value) == secret->value.length &&
	    strcmp(value, secret_buffer_string(&secret->value)) == 0) {
		making->present[i] = true;
		return 1;
	}
	if (!making->settings->override)
		return error_set(err, ERROR_INVALID,
		    "%s: variable %s is set already: take it out of the pod, or say --override",
		    secret->source, variable_shown_name(secret));
	return 0;
}

/* Whether an entry of our own environment is the application's too. */
static int keeps(const struct making *making, const char *entry, struct error *err)
{
	const struct deliver_settings *settings = making->settings;
	const char *equals = strchr(entry, '=');

	if (!equals)
		return 1;
	cleanup_free char *name = strndup(entry, (size_t)(equals - entry));
	if (!name)
		return error_memory(err);
	if (was_decrypted(settings, name, equals + 1))
		return 0;
	/* Another's number would come first, and so be the one that counts. */
	if (making->fd >= 0 && strcmp(name, making->fd_variable) == 0)
		return 0;
	if (!settings->keep_config && !strings_contain(&settings->keep, name) &&
	    options_own_variable(settings->options, name))
		return 0;
	size_t i = find(making, entry);
	return i < making->count ? meets_secret(making, i, equals + 1, err) : 1;
}

static void add_string(struct environment *made, char *string)
{
	made->strings[made->count++] = string;
}

static int add_secret(struct environment *made, const struct variable *secret, struct error *err)
{
	struct secret_buffer *string = &made->owned[made->owned_count++];

	if (secret_buffer_reserve(string, strlen(secret->name) + 1 + secret->value.length, err) <
		0 ||
	    secret_buffer_append_string(string, secret->name, err) < 0 ||
	    secret_buffer_append(string, "=", 1, err) < 0 ||
	    secret_buffer_append(
		string, secret_buffer_string(&secret->value), secret->value.length, err) < 0)
		return -1;
	add_string(made, string->data);
	return 0;
}

static int add_number(const struct making *making, struct error *err)
{
	struct secret_buffer *string = &making->made->owned[making->made->owned_count++];

	if (secret_buffer_append_format(string, err, "%s=%d", making->fd_variable, making->fd) < 0)
		return -1;
	add_string(making->made, string->data);
	return 0;
}

/* Whether --env or --only has this very name. */
static bool is_named(const struct deliver_settings *settings, const char *name)
{
	return strings_contain(&settings->environment, name) ||
	       (settings->naming && strings_contain(&settings->naming->only, name));
}

static int check(const struct making *making, struct error *err)
{
	for (size_t i = 0; i < making->count; i++) {
		const struct variable *secret = making->secrets[i];
		struct variable named = *secret;
		named.chosen |= is_named(making->settings, secret->name);
		if (environment_check(&named, &making->settings->allow, err) < 0)
			return -1;
		if (making->fd >= 0 && strcmp(secret->name, making->fd_variable) == 0)
			return error_set(err, ERROR_INVALID,
			    "%s: %s is the variable that tells the pipe's number: choose another "
			    "with --fd-variable",
			    secret->source, variable_shown_name(secret));
	}
	return 0;
}

static int fill(const struct making *making, char *const *ours, struct error *err)
{
	for (char *const *entry = ours; *entry; entry++) {
		int keep = keeps(making, *entry, err);
		if (keep < 0)
			return -1;
		if (keep)
			add_string(making->made, *entry);
	}
	if (making->fd >= 0 && add_number(making, err) < 0)
		return -1;
	for (size_t i = 0; i < making->count; i++)
		if (!making->present[i] && add_secret(making->made, making->secrets[i], err) < 0)
			return -1;
	return 0;
}

int environment_make(struct environment *made, char *const *ours,
    const struct variable *const *secrets, size_t count, int fd,
    const struct deliver_settings *settings, struct error *err)
{
	cleanup_free bool *present = calloc(count + 1, sizeof(*present));
	const char *variable = settings->fd_variable;
	struct making making = {
	    made, secrets, count, present, variable ? variable : DELIVER_FD_VARIABLE, fd, settings};
	size_t own_count = 0;

	memset(made, 0, sizeof(*made));
	while (ours[own_count])
		own_count++;
	made->strings = calloc(own_count + count + 2, sizeof(*made->strings));
	made->owned = calloc(count + 1, sizeof(*made->owned));
	int result = present && made->strings && made->owned ? 0 : error_memory(err);
	if (result == 0)
		result = check(&making, err);
	if (result == 0)
		result = fill(&making, ours, err);
	if (result < 0)
		environment_free(made);
	return result;
}

/* execve's limits: fs/exec.c, bprm_stack_limits. */
#define TOTAL_MIN ((size_t)128 * 1024)
#define TOTAL_MAX ((size_t)6 * 1024 * 1024)

static size_t total_limit(void)
{
	struct rlimit stack;
	size_t limit = TOTAL_MAX;

	if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur / 4 < limit)
		limit = (size_t)stack.rlim_cur / 4;
	return limit > TOTAL_MIN ? limit : TOTAL_MIN;
}

static size_t size_of(char *const *strings)
{
	size_t size = 0;

	for (; *strings; strings++)
		size += strlen(*strings) + 1 + sizeof(*strings);
	return size;
}

int environment_check_total(const struct environment *made, char *const *command, struct error *err)
{
	size_t size = size_of(made->strings) + size_of(command), limit = total_limit();

	if (size <= limit)
		return 0;
	return error_set(err, ERROR_TOO_LARGE,
	    "environment and arguments have %zu bytes, and the kernel allows %zu (a quarter of the "
	    "stack's limit, at most 6 MiB): deliver secrets with --fd, --memfd or --file",
	    size, limit);
}

void environment_free(struct environment *made)
{
	for (size_t i = 0; i < made->owned_count; i++)
		secret_buffer_free(&made->owned[i]);
	free(made->owned);
	free(made->strings);
	memset(made, 0, sizeof(*made));
}
