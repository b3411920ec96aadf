#include "lib/base/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#define VARIABLE_MAX OPTIONS_VARIABLE_MAX

static void *target_of(const struct option_spec *spec, void *target)
{
	return (char *)target + spec->offset;
}

static bool takes_argument(const struct option_spec *spec)
{
	return spec->argument != NULL;
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

/* Append the items of a comma-separated list. */
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

#define IF_POSSIBLE "if-possible"

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

/* Store `text` in the option's target. */
static int assign(const struct option_spec *spec, void *target, const char *text, struct error *err)
{
	void *place = target_of(spec, target);

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
		return strings_append(place, text, err);
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

/* Return the value of PREFIX_NAME if it is set and not empty, and write the variable's name. */
static const char *prefixed_value(
    const struct options *options, const char *name, char variable[VARIABLE_MAX])
{
	snprintf(variable, VARIABLE_MAX, "%s_%s", options->prefix, name);
	for (char *c = variable; *c; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	const char *value = getenv(variable);
	return is_set(value) ? value : NULL;
}

/* Copy the next name of a comma-separated list and return the rest, or NULL at the end. */
static const char *next_name(const char *list, char name[VARIABLE_MAX])
{
	if (!list || !*list)
		return NULL;
	size_t length = strcspn(list, ",");
	snprintf(name, VARIABLE_MAX, "%.*s", (int)length, list);
	return list + length + (list[length] == ',');
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
	while ((list = next_name(list, name)))
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
			return *(const bool *)target_of(spec, target);
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
	int result = spec->kind == OPTION_LIST ? append_items(target_of(spec, target), value, err)
					       : assign(spec, target, value, err);
	return result < 0 ? error_wrap(err, "environment variable %s", name) : 0;
}

static bool equals_name(const char *name, const char *word, size_t length)
{
	return name && strlen(name) == length && strncmp(name, word, length) == 0;
}

static bool has_name(const struct option_spec *spec, const char *word, size_t length)
{
	return equals_name(spec->name, word, length) || equals_name(spec->deprecated, word, length);
}

static bool is_negatable(const struct option_spec *spec)
{
	return spec->kind == OPTION_FLAG || spec->kind == OPTION_VARIABLES ||
	       spec->kind == OPTION_FEATURE;
}

/* Return the option with this long name, or NULL.  Set *negated for "no-NAME". */
static const struct option_spec *find_long(
    const struct options *options, const char *word, size_t length, bool *negated)
{
	bool negation = length > 3 && strncmp(word, "no-", 3) == 0;

	for (const struct option_spec *spec = options->table; spec->name; spec++) {
		*negated = false;
		if (has_name(spec, word, length))
			return spec;
		*negated = negation && is_negatable(spec) && has_name(spec, word + 3, length - 3);
		if (*negated)
			return spec;
	}
	return NULL;
}

/* Return the advice for a removed option, or NULL. */
static const char *removed_advice(const struct options *options, const char *name, size_t length)
{
	for (const struct option_removed *removed = options->removed; removed && removed->name;
	     removed++)
		if (strlen(removed->name) == length && strncmp(removed->name, name, length) == 0)
			return removed->advice;
	return NULL;
}

/* Reject the environment variables of removed options. */
static int refuse_removed_variables(const struct options *options, struct error *err)
{
	char name[VARIABLE_MAX];

	for (const struct option_removed *removed = options->removed; removed && removed->name;
	     removed++) {
		if (prefixed_value(options, removed->name, name))
			return error_set(err, ERROR_USAGE, "environment variable %s: removed; %s",
			    name, removed->advice);
	}
	return 0;
}

static const struct option_spec *find_letter(const struct options *options, char letter)
{
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (spec->letter && spec->letter == letter)
			return spec;
	return NULL;
}

/* The state of parsing argv. */
struct parser {
	const struct options *options;
	void *target;
	char **argv;
	int argc, at;
	struct option_origin *origins; /* one for each entry of the table */
	enum options_result result;
	struct error *err;
};

/* Return true if a word is a list of the program's own variables.  NULL is the end of the words. */
static bool names_variables(const struct options *options, const char *word)
{
	char name[VARIABLE_MAX];

	if (!word || !*word)
		return false;
	while ((word = next_name(word, name)))
		if (!options_own_variable(options, name))
			return false;
	return true;
}

/* Return true if the word is the argument of an option that has an optional argument. */
static bool is_optional_argument(
    const struct options *options, const struct option_spec *spec, const char *word)
{
	if (spec->kind == OPTION_VARIABLES)
		return names_variables(options, word);
	return word && strcmp(word, IF_POSSIBLE) == 0;
}

/* Apply an option with its argument, which is the next word if `value` is NULL. */
static int apply(
    struct parser *parser, const struct option_spec *spec, const char *shown, const char *value)
{
	parser->origins[spec - parser->options->table].kind = OPTION_FROM_COMMAND_LINE;
	if (spec->kind == OPTION_HELP)
		parser->result = OPTIONS_HELP;
	if (spec->kind == OPTION_VERSION)
		parser->result = OPTIONS_VERSION;
	if (spec->kind == OPTION_VARIABLES || spec->kind == OPTION_FEATURE) {
		if (!value &&
		    is_optional_argument(parser->options, spec, parser->argv[parser->at + 1]))
			value = parser->argv[++parser->at];
	} else if (takes_argument(spec) && !value) {
		if (parser->at + 1 >= parser->argc)
			return error_set(
			    parser->err, ERROR_USAGE, "option %s needs an argument", shown);
		value = parser->argv[++parser->at];
	}
	if (assign(spec, parser->target, value ? value : "true", parser->err) < 0)
		return error_wrap(parser->err, "option %s", shown);
	return 0;
}

static int parse_long(struct parser *parser, const char *word)
{
	size_t length = strcspn(word + 2, "=");
	const char *value = word[2 + length] == '=' ? word + 3 + length : NULL;
	char shown[VARIABLE_MAX];
	bool negated;
	const struct option_spec *spec = find_long(parser->options, word + 2, length, &negated);

	snprintf(shown, sizeof(shown), "%.*s", (int)length + 2, word);
	const char *advice = spec ? NULL : removed_advice(parser->options, word + 2, length);
	if (advice)
		return error_set(parser->err, ERROR_USAGE, "option %s: removed; %s", shown, advice);
	if (!spec)
		return error_set(parser->err, ERROR_USAGE, "unknown option %s", shown);
	if (spec->kind == OPTION_ENVIRONMENT)
		return error_set(parser->err, ERROR_USAGE,
		    "option %s: accepted only from the environment (%s); other users can read command lines",
		    shown, spec->environment);
	if (value && (negated || (!takes_argument(spec) && spec->kind != OPTION_FLAG)))
		return error_set(parser->err, ERROR_USAGE, "option %s takes no argument", shown);
	return apply(parser, spec, shown, negated ? "false" : value);
}

/* Parse "-n NS", "-nNS" or "-qv". */
static int parse_letters(struct parser *parser, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const char shown[] = {'-', *letter, '\0'};
		const struct option_spec *spec = find_letter(parser->options, *letter);

		if (!spec)
			return error_set(parser->err, ERROR_USAGE, "unknown option %s", shown);
		if (takes_argument(spec))
			return apply(parser, spec, shown, letter[1] ? letter + 1 : NULL);
		if (apply(parser, spec, shown, NULL) < 0)
			return -1;
	}
	return 0;
}

/* Parse argv, and move the operands to its front in their order. */
static int parse_words(struct parser *parser, int *operand_count)
{
	int count = 0;

	for (parser->at = 1; parser->at < parser->argc; parser->at++) {
		char *word = parser->argv[parser->at];
		bool operand = word[0] != '-' || word[1] == '\0';

		if (strcmp(word, "--") == 0 || (operand && parser->options->stop_at_operand)) {
			for (parser->at += !operand; parser->at < parser->argc; parser->at++)
				parser->argv[1 + count++] = parser->argv[parser->at];
			break;
		}
		if (operand) {
			parser->argv[1 + count++] = word;
			continue;
		}
		int result =
		    word[1] == '-' ? parse_long(parser, word) : parse_letters(parser, word);
		if (result < 0)
			return -1;
		if (parser->result != OPTIONS_RUN)
			break;
	}
	parser->argv[1 + count] = NULL;
	*operand_count = count;
	return 0;
}

static size_t table_length(const struct options *options)
{
	size_t count = 0;

	while (options->table[count].name)
		count++;
	return count;
}

enum options_result options_parse(const struct options *options, void *target, int argc,
    char **argv, char ***operands, int *operand_count, struct error *err)
{
	size_t count = table_length(options);
	cleanup_free struct option_origin *own = calloc(count + 1, sizeof(*own));
	struct option_origin *origins = options->origins ? options->origins : own;
	struct parser parser = {.options = options,
	    .target = target,
	    .argv = argv,
	    .argc = argc,
	    .origins = origins,
	    .result = OPTIONS_RUN,
	    .err = err};

	*operands = argv + 1;
	*operand_count = 0;
	if (!own) {
		error_memory(err);
		return OPTIONS_ERROR;
	}
	memset(origins, 0, count * sizeof(*origins));
	if (argc < 1)
		return OPTIONS_RUN;
	if (parse_words(&parser, operand_count) < 0) {
		error_hint(err, "see %s%s%s --help", options->program, options->command ? " " : "",
		    options->command ? options->command : "");
		return OPTIONS_ERROR;
	}
	if (parser.result != OPTIONS_RUN)
		return parser.result;
	if (!reads_environment(options, target))
		return OPTIONS_RUN;
	if (refuse_removed_variables(options, err) < 0)
		return OPTIONS_ERROR;
	for (size_t i = 0; i < count; i++)
		if (origins[i].kind == OPTION_FROM_DEFAULT &&
		    read_option_environment(options, &options->table[i], target, &origins[i], err) <
			0)
			return OPTIONS_ERROR;
	return OPTIONS_RUN;
}

static bool is_url(const struct option_spec *spec)
{
	return spec->kind == OPTION_STRING && strcmp(spec->argument, "URL") == 0;
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
		return assign(&parsed, &a, one, &ignored) == 0 &&
		       assign(&parsed, &b, other, &ignored) == 0 && a.number == b.number;
	default:
		if (!is_url(spec))
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
	while ((list = next_name(list, other)))
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

const struct option_origin *options_origin(const struct options *options, const char *name)
{
	bool negated;

	return &options->origins[find_long(options, name, strlen(name), &negated) - options->table];
}

bool options_own_variable(const struct options *options, const char *name)
{
	size_t prefix_length = strlen(options->prefix);
	char listed[VARIABLE_MAX];

	if (strncmp(name, options->prefix, prefix_length) == 0 && name[prefix_length] == '_')
		return true;
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		for (const char *list = spec->shared ? NULL : spec->environment;
		     (list = next_name(list, listed));)
			if (strcmp(listed, name) == 0)
				return true;
	return false;
}
