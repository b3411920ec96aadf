/* serialize: write variables as one text, for a pipe or a memfd. */
#include <string.h>

#include "lib/base/json_writer.h"
#include "lib/base/utf8.h"
#include "lib/launch/deliver.h"

bool serialize_parse_format(const char *name, enum serialize_format *format)
{
	static const char *const names[] = {"json", "dotenv", "nul"};

	for (int i = 0; i < 3; i++)
		if (strcmp(name, names[i]) == 0) {
			*format = (enum serialize_format)i;
			return true;
		}
	return false;
}

static int write_json(const struct variable *const *variables, size_t count,
    struct secret_buffer *out, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_write_object(&writer);
	for (size_t i = 0; i < count; i++) {
		const struct secret_buffer *value = &variables[i]->value;
		const char *bytes = secret_buffer_string(value);
		if (!utf8_is_valid(bytes, value->length))
			return env_refuse_value(
			    variables[i], ERROR_INVALID, err, "is not UTF-8, which JSON requires");
		json_write_name(&writer, variables[i]->name);
		json_write_string_bytes(&writer, bytes, value->length);
	}
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

/*
 * Return the quote in which bash, python-dotenv, ruby's dotenv, godotenv and node all read the
 * value unchanged, or '\0' if there is none.  In single quotes, python-dotenv takes a backslash
 * before a backslash or the quote as an escape, and expands ${NAME}.  In ruby's dotenv 2.4, a value
 * ends at the end of its line.
 */
static char dotenv_quote(const char *value)
{
	size_t length = strlen(value);

	if (strpbrk(value, "\r\n"))
		return '\0';
	if (!strchr(value, '\'') && !strstr(value, "\\\\") && !strstr(value, "${") &&
	    (length == 0 || value[length - 1] != '\\'))
		return '\'';
	return strpbrk(value, "\"\\$`") ? '\0' : '"';
}

/* Append NAME='value' or NAME="value", and a newline. */
static int write_dotenv(
    const struct variable *variable, struct secret_buffer *out, struct error *err)
{
	if (!variable_valid_name(variable->name))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" is not a valid name in dotenv form, which a shell may read; use json",
		    variable->source, variable_shown_name(variable));
	if (env_check_text(variable, "dotenv form", err) < 0)
		return -1;
	const char *value = secret_buffer_string(&variable->value);
	const char quote[] = {dotenv_quote(value), '\0'};
	if (!*quote)
		return error_set(err, ERROR_INVALID,
		    "%s: the value of %s has line breaks, quotes, backslashes or \"${\", which "
		    "readers of dotenv form take differently; use json or nul",
		    variable->source, variable_shown_name(variable));
	return secret_buffer_append_format(out, err, "%s=%s", variable->name, quote) < 0 ||
		       secret_buffer_append(out, value, variable->value.length, err) < 0 ||
		       secret_buffer_append_format(out, err, "%s\n", quote) < 0
		   ? -1
		   : 0;
}

/* Append NAME=value and a NUL byte, as in /proc/PID/environ. */
static int write_nul(const struct variable *variable, struct secret_buffer *out, struct error *err)
{
	const char *value = secret_buffer_string(&variable->value);

	if (!*variable->name || strchr(variable->name, '='))
		return error_set(err, ERROR_INVALID,
		    "%s: \"%s\" is not a valid name before \"=\"; use json", variable->source,
		    variable_shown_name(variable));
	if (memchr(value, '\0', variable->value.length))
		return env_refuse_value(variable, ERROR_INVALID, err,
		    "contains a NUL byte, which ends a value in nul form");
	if (secret_buffer_append_string(out, variable->name, err) < 0 ||
	    secret_buffer_append(out, "=", 1, err) < 0)
		return -1;
	return secret_buffer_append(out, value, variable->value.length + 1, err);
}

int serialize_variables(const struct variable *const *variables, size_t count,
    enum serialize_format format, const struct strings *allowed, struct secret_buffer *out,
    struct error *err)
{
	if (format == SERIALIZE_JSON)
		return write_json(variables, count, out, err);
	for (size_t i = 0; i < count; i++) {
		if (env_check_danger(variables[i], allowed, err) < 0)
			return -1;
		int result = format == SERIALIZE_DOTENV ? write_dotenv(variables[i], out, err)
							: write_nul(variables[i], out, err);
		if (result < 0)
			return -1;
	}
	return 0;
}
