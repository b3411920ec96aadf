#include "lib/base/options_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

void *options_target(const struct option_spec *spec, void *target)
{
	return (char *)target + spec->offset;
}

static int parse_boolean(const char *text, bool *value)
{
	static const char *const words[2][4] = {
	    {"0", "false", "no", "off"}, {"1", "true", "yes", "on"}};

	for (int truth = 0; truth < 2; truth++)
		for (int i = 0; i < 4; i++)
			if (strcasecmp(text, words[truth][i]) == 0) {
				*value = truth;
				return 0;
			}
	return -1;
}

static int parse_count(const char *text, int64_t *value, struct error *err)
{
	char *end;

	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno)
		return error_set(err, ERROR_USAGE, "\"%s\" is not a whole number", text);
	*value = number;
	return 0;
}

/* Append the items of a comma-separated list, without the empty ones. */
static int append_items(struct strings *list, const char *text, struct error *err)
{
	char *saved = NULL;
	cleanup_free char *copy = strdup(text);

	if (!copy)
		return error_memory(err);
	for (char *item = strtok_r(copy, ",", &saved); item; item = strtok_r(NULL, ",", &saved))
		if (strings_append(list, item, err) < 0)
			return -1;
	return 0;
}

static int assign_variables(struct strings *list, const char *text, struct error *err)
{
	bool all;

	if (parse_boolean(text, &all) < 0)
		return append_items(list, text, err);
	strings_free(list);
	return all ? strings_append(list, "true", err) : 0;
}

static int assign_feature(enum option_feature *feature, const char *text, struct error *err)
{
	bool required;

	if (strcmp(text, IF_POSSIBLE) == 0) {
		*feature = FEATURE_IF_POSSIBLE;
		return 0;
	}
	if (parse_boolean(text, &required) < 0)
		return error_set(
		    err, ERROR_USAGE, "\"%s\" is not true, false or " IF_POSSIBLE, text);
	*feature = required ? FEATURE_REQUIRED : FEATURE_OFF;
	return 0;
}

/* Append an argument.  Names are separated by commas; an empty one is kept, to be rejected. */
static int append_argument(
    const struct option_spec *spec, struct strings *list, const char *text, struct error *err)
{
	cleanup_free char *copy = strdup(text);
	char *rest = copy;

	if (!copy)
		return error_memory(err);
	if (!spec->names)
		return strings_append(list, text, err);
	for (char *item; (item = strsep(&rest, ","));)
		if (strings_append(list, item, err) < 0)
			return -1;
	return 0;
}

int options_assign_argument(
    const struct option_spec *spec, void *target, const char *text, struct error *err)
{
	void *place = options_target(spec, target);

	switch (spec->kind) {
	case OPTION_FLAG:
		if (parse_boolean(text, place) < 0)
			return error_set(
			    err, ERROR_USAGE, "\"%s\" is neither true nor false", text);
		return 0;
	case OPTION_STRING:
	case OPTION_ENVIRONMENT:
	case OPTION_COMMAND_LINE:
		*(const char **)place = text;
		return 0;
	case OPTION_LIST:
		return append_argument(spec, place, text, err);
	case OPTION_VARIABLES:
		return assign_variables(place, text, err);
	case OPTION_FEATURE:
		return assign_feature(place, text, err);
	case OPTION_DURATION:
		return clock_parse_duration(text, place, err);
	case OPTION_NUMBER:
		return parse_count(text, place, err);
	default:
		return 0;
	}
}

int options_assign_variable(
    const struct option_spec *spec, void *target, const char *text, struct error *err)
{
	return spec->kind == OPTION_LIST ? append_items(options_target(spec, target), text, err)
					 : options_assign_argument(spec, target, text, err);
}
