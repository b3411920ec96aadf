#include "lib/base/options_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

static bool takes_argument(const struct option_spec *spec)
{
	return spec->argument != NULL;
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
	while ((word = options_next_name(word, name)))
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
		parser->result = value ? OPTIONS_HELP_ALL : OPTIONS_HELP;
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
	if (options_assign_argument(spec, parser->target, value ? value : "true", parser->err) < 0)
		return error_wrap(parser->err, "option %s", shown);
	return 0;
}

static int parse_long(struct parser *parser, const char *word)
{
	size_t length = strcspn(word + 2, "=");
	const char *value = word[2 + length] == '=' ? word + 3 + length : NULL;
	char shown[VARIABLE_MAX];
	bool negated;
	const struct option_spec *spec = options_find(parser->options, word + 2, length, &negated);

	snprintf(shown, sizeof(shown), "%.*s", (int)length + 2, word);
	const char *advice = options_removed_advice(parser->options, word + 2, length);
	if (!spec && advice)
		return error_set(parser->err, ERROR_USAGE, "option %s: removed; %s", shown, advice);
	if (!spec)
		return options_refuse_word(parser->options, shown, parser->err);
	if (spec->kind == OPTION_ENVIRONMENT)
		return error_set(parser->err, ERROR_USAGE,
		    "option %s: not accepted, because other users can read command lines; set %.*s",
		    shown, (int)strcspn(spec->environment, ","), spec->environment);
	if (value && spec->kind == OPTION_HELP && strcmp(value, "all") != 0)
		return error_set(parser->err, ERROR_USAGE,
		    "option %s: unknown argument; write %s or %s=all", shown, shown, shown);
	if (value && (negated || (!takes_argument(spec) && spec->kind != OPTION_FLAG &&
				     spec->kind != OPTION_HELP)))
		return error_set(parser->err, ERROR_USAGE, "option %s takes no argument", shown);
	return apply(parser, spec, shown, negated ? "false" : value);
}

/*
 * Reject a long name after a single dash, as the vault CLI accepts it: "-secret app" must not be
 * read as "-s ecret".  Return 0 for letters.
 */
static int refuse_single_dash(struct parser *parser, const char *word)
{
	size_t length = strcspn(word + 1, "=");
	char shown[VARIABLE_MAX];

	snprintf(shown, sizeof(shown), "%.*s", (int)length + 1, word);
	if (length > 1 && options_has_name(parser->options, shown + 1, strlen(shown + 1)))
		return error_set(parser->err, ERROR_USAGE,
		    "%s: a long option has two dashes; write -%s", shown, shown);
	if (length > 1 && options_is_of_other_tool(parser->options, shown + 1))
		return options_refuse_word(parser->options, shown, parser->err);
	return 0;
}

/* Parse "-n NS", "-nNS" or "-qv". */
static int parse_letters(struct parser *parser, const char *word)
{
	if (refuse_single_dash(parser, word) < 0)
		return -1;
	for (const char *letter = word + 1; *letter; letter++) {
		const char shown[] = {'-', *letter, '\0'};
		const struct option_spec *spec = options_find_letter(parser->options, *letter);

		if (!spec)
			return options_refuse_word(parser->options, shown, parser->err);
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

/*
 * Return the result for "help" or "version" as the only word, which a program that is new to a
 * person gets first.  "-- help" is an operand, and so is the word after a command.
 */
static enum options_result result_of_word(const struct options *options, int argc, char **argv)
{
	if (argc != 2 || options->command)
		return OPTIONS_RUN;
	if (strcmp(argv[1], "help") == 0)
		return OPTIONS_HELP;
	return strcmp(argv[1], "version") == 0 ? OPTIONS_VERSION : OPTIONS_RUN;
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
	if ((parser.result = result_of_word(options, argc, argv)) != OPTIONS_RUN)
		return parser.result;
	if (parse_words(&parser, operand_count) < 0) {
		if (!error_advice(err))
			options_hint_help(options, err);
		return OPTIONS_ERROR;
	}
	if (parser.result != OPTIONS_RUN)
		return parser.result;
	return options_read_environment(options, target, origins, err) < 0 ? OPTIONS_ERROR
									   : OPTIONS_RUN;
}

const struct option_origin *options_origin(const struct options *options, const char *name)
{
	bool negated;

	return &options
		    ->origins[options_find(options, name, strlen(name), &negated) - options->table];
}
