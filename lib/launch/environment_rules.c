#include "lib/launch/environment_rules.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/json.h"

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
    "LESSOPEN", "LESSCLOSE", "EDITOR", "VISUAL", "*PAGER", "VIMINIT", "SSH_ASKPASS", "SUDO_ASKPASS",
    /* interpreters */
    "PYTHON*", "PERL5*", "PERLLIB", "RUBYOPT", "RUBYLIB", "RUBYSHELL", "GEM_HOME", "GEM_PATH",
    "BUNDLE_GEMFILE", "BUNDLE_PATH", "NODE_OPTIONS", "NODE_PATH", "NODE_REPL_EXTERNAL_MODULE",
    "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED", "JAVA_HOME", "JRE_HOME", "*JAVA_OPTS",
    "JAVA_TOOL_OPTIONS", "*JAVA_OPTIONS", "CLASSPATH", "CATALINA_OPTS", "MAVEN_OPTS", "GRADLE_OPTS",
    "BUN_OPTIONS", "npm_config_*", "NPM_CONFIG_*", "GUNICORN_CMD_ARGS", "R_PROFILE*", "R_ENVIRON*",
    "TCLLIBPATH", "LUAROCKS_CONFIG", "DOTNET_*", "COMPlus_*", "CORECLR_*", "COR_*", "PHPRC",
    "PHP_INI_SCAN_DIR", "LUA_INIT*", "LUA_PATH*", "LUA_CPATH*", "ERL_*", "ELIXIR_ERL_OPTIONS",
    "GOTRACEBACK", "GODEBUG",
    /* programs and libraries that many applications use */
    "GIT_CONFIG*", "GIT_SSH*", "GIT_ASKPASS", "GIT_EXEC_PATH", "GIT_PROXY_COMMAND",
    "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_TEMPLATE_DIR", "OPENSSL_*",
    "SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "CURL_HOME", "GIO_EXTRA_MODULES", "GTK_MODULES", "QT_PLUGIN_PATH", "GST_PLUGIN_PATH*",
    "VK_DRIVER_FILES", "GSS_MECH_CONFIG", "KRB5_CONFIG", "KUBECONFIG", "AWS_CONFIG_FILE",
    "PGSERVICEFILE", "PGSYSCONFDIR", "CARES_HOSTS",
    /* where programs look for their configuration, and whom they ask by way of */
    "HOME", "XDG_CONFIG_*", "XDG_DATA_*", "*_PROXY", "*_proxy"};

static bool is_dangerous(const char *name)
{
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(dangerous[0]); i++) {
		char first = *dangerous[i];
		/* Most are told apart by this: fnmatch is slow, and an environment can be large. */
		if ((first == *name || first == '*') && fnmatch(dangerous[i], name, 0) == 0)
			return true;
	}
	return false;
}

int environment_check_danger(
    const struct variable *variable, const struct strings *allowed, struct error *err)
{
	const char *name = variable->name;

	if (is_dangerous(name) && !strings_contain(allowed, name))
		return error_set(err, ERROR_INVALID,
		    "%s: refusing to set %s, which can make a program run other code: if it is "
		    "meant, --allow-env %s",
		    variable->source, variable_shown_name(variable), variable_shown_name(variable));
	return 0;
}

int environment_refuse_value(const struct variable *variable, enum error_code code,
    struct error *err, const char *problem, ...)
{
	const char *name = variable_shown_name(variable);
	char text[128];
	va_list arguments;

	va_start(arguments, problem);
	vsnprintf(text, sizeof(text), problem, arguments);
	va_end(arguments);
	return error_set(err, code,
	    "%s: the value of %s %s: deliver it alone, with --file %s=PATH, --memfd %s or --fd "
	    "N=%s",
	    variable->source, name, text, name, name, name);
}

int environment_check_text(const struct variable *variable, const char *where, struct error *err)
{
	const char *bytes = secret_buffer_string(&variable->value);
	size_t length = variable->value.length;

	if (memchr(bytes, '\0', length))
		return environment_refuse_value(
		    variable, ERROR_INVALID, err, "holds a NUL byte, which %s can't", where);
	if (!json_is_utf8(bytes, length))
		return environment_refuse_value(variable, ERROR_INVALID, err,
		    "is binary (no UTF-8 text), which is not for %s", where);
	return 0;
}

static int check_value(const struct variable *variable, struct error *err)
{
	const struct secret_buffer *value = &variable->value;

	if (environment_check_text(variable, "an environment variable", err) < 0)
		return -1;
	if (strlen(variable->name) + value->length + 2 > VARIABLE_STRING_MAX)
		return environment_refuse_value(variable, ERROR_TOO_LARGE, err,
		    "has %zu bytes, and the kernel allows %zu for one variable", value->length,
		    VARIABLE_STRING_MAX);
	return 0;
}

int environment_check(
    const struct variable *variable, const struct strings *allowed, struct error *err)
{
	if (!variable_valid_name(variable->name))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" can't be an environment variable's name ([A-Za-z_][A-Za-z0-9_]*): "
		    "rename it, or deliver as JSON with --fd N or --memfd :json; for a JSON "
		    "document "
		    "whose members are the variables, use --document",
		    variable->source, variable_shown_name(variable));
	if (environment_check_danger(variable, allowed, err) < 0)
		return -1;
	return check_value(variable, err);
}
