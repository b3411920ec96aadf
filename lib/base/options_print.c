/* Print --help and the effective configuration. */
#include <stdint.h>
#include <string.h>

#include "lib/base/options.h"
#include "lib/base/utf8.h"

#define LEFT_MAX 128
#define HELP_COLUMN 30
/* Only the size of a longer value is printed. */
#define SHOWN_MAX 256

/* Print "  LEFT    help", with the help on the next line if LEFT is long. */
static void print_row(FILE *out, const char *left, const char *help)
{
	if (strlen(left) >= HELP_COLUMN)
		fprintf(out, "%s\n%*s%s", left, HELP_COLUMN, "", help);
	else
		fprintf(out, "%-*s%s", HELP_COLUMN, left, help);
}

/* Print an option with its names in the environment: all of them, or the first. */
static void print_option(FILE *out, const struct option_spec *spec, bool all)
{
	size_t shown = spec->environment ? strcspn(spec->environment, all ? "" : ",") : 0;
	char left[LEFT_MAX];
	const char letter[] = {'-', spec->letter, ',', ' ', '\0'};

	snprintf(left, sizeof(left), "  %s--%s%s%s", spec->letter ? letter : "    ", spec->name,
	    spec->argument ? " " : "", spec->argument ? spec->argument : "");
	print_row(out, left, spec->help);
	if (shown > 0)
		fprintf(out, " [%.*s]", (int)shown, spec->environment);
	fputc('\n', out);
}

/* Print an option of kind OPTION_ENVIRONMENT. */
static void print_variable(FILE *out, const struct option_spec *spec)
{
	char left[LEFT_MAX];

	snprintf(left, sizeof(left), "  %s", spec->environment);
	print_row(out, left, spec->help);
	fputc('\n', out);
}

static bool is_small(const struct option_spec *table)
{
	size_t count = 0;

	while (table[count].name)
		count++;
	return count <= OPTIONS_SMALL_TABLE;
}

static void print_usual(const struct options *options, FILE *out)
{
	fputs("\nUsual options:\n", out);
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (spec->usual)
			print_option(out, spec, false);
	fprintf(out, "\n--help=all lists every option. Each can also be set as %s_NAME.\n",
	    options->prefix);
}

static void print_all(const struct options *options, FILE *out)
{
	if (!options->table->section)
		fputs("\nOptions:\n", out);
	for (const struct option_spec *spec = options->table; spec->name; spec++) {
		if (spec->section)
			fprintf(out, "\n%s:\n", spec->section);
		if (spec->kind != OPTION_ENVIRONMENT)
			print_option(out, spec, true);
	}
	fputs("\nEnvironment:\n", out);
	for (const struct option_spec *spec = options->table; spec->name; spec++)
		if (spec->kind == OPTION_ENVIRONMENT)
			print_variable(out, spec);
	fprintf(out, "  Every option can also be set as %s_NAME.\n", options->prefix);
}

void options_print_help(const struct options *options, bool all, FILE *out)
{
	fprintf(out, "usage: %s\n", options->synopsis);
	if (options->description)
		fprintf(out, "\n%s\n", options->description);
	if (all || is_small(options->table))
		print_all(options, out);
	else
		print_usual(options, out);
}

/* Print a value without the user and password of a URL, or the size of long or multi-line text. */
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

/* Return true for [SCHEME://]HOST[:PORT][/PATH], which cannot contain a password. */
static bool is_plain_url(const char *text)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_/~";
	const char *scheme = strstr(text, "://"), *host = scheme ? scheme + 3 : text;
	const char *end = *host == '[' ? strchr(host, ']') : host + strcspn(host, ":/");

	if (!end || (*host != '[' && strspn(host, letters) < (size_t)(end - host)))
		return false;
	end += *end == ']';
	if (*end == ':')
		end += 1 + strspn(end + 1, "0123456789");
	return *end == '\0' || (*end == '/' && !end[strspn(end, letters)]);
}

/* Print a URL without the part before '@'.  Do not print text that is not a URL. */
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
	case OPTION_FEATURE:
	case OPTION_DURATION:
	case OPTION_NUMBER:
		return true;
	default:
		return false;
	}
}

static const char *const features[] = {
    [FEATURE_OFF] = "false", [FEATURE_REQUIRED] = "true", [FEATURE_IF_POSSIBLE] = "if-possible"};

static void print_value(FILE *out, const struct option_spec *spec, const void *place)
{
	const struct strings *list = place;

	if (spec->content == CONTENT_SECRET) {
		fputs("set, not shown", out);
		return;
	}
	switch (spec->kind) {
	case OPTION_FLAG:
		fputs(*(const bool *)place ? "true" : "false", out);
		break;
	case OPTION_FEATURE:
		fputs(features[*(const enum option_feature *)place], out);
		break;
	case OPTION_STRING:
		(spec->content == CONTENT_URL ? print_url : print_text)(
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

static void print_origin(
    FILE *out, const struct option_spec *spec, const struct option_origin *origin)
{
	if (origin->kind == OPTION_FROM_ENVIRONMENT)
		fprintf(out, " (%s)", origin->variable);
	else if (origin->kind == OPTION_FROM_COMMAND_LINE)
		fprintf(out, " (--%s)", spec->name);
	else
		fputs(" (default)", out);
}

void options_print_origin(const struct options *options, const char *name, FILE *out)
{
	const struct option_origin *origin = options_origin(options, name);

	print_origin(out, &options->table[origin - options->origins], origin);
}

void options_print_configuration(const struct options *options, const void *target, FILE *out)
{
	for (const struct option_spec *spec = options->table; spec->name; spec++) {
		const struct option_origin *origin = &options->origins[spec - options->table];
		const void *place = (const char *)target + spec->offset;

		/* A secret has no default: another option set the same list. */
		if (!has_value(spec, place) ||
		    (spec->content == CONTENT_SECRET && origin->kind == OPTION_FROM_DEFAULT))
			continue;
		fprintf(out, "%s: ", spec->name);
		print_value(out, spec, place);
		print_origin(out, spec, origin);
		fputc('\n', out);
	}
}

void options_print_command(char *const *command, FILE *out)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789%+,-./:=@_";

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
