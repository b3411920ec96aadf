#include "lib/base/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/utf8.h"

#define VARIABLE_MAX OPTIONS_VARIABLE_MAX
#define HELP_COLUMN 30

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

static int parse_number(const char *text, int64_t *value, struct error *err)
{
	char *end;

	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno)
		return error_set(err, ERROR_USAGE, "\"%s\" is not a whole number", text);
	*value = number;
	return 0;
}

/* Append the items of a list with commas. */
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
	case OPTION_DURATION:
		return clock_parse_duration(text, place, err);
	case OPTION_NUMBER:
		return parse_number(text, place, err);
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

/* Copy the next name of a comma-separated list; NULL at its end. */
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

/* The first variable that is set and not empty: its value, its name in `name`. */
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

static size_t index_of(const struct options *options, const struct option_spec *spec)
{
	return (size_t)(spec - options->table);
}

static bool is_environment_flag(const struct options *options, const struct option_spec *spec)
{
	return options->environment_flag && strcmp(spec->name, options->environment_flag) == 0;
}

/* Whether the command line leaves it to the environment to say something. */
static bool asks_environment(const struct options *options, void *target)
{
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (is_environment_flag(options, spec))
			return *(const bool *)target_of(spec, target);
	return true;
}

static int read_environment(
    const struct options *options, const struct option_spec *spec, void *target, struct error *err)
{
	char name[VARIABLE_MAX];
	const char *value = has_target(spec) ? from_environment(options, spec, name) : NULL;

	if (!value || is_environment_flag(options, spec))
		return 0;
	if (options->origins) {
		struct option_origin *origin = &options->origins[index_of(options, spec)];
		origin->kind = OPTION_FROM_ENVIRONMENT;
		memcpy(origin->variable, name, sizeof(name));
	}
	int result = spec->kind == OPTION_LIST ? append_items(target_of(spec, target), value, err)
					       : assign(spec, target, value, err);
	return result < 0 ? error_wrap(err, "environment variable %s", name) : 0;
}

static bool is_name(const char *name, const char *word, size_t length)
{
	return name && strlen(name) == length && strncmp(name, word, length) == 0;
}

static bool has_name(const struct option_spec *spec, const char *word, size_t length)
{
	return is_name(spec->name, word, length) || is_name(spec->deprecated, word, length);
}

static bool is_negatable(const struct option_spec *spec)
{
	return spec->kind == OPTION_FLAG || spec->kind == OPTION_VARIABLES;
}

/* Return the option of this long name, or NULL; set *negated for "no-NAME". */
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

/* Return the advice for an option that was removed, or NULL when there is no such. */
static const char *removed_advice(const struct options *options, const char *name, size_t length)
{
	for (const struct option_removed *removed = options->removed; removed && removed->name;
	     removed++)
		if (strlen(removed->name) == length && strncmp(removed->name, name, length) == 0)
			return removed->advice;
	return NULL;
}

/* Refuse a variable of the environment that set an option which was removed. */
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

/* The state of one run over argv. */
struct parser {
	const struct options *options;
	void *target;
	char **argv;
	int argc, at;
	bool *given; /* by option: it was on the command line */
	enum options_result result;
	struct error *err;
};

/* Whether a word is a list of own variables; NULL, behind the last word, is not. */
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

/* Apply an option with its argument, taking the next word when `value` is NULL. */
static int apply(
    struct parser *parser, const struct option_spec *spec, const char *shown, const char *value)
{
	size_t index = index_of(parser->options, spec);

	parser->given[index] = true;
	if (parser->options->origins)
		parser->options->origins[index].kind = OPTION_FROM_COMMAND_LINE;
	if (spec->kind == OPTION_HELP)
		parser->result = OPTIONS_HELP;
	if (spec->kind == OPTION_VERSION)
		parser->result = OPTIONS_VERSION;
	if (spec->kind == OPTION_VARIABLES) {
		if (!value && names_variables(parser->options, parser->argv[parser->at + 1]))
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
		    "%s is taken from the environment only (%s): whoever lists processes reads "
		    "command lines",
		    shown, spec->environment);
	if (value && (negated || (!takes_argument(spec) && spec->kind != OPTION_FLAG)))
		return error_set(parser->err, ERROR_USAGE, "option %s takes no argument", shown);
	return apply(parser, spec, shown, negated ? "false" : value);
}

/* "-n NS", "-nNS", "-qv" */
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

/* Walk argv; operands are gathered at its front, in their order. */
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
	cleanup_free bool *given = calloc(table_length(options) + 1, sizeof(*given));
	struct parser parser = {.options = options,
	    .target = target,
	    .argv = argv,
	    .argc = argc,
	    .given = given,
	    .result = OPTIONS_RUN,
	    .err = err};

	*operands = argv + 1;
	*operand_count = 0;
	if (!given) {
		error_memory(err);
		return OPTIONS_ERROR;
	}
	if (argc < 1)
		return OPTIONS_RUN;
	if (parse_words(&parser, operand_count) < 0) {
		error_hint(err, "see %s%s%s --help", options->program, options->command ? " " : "",
		    options->command ? options->command : "");
		return OPTIONS_ERROR;
	}
	if (parser.result != OPTIONS_RUN)
		return parser.result;
	if (!asks_environment(options, target))
		return OPTIONS_RUN;
	if (refuse_removed_variables(options, err) < 0)
		return OPTIONS_ERROR;
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (!given[index_of(options, spec)] &&
		    read_environment(options, spec, target, err) < 0)
			return OPTIONS_ERROR;
	return OPTIONS_RUN;
}

/* "  LEFT    help", the help on a line of its own when LEFT is long. */
static void print_row(FILE *out, const char *left, const char *help)
{
	if (strlen(left) >= HELP_COLUMN)
		fprintf(out, "%s\n%*s%s", left, HELP_COLUMN, "", help);
	else
		fprintf(out, "%-*s%s", HELP_COLUMN, left, help);
}

static void print_option(FILE *out, const struct option_spec *spec)
{
	char left[VARIABLE_MAX];
	const char letter[] = {'-', spec->letter, ',', ' ', '\0'};

	snprintf(left, sizeof(left), "  %s--%s%s%s", spec->letter ? letter : "    ", spec->name,
	    spec->argument ? " " : "", spec->argument ? spec->argument : "");
	print_row(out, left, spec->help);
	if (spec->environment)
		fprintf(out, " [%s]", spec->environment);
	fputc('\n', out);
}

/* What can only come from the environment. */
static void print_variable(FILE *out, const struct option_spec *spec)
{
	char left[VARIABLE_MAX];

	snprintf(left, sizeof(left), "  %s", spec->environment);
	print_row(out, left, spec->help);
	fputc('\n', out);
}

void options_print_help(const struct options *options, FILE *out)
{
	fprintf(out, "usage: %s\n", options->synopsis);
	if (options->description)
		fprintf(out, "\n%s\n", options->description);
	if (!options->table->section)
		fputs("\nOptions:\n", out);
	for (const struct option_spec *spec = options->table; spec->name; spec++) {
		if (spec->section)
			fprintf(out, "\n%s:\n", spec->section);
		if (spec->kind != OPTION_ENVIRONMENT)
			print_option(out, spec);
	}
	fputs("\nEnvironment:\n", out);
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (spec->kind == OPTION_ENVIRONMENT)
			print_variable(out, spec);
	fprintf(out, "  Every option can also be set as %s_NAME.\n", options->prefix);
}

/* Longer values are told by their size. */
#define SHOWN_MAX 256

/* A value's text; what can be a password in a URL is left out, and what is no line told by size. */
static void print_text(FILE *out, const char *text)
{
	const char *scheme = strstr(text, "://"), *at = strrchr(text, '@');
	size_t length = strlen(text);
	char shown[SHOWN_MAX];

	if (at) {
		snprintf(shown, sizeof(shown), "%.*s...%s",
		    scheme && scheme < at ? (int)(scheme + 3 - text) : 0, text, at);
	} else if (length >= sizeof(shown) || strpbrk(text, "\r\n")) {
		fprintf(out, "%zu bytes", length);
		return;
	} else {
		memcpy(shown, text, length + 1);
	}
	utf8_make_printable(shown);
	fputs(shown, out);
}

/* Return true for [SCHEME://]HOST[:PORT][/PATH], in which a password has no place. */
static bool is_plain_url(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789.-_/~";
	const char *scheme = strstr(text, "://"), *host = scheme ? scheme + 3 : text;
	const char *end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":/");

	if (!end || (*host != '[' && strspn(host, letters) < (size_t)(end - host)))
		return false;
	end += *end == ']';
	if (*end == ':')
		end += 1 + strspn(end + 1, "0123456789");
	return *end == '\0' || (*end == '/' && !end[strspn(end, letters)]);
}

/* Without what comes before '@'; where that is missing or mistyped, nothing of it. */
static void print_url(FILE *out, const char *text)
{
	const char *at = strrchr(text, '@');

	if (is_plain_url(at ? at + 1 : text))
		print_text(out, text);
	else
		fputs("set, not shown: not a URL", out);
}

static void print_duration(FILE *out, int64_t duration_ms)
{
	if (duration_ms % 1000)
		fprintf(out, "%lldms", (long long)duration_ms);
	else
		fprintf(out, "%llds", (long long)duration_ms / 1000);
}

static bool has_value(const struct option_spec *spec, const void *place)
{
	switch (spec->kind) {
	case OPTION_STRING:
	case OPTION_ENVIRONMENT:
		return is_set(*(const char *const *)place);
	case OPTION_LIST:
	case OPTION_VARIABLES:
		return ((const struct strings *)place)->count > 0;
	case OPTION_FLAG:
	case OPTION_DURATION:
	case OPTION_NUMBER:
		return true;
	default:
		return false;
	}
}

static void print_value(FILE *out, const struct option_spec *spec, const void *place)
{
	const struct strings *list = place;

	switch (spec->kind) {
	case OPTION_FLAG:
		fputs(*(const bool *)place ? "true" : "false", out);
		break;
	case OPTION_STRING:
		(strcmp(spec->argument, "URL") == 0 ? print_url : print_text)(
		    out, *(const char *const *)place);
		break;
	case OPTION_LIST:
	case OPTION_VARIABLES:
		for (size_t i = 0; i < list->count; i++) {
			fputs(i ? ", " : "", out);
			print_text(out, list->items[i]);
		}
		break;
	case OPTION_DURATION:
		print_duration(out, *(const int64_t *)place);
		break;
	case OPTION_NUMBER:
		if (*(const int64_t *)place < 0)
			fputs("unlimited", out);
		else
			fprintf(out, "%lld", (long long)*(const int64_t *)place);
		break;
	default:
		fputs("set, not shown", out);
	}
}

void options_print_configuration(const struct options *options, const void *target, FILE *out)
{
	for (const struct option_spec *spec = options->table; spec->name; spec++) {
		const struct option_origin *origin = &options->origins[index_of(options, spec)];
		const void *place = (const char *)target + spec->offset;

		if (!has_target(spec) || !has_value(spec, place))
			continue;
		fprintf(out, "%s: ", spec->name);
		print_value(out, spec, place);
		if (origin->kind == OPTION_FROM_ENVIRONMENT)
			fprintf(out, " (%s)\n", origin->variable);
		else if (origin->kind == OPTION_FROM_COMMAND_LINE)
			fprintf(out, " (--%s)\n", spec->name);
		else
			fputs(" (default)\n", out);
	}
}

void options_print_command(char *const *command, FILE *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "%+,-./:=@_";

	fputs("command:", out);
	for (; *command; command++) {
		const char *quote =
		    **command && strspn(*command, plain) == strlen(*command) ? "" : "'";
		fprintf(out, " %s", quote);
		print_text(out, *command);
		fputs(quote, out);
	}
	fputc('\n', out);
}

/* Find a name among `list` that is set to something else than `value`. */
static bool differs(const char *value, const char *list, char other[OPTIONS_VARIABLE_MAX])
{
	while ((list = next_name(list, other))) {
		const char *second = getenv(other);
		if (is_set(second) && strcmp(value, second) != 0)
			return true;
	}
	return false;
}

bool options_environment_conflict(
    const struct options *options, char one[OPTIONS_VARIABLE_MAX], char other[OPTIONS_VARIABLE_MAX])
{
	for (const struct option_spec *spec = options->table; spec->name; spec++) {
		const struct option_origin *origin = &options->origins[index_of(options, spec)];
		const char *value = origin->kind == OPTION_FROM_ENVIRONMENT
					? from_environment(options, spec, one)
					: NULL;
		if (value && differs(value, spec->environment, other))
			return true;
	}
	return false;
}

const struct option_origin *options_origin(const struct options *options, const char *name)
{
	bool negated;

	return &options
		    ->origins[index_of(options, find_long(options, name, strlen(name), &negated))];
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
