#include "lib/sealed/variables.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/*
 * Names by which a loader, a shell or an interpreter is told to run other code; who may write a
 * Secret must not so gain the application.  Patterns of fnmatch(3).
 */
static const char *const dangerous[] = {"LD_*", "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES",
    "HOSTALIASES", "LOCALDOMAIN", "LOCPATH", "MALLOC_*", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF",
    "RES_OPTIONS", "TZDIR", "PATH", "IFS", "SHELLOPTS", "BASHOPTS", "BASH_ENV", "BASH_FUNC_*",
    "ENV", "PS4", "PROMPT_COMMAND", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONINSPECT",
    "PYTHONUSERBASE", "PYTHONBREAKPOINT", "PYTHONWARNINGS", "PERL5OPT", "PERL5LIB", "PERLLIB",
    "PERL5DB", "RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "NODE_PATH", "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "DOTNET_STARTUP_HOOKS", "CORECLR_*", "COR_*",
    "PHPRC", "PHP_INI_SCAN_DIR", "LUA_INIT*", "LUA_PATH*", "LUA_CPATH*", "ERL_FLAGS", "ERL_AFLAGS",
    "ERL_ZFLAGS", "GIT_SSH*", "GIT_EXEC_PATH", "OPENSSL_CONF", "OPENSSL_MODULES", "SSLKEYLOGFILE"};

int variables_add(struct variables *variables, const char *name, struct secret_buffer *value,
    const char *source, struct error *err)
{
	for (size_t i = 0; i < variables->count; i++)
		if (strcmp(variables->items[i].name, name) == 0)
			return error_set(err, ERROR_INVALID,
			    "variable %s comes from both %s and %s: take one of them out", name,
			    variables->items[i].source, source);
	if (variables->count == variables->capacity) {
		size_t capacity = variables->capacity ? 2 * variables->capacity : 16;
		struct variable *grown = reallocarray(variables->items, capacity, sizeof(*grown));
		if (!grown)
			return error_memory(err);
		variables->items = grown;
		variables->capacity = capacity;
	}
	struct variable *added = &variables->items[variables->count];
	memset(added, 0, sizeof(*added));
	added->name = strdup(name);
	added->source = strdup(source);
	if (!added->name || !added->source) {
		free(added->name);
		free(added->source);
		return error_memory(err);
	}
	secret_buffer_move(&added->value, value);
	variables->count++;
	return 0;
}

void variables_free(struct variables *variables)
{
	for (size_t i = 0; i < variables->count; i++) {
		free(variables->items[i].name);
		free(variables->items[i].source);
		secret_buffer_free(&variables->items[i].value);
	}
	free(variables->items);
	memset(variables, 0, sizeof(*variables));
}

bool variables_valid_name(const char *name)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	static const char rest[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	return *name && strchr(first, *name) && name[strspn(name, rest)] == '\0';
}

static bool is_dangerous(const char *name)
{
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++)
		if (fnmatch(dangerous[i], name, 0) == 0)
			return true;
	return false;
}

static int check(const struct variable *variable, const struct strings *allowed, struct error *err)
{
	const char *name = variable->name;
	const struct secret_buffer *value = &variable->value;

	if (!variables_valid_name(name))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" can't be an environment variable's name ([A-Za-z_][A-Za-z0-9_]*): "
		    "rename it, or deliver with --fd",
		    variable->source, name);
	if (is_dangerous(name) && !strings_contain(allowed, name))
		return error_set(err, ERROR_INVALID,
		    "%s: refusing to set %s, which can make a program run other code: if it is "
		    "meant, "
		    "--allow-env %s",
		    variable->source, name, name);
	if (value->length && memchr(value->data, '\0', value->length))
		return error_set(err, ERROR_INVALID,
		    "%s: the value of %s holds a NUL byte, which no environment variable can: "
		    "deliver "
		    "with --fd",
		    variable->source, name);
	if (strlen(name) + value->length + 2 > VARIABLE_STRING_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "%s: the value of %s has %zu bytes, and the kernel allows %zu for one "
		    "variable: "
		    "deliver with --fd",
		    variable->source, name, value->length, VARIABLE_STRING_MAX);
	return 0;
}

int variables_check_environment(
    const struct variables *variables, const struct strings *allowed, struct error *err)
{
	for (size_t i = 0; i < variables->count; i++)
		if (check(&variables->items[i], allowed, err) < 0)
			return -1;
	return 0;
}
