#include "lib/base/options_internal.h"

#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

const char *options_next_name(const char *list, char name[VARIABLE_MAX])
{
	if (!list || !*list)
		return NULL;
	size_t length = strcspn(list, ",");
	snprintf(name, VARIABLE_MAX, "%.*s", (int)length, list);
	return list + length + (list[length] == ',');
}

static bool equals_name(const char *name, const char *word, size_t length)
{
	return name && strlen(name) == length && strncmp(name, word, length) == 0;
}

static bool has_name(const struct option_spec *spec, const char *word, size_t length)
{
	return equals_name(spec->name, word, length) || equals_name(spec->deprecated, word, length);
}

bool options_is_negatable(const struct option_spec *spec)
{
	return spec->kind == OPTION_FLAG || spec->kind == OPTION_VARIABLES ||
	       spec->kind == OPTION_FEATURE;
}

const struct option_spec *options_find(
    const struct options *options, const char *word, size_t length, bool *negated)
{
	bool negation = length > 3 && strncmp(word, "no-", 3) == 0;

	for (const struct option_spec *spec = options->table; spec->name; spec++) {
		*negated = false;
		if (has_name(spec, word, length))
			return spec;
		*negated =
		    negation && options_is_negatable(spec) && has_name(spec, word + 3, length - 3);
		if (*negated)
			return spec;
	}
	return NULL;
}

const struct option_spec *options_find_letter(const struct options *options, char letter)
{
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (spec->letter && spec->letter == letter)
			return spec;
	return NULL;
}

const char *options_removed_advice(const struct options *options, const char *word, size_t length)
{
	for (const struct option_removed *removed = options->removed; removed && removed->name;
	     removed++)
		if (equals_name(removed->name, word, length))
			return removed->advice;
	return NULL;
}

bool options_has_name(const struct options *options, const char *word, size_t length)
{
	bool negated;

	return options_find(options, word, length, &negated) ||
	       options_removed_advice(options, word, length);
}

void options_variable(const struct options *options, const char *name, char variable[VARIABLE_MAX])
{
	snprintf(variable, VARIABLE_MAX, "%s_%s", options->prefix, name);
	for (char *c = variable; *c; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

void options_long_name(const struct options *options, const char *variable, char name[VARIABLE_MAX])
{
	snprintf(name, VARIABLE_MAX, "%s", variable + strlen(options->prefix) + 1);
	for (char *c = name; *c; c++)
		*c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
}

bool options_is_service_link(const char *variable)
{
	static const char *const patterns[] = {"*_SERVICE_HOST", "*_SERVICE_PORT",
	    "*_SERVICE_PORT_*", "*_PORT", "*_PORT_[0-9]*_TCP*", "*_PORT_[0-9]*_UDP*",
	    "*_PORT_[0-9]*_SCTP*"};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (fnmatch(patterns[i], variable, 0) == 0)
			return true;
	return false;
}

bool options_has_prefix(const struct options *options, const char *variable)
{
	size_t length = strlen(options->prefix);

	return strncmp(variable, options->prefix, length) == 0 && variable[length] == '_';
}

bool options_own_variable(const struct options *options, const char *name)
{
	char listed[VARIABLE_MAX];

	if (options_has_prefix(options, name))
		return true;
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		for (const char *list = spec->shared ? NULL : spec->environment;
		     (list = options_next_name(list, listed));)
			if (strcmp(listed, name) == 0)
				return true;
	return false;
}
