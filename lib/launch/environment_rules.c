#include "lib/launch/environment_rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/launch/dangerous_names.h"

int environment_check_danger(
    const struct variable *variable, const struct strings *allowed, struct error *err)
{
	const char *name = variable->name;

	if (dangerous_name(name) && !strings_contain(allowed, name))
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
	if (!utf8_is_valid(bytes, length))
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

/*
 * Whether Kubernetes takes the name for an environment variable.  Shells do not, but other
 * applications read such names, as spring.datasource.password.
 */
static bool is_pod_name(const char *name)
{
	static const char bytes[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	return *name && (*name < '0' || *name > '9') && name[strspn(name, bytes)] == '\0';
}

int environment_check(
    const struct variable *variable, const struct strings *allowed, struct error *err)
{
	const char *name = variable_shown_name(variable);

	if (!variable_valid_name(variable->name) &&
	    !(is_pod_name(variable->name) &&
		(variable->chosen || strings_contain(allowed, variable->name))))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" can't be an environment variable's name ([A-Za-z_][A-Za-z0-9_]*): "
		    "rename it, or deliver as JSON with --fd N or --memfd :json; for a JSON "
		    "document whose members are the variables, use --document; if it is meant, "
		    "--allow-env %s",
		    variable->source, name, name);
	if (environment_check_danger(variable, allowed, err) < 0)
		return -1;
	return check_value(variable, err);
}
