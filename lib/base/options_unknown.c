/* Reject options and variables that do not exist, with the ones that are probably meant. */
#include <string.h>

#include "lib/base/options_internal.h"
#include "lib/base/spelling.h"

/* More names would not help: --help lists all. */
#define SUGGESTIONS_MAX 3
/* From this length, the beginning of a name is enough for a suggestion. */
#define BEGINNING_MIN 3

/* A name that does not exist. */
struct unknown_name {
	const struct options *options;
	const char *word; /* as a long name without dashes */
	bool variable;	  /* it is the name of a variable */
	bool negation;	  /* the word begins with "no-" */
};

struct suggestions {
	char names[SUGGESTIONS_MAX][VARIABLE_MAX + sizeof("=false")];
	size_t count; /* of all; only SUGGESTIONS_MAX are kept */
};

/* Append the option as it is written on the command line, or its variable. */
static void suggest(struct suggestions *suggestions, const struct unknown_name *unknown,
    const struct option_spec *spec, bool negated)
{
	char name[VARIABLE_MAX];

	if (suggestions->count++ >= SUGGESTIONS_MAX)
		return;
	char *text = suggestions->names[suggestions->count - 1];
	size_t size = sizeof(suggestions->names[0]);
	if (unknown->variable) {
		options_variable(unknown->options, spec->name, name);
		snprintf(text, size, "%s%s", name, negated ? "=false" : "");
	} else {
		snprintf(text, size, "--%s%s", negated ? "no-" : "", spec->name);
	}
}

static bool can_be_set(const struct unknown_name *unknown, const struct option_spec *spec)
{
	if (!unknown->variable)
		return spec->kind != OPTION_ENVIRONMENT;
	return spec->kind != OPTION_COMMAND_LINE && spec->kind != OPTION_HELP &&
	       spec->kind != OPTION_VERSION;
}

/* Return true if the word is the beginning of the name, or its end after a dash. */
static bool is_part(const char *word, const char *name)
{
	size_t length = strlen(word), name_length = strlen(name);

	if (length < BEGINNING_MIN || length >= name_length)
		return false;
	return strncmp(word, name, length) == 0 ||
	       (name[name_length - length - 1] == '-' &&
		   strcmp(word, name + name_length - length) == 0);
}

static void find_matches(const struct unknown_name *unknown,
    bool (*matches)(const char *word, const char *name), struct suggestions *suggestions)
{
	for (const struct option_spec *spec = unknown->options->table; spec->name; spec++) {
		if (!can_be_set(unknown, spec))
			continue;
		if (matches(unknown->word, spec->name))
			suggest(suggestions, unknown, spec, false);
		else if (unknown->negation && options_is_negatable(spec) &&
			 matches(unknown->word + 3, spec->name))
			suggest(suggestions, unknown, spec, true);
	}
}

/* Append "; try A, B or C" for names that are spelt alike. */
static void hint_similar(const struct unknown_name *unknown, struct error *err)
{
	struct suggestions found = {.count = 0};
	char(*names)[sizeof(found.names[0])] = found.names;

	find_matches(unknown, spelling_is_near, &found);
	if (found.count == 0)
		find_matches(unknown, is_part, &found);
	if (found.count == 1)
		error_hint(err, "try %s", names[0]);
	else if (found.count == 2)
		error_hint(err, "try %s or %s", names[0], names[1]);
	else if (found.count == SUGGESTIONS_MAX)
		error_hint(err, "try %s, %s or %s", names[0], names[1], names[2]);
}

/* Return the entry for a name of another tool, or NULL. */
static const struct option_other *find_other(const struct options *options, const char *word)
{
	char name[VARIABLE_MAX];

	for (const struct option_other *other = options->others; other && other->names; other++)
		for (const char *list = other->names; (list = options_next_name(list, name));)
			if (strcmp(name, word) == 0)
				return other;
	return NULL;
}

bool options_is_of_other_tool(const struct options *options, const char *word)
{
	return find_other(options, word) != NULL;
}

/* Append the option for a name of another tool.  Return false if the program has none. */
static bool hint_other_tool(const struct unknown_name *unknown, struct error *err)
{
	const struct option_other *other = find_other(unknown->options, unknown->word);
	struct suggestions found = {.count = 0};
	bool negated;

	if (other && other->advice) {
		error_hint(err, "%s", other->advice);
		return true;
	}
	const struct option_spec *spec =
	    other ? options_find(unknown->options, other->use, strlen(other->use), &negated) : NULL;
	if (!spec || !can_be_set(unknown, spec))
		return false;
	suggest(&found, unknown, spec, false);
	error_hint(err, "use %s", found.names[0]);
	return true;
}

int options_hint_help(const struct options *options, struct error *err)
{
	return error_hint(err, "see %s%s%s --help", options->program, options->command ? " " : "",
	    options->command ? options->command : "");
}

static int hint_meant(const struct unknown_name *unknown, struct error *err)
{
	if (hint_other_tool(unknown, err))
		return -1;
	hint_similar(unknown, err);
	return options_hint_help(unknown->options, err);
}

int options_refuse_word(const struct options *options, const char *shown, struct error *err)
{
	struct unknown_name unknown = {.options = options, .word = shown + strspn(shown, "-")};

	unknown.negation = strncmp(unknown.word, "no-", 3) == 0;
	error_set(err, ERROR_USAGE, "%s: unknown option", shown);
	return hint_meant(&unknown, err);
}

int options_refuse_variable(const struct options *options, const char *variable, struct error *err)
{
	char word[VARIABLE_MAX];
	struct unknown_name unknown = {.options = options, .word = word, .variable = true};

	options_long_name(options, variable, word);
	unknown.negation = strncmp(word, "no-", 3) == 0;
	error_set(err, ERROR_USAGE, "environment variable %s: unknown option", variable);
	return hint_meant(&unknown, err);
}
