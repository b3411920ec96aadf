#include "lib/launch/environment_rules.h"

#include <fnmatch.h>
#include <string.h>

/*
 * Names by which a loader, a shell or an interpreter is told to run other code; who may write a
 * Secret must not so gain the application.  Patterns of fnmatch(3).
 */
static const char *const dangerous[] = {
    /* the loader and the C library */
    "LD_*", "GCONV_PATH", "GETCONF_DIR", "GLIBC_TUNABLES", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH",
    "MALLOC_*", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TZDIR",
    /* shells and what they start */
    "PATH", "IFS", "ENV", "PS4", "PROMPT_COMMAND", "SHELLOPTS", "BASH*", "ZDOTDIR", "FPATH",
    "LESSOPEN", "LESSCLOSE", "EDITOR", "VISUAL", "PAGER",
    /* interpreters */
    "PYTHON*", "PERL5*", "PERLLIB", "RUBYOPT", "RUBYLIB", "RUBYSHELL", "GEM_HOME", "GEM_PATH",
    "BUNDLE_GEMFILE", "BUNDLE_PATH", "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE",
    "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "JAVA_HOME", "JRE_HOME", "JAVA_OPTS",
    "JAVA_TOOL_OPTIONS", "*JAVA_OPTIONS", "CLASSPATH", "CATALINA_OPTS", "DOTNET_*", "COMPlus_*",
    "CORECLR_*", "COR_*", "PHPRC", "PHP_INI_SCAN_DIR", "LUA_INIT*", "LUA_PATH*", "LUA_CPATH*",
    "ERL_*", "ELIXIR_ERL_OPTIONS", "GOTRACEBACK", "GODEBUG",
    /* programs and libraries that many applications use */
    "GIT_CONFIG*", "GIT_SSH*", "GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_PROXY_COMMAND",
    "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_TEMPLATE_DIR", "OPENSSL_*",
    "SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIO_EXTRA_MODULES", "GTK_MODULES",
    "QT_PLUGIN_PATH"};

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

static int check_name(
    const struct variable *variable, const struct strings *allowed, struct error *err)
{
	const char *name = variable->name;

	if (!environment_valid_name(name))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" can't be an environment variable's name ([A-Za-z_][A-Za-z0-9_]*): "
		    "rename it, or deliver as JSON with --fd",
		    variable->source, name);
	if (is_dangerous(name) && !strings_contain(allowed, name))
		return error_set(err, ERROR_INVALID,
		    "%s: refusing to set %s, which can make a program run other code: if it is "
		    "meant, --allow-env %s",
		    variable->source, name, name);
	return 0;
}

static int check_value(const struct variable *variable, struct error *err)
{
	const char *name = variable->name;
	const struct secret_buffer *value = &variable->value;

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

int environment_check_names(
    const struct variables *variables, const struct strings *allowed, struct error *err)
{
	for (size_t i = 0; i < variables->count; i++)
		if (check_name(&variables->items[i], allowed, err) < 0)
			return -1;
	return 0;
}

int environment_check(
    const struct variables *variables, const struct strings *allowed, struct error *err)
{
	if (environment_check_names(variables, allowed, err) < 0)
		return -1;
	for (size_t i = 0; i < variables->count; i++)
		if (check_value(&variables->items[i], err) < 0)
			return -1;
	return 0;
}
