#include "lib/base/options_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Return the value of PREFIX_NAME if it is set and not empty, and write the variable's name. */
static const char *prefixed_value(
    const struct options *options, const char *name, char variable[VARIABLE_MAX])
{
	options_variable(options, name, variable);
	const char *value = getenv(variable);
	return is_set(value) ? value : NULL;
}

static bool has_target(const struct option_spec *spec)
{
	return spec->kind != OPTION_HELP && spec->kind != OPTION_VERSION;
}

/*
 * Return the value of the first variable that is set and not empty, and write the variable's name.
 */
static const char *from_environment(
    const struct options *options, const struct option_spec *spec, char name[VARIABLE_MAX])
{
	const char *list = spec->environment, *value;

	if (spec->kind == OPTION_COMMAND_LINE)
		return NULL;
	if ((value = prefixed_value(options, spec->name, name)))
		return value;
	if (spec->deprecated && (value = prefixed_value(options, spec->deprecated, name)))
		return value;
	while ((list = options_next_name(list, name)))
		if ((value = getenv(name)) && *value)
			return value;
	return NULL;
}

static bool is_environment_flag(const struct options *options, const struct option_spec *spec)
{
	return options->environment_flag && strcmp(spec->name, options->environment_flag) == 0;
}

/* Return false if the command line turns the environment off. */
static bool reads_environment(const struct options *options, void *target)
{
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (is_environment_flag(options, spec))
			return *(const bool *)options_target(spec, target);
	return true;
}

static int read_option_environment(const struct options *options, const struct option_spec *spec,
    void *target, struct option_origin *origin, struct error *err)
{
	char name[VARIABLE_MAX];
	const char *value = has_target(spec) ? from_environment(options, spec, name) : NULL;

	if (!value || is_environment_flag(options, spec))
		return 0;
	origin->kind = OPTION_FROM_ENVIRONMENT;
	memcpy(origin->variable, name, sizeof(name));
	if (options_assign_variable(spec, target, value, err) < 0)
		return error_wrap(err, "environment variable %s", name);
	return 0;
}

/* Return true for a variable that the program sets, or that is for a nested program. */
static bool is_passed_on(const struct options *options, void *target, const char *variable)
{
	const char *list = options->other_variables;
	char name[VARIABLE_MAX];

	while ((list = options_next_name(list, name)))
		if (strcmp(name, variable) == 0)
			return true;
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (spec->kind == OPTION_VARIABLES &&
		    strings_contain(options_target(spec, target), variable))
			return true;
	return false;
}

/* Return true for the variable of an option of the program, also of another of its commands. */
static bool is_of_option(const struct options *options, const char *variable)
{
	char name[VARIABLE_MAX], upper[VARIABLE_MAX];
	bool negated;

	options_long_name(options, variable, name);
	options_variable(options, name, upper);
	if (strcmp(variable, upper) != 0)
		return false;
	for (const struct options *const *each = options->commands; each && *each; each++)
		if (options_find(*each, name, strlen(name), &negated) && !negated)
			return true;
	return options_find(options, name, strlen(name), &negated) && !negated;
}

/*
 * Reject a variable that has the program's prefix and does not belong to an option: a misspelt one
 * would be ignored, and with it, for example, the place where secrets must go.
 */
static int check_variable(
    const struct options *options, void *target, const char *entry, struct error *err)
{
	char variable[VARIABLE_MAX], name[VARIABLE_MAX];
	size_t length = strcspn(entry, "=");

	if (!options_has_prefix(options, entry) || !entry[length] || !entry[length + 1])
		return 0;
	snprintf(variable, sizeof(variable), "%.*s", (int)length, entry);
	if (is_of_option(options, variable) || options_is_service_link(variable) ||
	    is_passed_on(options, target, variable))
		return 0;
	options_long_name(options, variable, name);
	const char *advice = options_removed_advice(options, name, strlen(name));
	if (advice)
		return error_set(
		    err, ERROR_USAGE, "environment variable %s: removed; %s", variable, advice);
	return options_refuse_variable(options, variable, err);
}

int options_read_environment(
    const struct options *options, void *target, struct option_origin *origins, struct error *err)
{
	const struct option_spec *table = options->table;

	if (!reads_environment(options, target))
		return 0;
	for (size_t i = 0; table[i].name; i++)
		if (origins[i].kind == OPTION_FROM_DEFAULT &&
		    read_option_environment(options, &table[i], target, &origins[i], err) < 0)
			return -1;
	for (char **entry = environ; entry && *entry; entry++)
		if (check_variable(options, target, *entry, err) < 0)
			return -1;
	return 0;
}

/* Return the length of the URL without its final slashes, which are ignored when it is used. */
static size_t url_length(const char *url)
{
	size_t length = strlen(url);

	while (length > 0 && url[length - 1] == '/')
		length--;
	return length;
}

/* Return true if both texts set the option to the same value: "30s" and "30", "true" and "1". */
static bool has_same_value(const struct option_spec *spec, const char *one, const char *other)
{
	union {
		bool flag;
		enum option_feature feature;
		int64_t number;
	} a = {.number = 0}, b = {.number = 0};
	struct option_spec parsed = {.kind = spec->kind};
	struct error ignored = ERROR_INIT;

	switch (spec->kind) {
	case OPTION_FLAG:
	case OPTION_FEATURE:
	case OPTION_DURATION:
	case OPTION_NUMBER:
		return options_assign_argument(&parsed, &a, one, &ignored) == 0 &&
		       options_assign_argument(&parsed, &b, other, &ignored) == 0 &&
		       a.number == b.number;
	default:
		if (spec->content != CONTENT_URL)
			return strcmp(one, other) == 0;
		return url_length(one) == url_length(other) &&
		       strncmp(one, other, url_length(one)) == 0;
	}
}

/* Return true if another variable of the option has another value; write its name to `other`. */
static bool differs(const struct options *options, const struct option_spec *spec,
    const char *value, char other[VARIABLE_MAX])
{
	const char *list = spec->environment;
	const char *second =
	    spec->deprecated ? prefixed_value(options, spec->deprecated, other) : NULL;

	if (second && !has_same_value(spec, value, second))
		return true;
	while ((list = options_next_name(list, other)))
		if (is_set(second = getenv(other)) && !has_same_value(spec, value, second))
			return true;
	return false;
}

bool options_environment_conflict(
    const struct options *options, char one[OPTIONS_VARIABLE_MAX], char other[OPTIONS_VARIABLE_MAX])
{
	for (const struct option_spec *spec = options->table; spec->name; spec++) {
		const struct option_origin *origin = &options->origins[spec - options->table];

		if (origin->kind != OPTION_FROM_ENVIRONMENT)
			continue;
		memcpy(one, origin->variable, OPTIONS_VARIABLE_MAX);
		if (differs(options, spec, getenv(one), other))
			return true;
	}
	return false;
}
