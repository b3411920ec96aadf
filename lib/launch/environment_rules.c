#include "lib/launch/environment_rules.h"

#include <fnmatch.h>
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

bool environment_valid_name(const char *name)
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

	if (!environment_valid_name(name))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" can't be an environment variable's name ([A-Za-z_][A-Za-z0-9_]*): "
		    "rename it, or deliver with --fd",
		    variable->source, name);
	if (is_dangerous(name) && !strings_contain(allowed, name))
		return error_set(err, ERROR_INVALID,
		    "%s: refusing to set %s, which can make a program run other code: if it is "
		    "meant, --allow-env %s",
		    variable->source, name, name);
	if (value->length && memchr(value->data, '\0', value->length))
		return error_set(err, ERROR_INVALID,
		    "%s: the value of %s holds a NUL byte, which no environment variable can: "
		    "deliver with --fd",
		    variable->source, name);
	if (strlen(name) + value->length + 2 > VARIABLE_STRING_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "%s: the value of %s has %zu bytes, and the kernel allows %zu for one "
		    "variable: deliver with --fd",
		    variable->source, name, value->length, VARIABLE_STRING_MAX);
	return 0;
}

int environment_check(
    const struct variables *variables, const struct strings *allowed, struct error *err)
{
	for (size_t i = 0; i < variables->count; i++)
		if (check(&variables->items[i], allowed, err) < 0)
			return -1;
	return 0;
}
