/* env: the application's environment, and the rules for the secrets in it. */
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>

#include "lib/base/cleanup.h"
#include "lib/base/utf8.h"
#include "lib/launch/deliver.h"
#include "lib/launch/source.h"

/* -- rules ------------------------------------------------------------------------------------ */

int env_check_danger(
    const struct variable *variable, const struct strings *allowed, struct error *err)
{
	const char *name = variable_shown_name(variable);

	if (env_name_is_dangerous(variable->name) && !strings_contain(allowed, variable->name))
		return error_set(err, ERROR_INVALID,
		    "%s: refusing to set %s, which can make a program run other code; to allow it, "
		    "pass --allow-env %s",
		    variable->source, name, name);
	return 0;
}

int env_refuse_value(const struct variable *variable, enum error_code code, struct error *err,
    const char *problem, ...)
{
	const char *name = variable_shown_name(variable);
	char text[128];
	va_list arguments;

	va_start(arguments, problem);
	vsnprintf(text, sizeof(text), problem, arguments);
	va_end(arguments);
	return error_set(err, code,
	    "%s: the value of %s %s; deliver it alone with --file %s=PATH, --memfd %s or --fd N=%s",
	    variable->source, name, text, name, name, name);
}

int env_check_text(const struct variable *variable, const char *where, struct error *err)
{
	const char *bytes = secret_buffer_string(&variable->value);
	size_t length = variable->value.length;

	if (memchr(bytes, '\0', length))
		return env_refuse_value(
		    variable, ERROR_INVALID, err, "contains a NUL byte, which %s cannot", where);
	if (!utf8_is_valid(bytes, length))
		return env_refuse_value(variable, ERROR_INVALID, err,
		    "is binary (not UTF-8), which is not for %s", where);
	return 0;
}

/*
 * Return whether Kubernetes accepts the name for an environment variable.  Shells do not, but other
 * applications read such names, for example spring.datasource.password.
 */
static bool is_pod_name(const char *name)
{
	static const char bytes[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	return *name && (*name < '0' || *name > '9') && name[strspn(name, bytes)] == '\0';
}

int env_check_variable(
    const struct variable *variable, const struct strings *allowed, struct error *err)
{
	const struct secret_buffer *value = &variable->value;
	const char *name = variable_shown_name(variable);
	bool wanted = variable->chosen || strings_contain(allowed, variable->name);

	if (!variable_valid_name(variable->name) && !(wanted && is_pod_name(variable->name)))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" is not a valid environment variable name; rename it, deliver it "
		    "with --fd N or --memfd :json, pass --document if it is a JSON document of "
		    "variables, or --allow-env %s",
		    variable->source, name, name);
	if (env_check_danger(variable, allowed, err) < 0 ||
	    env_check_text(variable, "an environment variable", err) < 0)
		return -1;
	if (strlen(variable->name) + value->length + 2 > ENV_STRING_MAX)
		return env_refuse_value(variable, ERROR_TOO_LARGE, err,
		    "has %zu bytes, and the kernel allows %zu for one variable", value->length,
		    ENV_STRING_MAX);
	return 0;
}

/* -- the environment -------------------------------------------------------------------------- */

struct env_ctx {
	struct env *env;
	const struct variable *const *secrets;
	size_t count;
	bool *present; /* for each secret: our environment already has it, with the same value */
	const char *fd_variable;
	int fd;
	const struct launch_settings *settings;
};

/* Return the index of the secret with this name, or `count` if there is none. */
static size_t find_secret(const struct env_ctx *context, const char *name)
{
	size_t i = 0;

	while (i < context->count && strcmp(context->secrets[i]->name, name) != 0)
		i++;
	return i;
}

/*
 * Return 1 if a variable with a secret's name stays because its value is the same, 0 if the secret
 * replaces it, -1 on error.
 */
static int keep_beside_secret(
    const struct env_ctx *context, size_t i, const char *value, struct error *err)
{
	const struct variable *secret = context->secrets[i];

	if (strlen(value) == secret->value.length &&
	    strcmp(value, secret_buffer_string(&secret->value)) == 0) {
		context->present[i] = true;
		return 1;
	}
	if (!context->settings->override)
		return error_set(err, ERROR_INVALID,
		    "%s: variable %s is already set; remove it from the pod, or pass --override",
		    secret->source, variable_shown_name(secret));
	return 0;
}

static bool is_own_configuration(const struct launch_settings *settings, const char *name)
{
	return !settings->deliver.keep_config && !strings_contain(&settings->deliver.keep, name) &&
	       (options_own_variable(settings->deliver.options, name) ||
		   vault_session_uses_variable(&settings->session, name));
}

/* Return 1 if the application gets this variable of our own environment, 0 if not, -1 on error. */
static int keep_variable(const struct env_ctx *context, const char *entry, struct error *err)
{
	const struct launch_settings *settings = context->settings;
	const char *equals = strchr(entry, '=');

	if (!equals)
		return 1;
	cleanup_free char *name = strndup(entry, (size_t)(equals - entry));
	if (!name)
		return error_memory(err);
	if (source_replaces_variable(&settings->names, name, equals + 1))
		return 0;
	/* Remove an existing variable of this name, since applications would find it first. */
	if (context->fd >= 0 && strcmp(name, context->fd_variable) == 0)
		return 0;
	if (is_own_configuration(settings, name))
		return 0;
	size_t i = find_secret(context, name);
	return i < context->count ? keep_beside_secret(context, i, equals + 1, err) : 1;
}

static void add_string(struct env *env, char *string)
{
	env->strings[env->count++] = string;
}

static int add_secret(struct env *env, const struct variable *secret, struct error *err)
{
	struct secret_buffer *string = &env->owned[env->owned_count++];
	size_t length = strlen(secret->name) + 1 + secret->value.length;

	if (secret_buffer_reserve(string, length, err) < 0 ||
	    secret_buffer_append_string(string, secret->name, err) < 0 ||
	    secret_buffer_append(string, "=", 1, err) < 0 ||
	    secret_buffer_append(
		string, secret_buffer_string(&secret->value), secret->value.length, err) < 0)
		return -1;
	add_string(env, string->data);
	return 0;
}

static int add_fd_number(const struct env_ctx *context, struct error *err)
{
	struct env *env = context->env;
	struct secret_buffer *string = &env->owned[env->owned_count++];

	if (secret_buffer_append_format(string, err, "%s=%d", context->fd_variable, context->fd) <
	    0)
		return -1;
	add_string(env, string->data);
	return 0;
}

static int check_secrets(const struct env_ctx *context, struct error *err)
{
	const struct launch_settings *settings = context->settings;

	for (size_t i = 0; i < context->count; i++) {
		const struct variable *secret = context->secrets[i];
		struct variable named = *secret;
		/* A name written in full in --env or --only was chosen, too. */
		named.chosen |= strings_contain(&settings->deliver.environment, secret->name) ||
				strings_contain(&settings->names.only, secret->name);
		if (env_check_variable(&named, &settings->deliver.allow, err) < 0)
			return -1;
		if (context->fd >= 0 && strcmp(secret->name, context->fd_variable) == 0)
			return error_set(err, ERROR_INVALID,
			    "%s: %s is the variable for the pipe's number; choose another with --fd-variable",
			    secret->source, variable_shown_name(secret));
	}
	return 0;
}

static int add_all(const struct env_ctx *context, char *const *ours, struct error *err)
{
	for (char *const *entry = ours; *entry; entry++) {
		int keep = keep_variable(context, *entry, err);
		if (keep < 0)
			return -1;
		if (keep)
			add_string(context->env, *entry);
	}
	if (context->fd >= 0 && add_fd_number(context, err) < 0)
		return -1;
	for (size_t i = 0; i < context->count; i++)
		if (!context->present[i] && add_secret(context->env, context->secrets[i], err) < 0)
			return -1;
	return 0;
}

int env_build(struct env *env, char *const *ours, const struct variable *const *secrets,
    size_t count, int fd, const struct launch_settings *settings, struct error *err)
{
	cleanup_free bool *present = calloc(count + 1, sizeof(*present));
	const char *variable = settings->deliver.fd_variable;
	struct env_ctx context = {
	    env, secrets, count, present, variable ? variable : LAUNCH_FD_VARIABLE, fd, settings};
	size_t own_count = 0;

	memset(env, 0, sizeof(*env));
	while (ours[own_count])
		own_count++;
	env->strings = calloc(own_count + count + 2, sizeof(*env->strings));
	env->owned = calloc(count + 1, sizeof(*env->owned));
	int result = present && env->strings && env->owned ? 0 : error_memory(err);
	if (result == 0)
		result = check_secrets(&context, err);
	if (result == 0)
		result = add_all(&context, ours, err);
	if (result < 0)
		env_free(env);
	return result;
}

/* The limits of execve (bprm_stack_limits in fs/exec.c). */
#define SIZE_MIN ((size_t)128 * 1024)
#define SIZE_MAX_TOTAL ((size_t)6 * 1024 * 1024)

static size_t size_limit(void)
{
	struct rlimit stack;
	size_t limit = SIZE_MAX_TOTAL;

	if (getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur / 4 < limit)
		limit = (size_t)stack.rlim_cur / 4;
	return limit > SIZE_MIN ? limit : SIZE_MIN;
}

static size_t size_of(char *const *strings)
{
	size_t size = 0;

	for (; *strings; strings++)
		size += strlen(*strings) + 1 + sizeof(*strings);
	return size;
}

int env_check_size(const struct env *env, char *const *command, struct error *err)
{
	size_t size = size_of(env->strings) + size_of(command), limit = size_limit();

	if (size <= limit)
		return 0;
	return error_set(err, ERROR_TOO_LARGE,
	    "environment and arguments have %zu bytes, and the kernel allows %zu (a quarter of the "
	    "stack's limit, at most 6 MiB); deliver secrets with --fd, --memfd or --file",
	    size, limit);
}

void env_free(struct env *env)
{
	for (size_t i = 0; i < env->owned_count; i++)
		secret_buffer_free(&env->owned[i]);
	free(env->owned);
	free(env->strings);
	memset(env, 0, sizeof(*env));
}
