#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/options.h"
#include "tests/unit/expect.h"

struct configuration {
	const char *address, *token, *instead, *client_key, *server_key;
	bool verbose, force;
	struct strings secrets, names, kept;
	int64_t timeout_ms, limit;
	enum option_feature feature;
};

static const struct option_spec table[] = {
    {.name = "vault-addr",
	.letter = 'a',
	.kind = OPTION_STRING,
	.argument = "URL",
	.content = CONTENT_URL,
	.offset = offsetof(struct configuration, address),
	.environment = "VAULT_ADDR,BAO_ADDR",
	.help = "where Vault is"},
    {.name = "vault-token",
	.kind = OPTION_ENVIRONMENT,
	.argument = "TOKEN",
	.offset = offsetof(struct configuration, token),
	.environment = "VAULT_TOKEN",
	.help = "a token to use"},
    {.name = "verbose",
	.letter = 'v',
	.kind = OPTION_FLAG,
	.deprecated = "talk",
	.offset = offsetof(struct configuration, verbose),
	.help = "say more"},
    {.name = "force",
	.letter = 'f',
	.kind = OPTION_FLAG,
	.offset = offsetof(struct configuration, force),
	.environment = "PROG_SHARED",
	.shared = true,
	.help = "do it"},
    {.name = "secret",
	.letter = 's',
	.kind = OPTION_LIST,
	.argument = "NAME",
	.offset = offsetof(struct configuration, secrets),
	.help = "which Secret"},
    {.name = "timeout",
	.kind = OPTION_DURATION,
	.argument = "TIME",
	.offset = offsetof(struct configuration, timeout_ms),
	.help = "how long"},
    {.name = "limit",
	.kind = OPTION_NUMBER,
	.argument = "N",
	.offset = offsetof(struct configuration, limit),
	.deprecated = "maximum",
	.help = "how many"},
    {.name = "feature",
	.kind = OPTION_FEATURE,
	.argument = "[if-possible]",
	.offset = offsetof(struct configuration, feature),
	.help = "with this feature"},
    {.name = "names",
	.kind = OPTION_LIST,
	.names = true,
	.argument = "NAME",
	.offset = offsetof(struct configuration, names),
	.help = "which names"},
    {.name = "client-key",
	.kind = OPTION_STRING,
	.argument = "FILE",
	.offset = offsetof(struct configuration, client_key),
	.help = "key of the client"},
    {.name = "server-key",
	.kind = OPTION_STRING,
	.argument = "FILE",
	.offset = offsetof(struct configuration, server_key),
	.help = "key of the server"},
    {.name = "kept",
	.kind = OPTION_VARIABLES,
	.argument = "[NAME,...]",
	.offset = offsetof(struct configuration, kept),
	.help = "variables to keep"},
    {.name = "instead",
	.kind = OPTION_COMMAND_LINE,
	.argument = "WHAT",
	.offset = offsetof(struct configuration, instead),
	.help = "do this instead"},
    {.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "show this"},
    {.name = "version", .kind = OPTION_VERSION, .help = "show the version"},
    {.name = NULL},
};

static const struct option_other others[] = {
    {"vault-address,address", "vault-addr", NULL},
    {"s3,elsewhere", "of-another-command", NULL},
    {"pristine", NULL, "use env -i"},
    {NULL, NULL, NULL},
};

static const struct option_removed removed[] = {{"lease", "omit it"}, {NULL, NULL}};

static struct options options = {.program = "prog",
    .removed = removed,
    .others = others,
    .other_variables = "PROG_DIR,PROG_PID",
    .prefix = "PROG",
    .synopsis = "prog [OPTIONS] COMMAND",
    .description = "What it does.",
    .table = table};

static struct error err;
static struct configuration configuration;
static char **operands;
static int operand_count;

/* Parse these words, ended by NULL, behind the program's name. */
static enum options_result parse(const char *first, ...)
{
	static char *argv[16];
	int argc = 0;
	va_list words;

	argv[argc++] = (char[]){"prog"};
	va_start(words, first);
	for (const char *word = first; word; word = va_arg(words, const char *))
		argv[argc++] = (char *)(uintptr_t)word;
	va_end(words);
	argv[argc] = NULL;
	return options_parse(&options, &configuration, argc, argv, &operands, &operand_count, &err);
}

static const struct {
	const char *line, *prefixed, *first, *second, *value;
} sources[] = {
    {"line", "prefixed", "first", "second", "line"},
    {NULL, "prefixed", "first", "second", "prefixed"},
    {NULL, NULL, "first", "second", "first"},
    {NULL, NULL, NULL, "second", "second"},
    {NULL, "", "", "second", "second"},
    {NULL, NULL, NULL, NULL, "default"},
    {"", "prefixed", NULL, NULL, ""},
};

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

START_TEST(the_command_line_comes_before_the_environment)
{
	configuration.address = "default";
	set("PROG_VAULT_ADDR", sources[_i].prefixed);
	set("VAULT_ADDR", sources[_i].first);
	set("BAO_ADDR", sources[_i].second);
	enum options_result result =
	    sources[_i].line ? parse("--vault-addr", sources[_i].line, NULL) : parse(NULL, NULL);
	ck_assert_int_eq(result, OPTIONS_RUN);
	ck_assert_str_eq(configuration.address, sources[_i].value);
}
END_TEST

START_TEST(an_invalid_variable_is_ignored_if_the_option_is_on_the_command_line)
{
	setenv("PROG_TIMEOUT", "soon", 1);
	ck_assert_int_eq(parse("--timeout", "5s", NULL), OPTIONS_RUN);
	ck_assert_int_eq(configuration.timeout_ms, 5000);
}
END_TEST

static const struct {
	const char *name, *value, *message;
} bad_variables[] = {
    {"PROG_TIMEOUT", "soon", "environment variable PROG_TIMEOUT: \"soon\" is not a duration"},
    {"PROG_LIMIT", "-1", "environment variable PROG_LIMIT: \"-1\" is not a whole number"},
    {"PROG_VERBOSE", "maybe", "environment variable PROG_VERBOSE: \"maybe\" is neither"},
    {"PROG_FEATURE", "possible",
	"environment variable PROG_FEATURE: \"possible\" is not true, false or if-possible"},
    {"PROG_SHARED", "2", "environment variable PROG_SHARED: \"2\" is neither"},
};

START_TEST(an_invalid_variable_is_named)
{
	setenv(bad_variables[_i].name, bad_variables[_i].value, 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_ERROR);
	ck_assert_int_eq(err.code, ERROR_USAGE);
	expect_contains(err.message, bad_variables[_i].message);
}
END_TEST

START_TEST(a_deprecated_name_sets_the_option)
{
	ck_assert_int_eq(parse("--maximum", "3", "--talk", NULL), OPTIONS_RUN);
	ck_assert_int_eq(configuration.limit, 3);
	ck_assert(configuration.verbose);
	ck_assert_int_eq(parse("--no-talk", NULL), OPTIONS_RUN);
	ck_assert(!configuration.verbose);
}
END_TEST

START_TEST(a_deprecated_variable_is_read_after_the_new_one)
{
	setenv("PROG_MAXIMUM", "4", 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
	ck_assert_int_eq(configuration.limit, 4);
	setenv("PROG_LIMIT", "5", 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
	ck_assert_int_eq(configuration.limit, 5);
}
END_TEST

START_TEST(names_of_an_option_with_different_values_conflict)
{
	static struct option_origin origins[COUNT(table)];
	char one[OPTIONS_VARIABLE_MAX], other[OPTIONS_VARIABLE_MAX];

	options.origins = origins;
	setenv("PROG_MAXIMUM", "4", 1);
	setenv("PROG_LIMIT", "4", 1);
	setenv("VAULT_ADDR", "https://a", 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
	ck_assert(!options_environment_conflict(&options, one, other));
	setenv("BAO_ADDR", "https://a//", 1);
	ck_assert(!options_environment_conflict(&options, one, other));
	setenv("BAO_ADDR", "https://a/b", 1);
	ck_assert(options_environment_conflict(&options, one, other));
	setenv("BAO_ADDR", "https://b", 1);
	ck_assert(options_environment_conflict(&options, one, other));
	ck_assert_str_eq(one, "VAULT_ADDR");
	ck_assert_str_eq(other, "BAO_ADDR");
	unsetenv("BAO_ADDR");
	setenv("PROG_LIMIT", "5", 1);
	ck_assert(options_environment_conflict(&options, one, other));
	ck_assert_str_eq(one, "PROG_LIMIT");
	ck_assert_str_eq(other, "PROG_MAXIMUM");
}
END_TEST

static const struct {
	const char *one, *other;
	bool same;
} spellings[] = {
    {"1", "true", true},
    {"on", "YES", true},
    {"true", "false", false},
    {"0", "", true},
    {"true", "perhaps", false},
};

START_TEST(spellings_of_the_same_value_do_not_conflict)
{
	static struct option_origin origins[COUNT(table)];
	char one[OPTIONS_VARIABLE_MAX], other[OPTIONS_VARIABLE_MAX];

	options.origins = origins;
	setenv("PROG_VERBOSE", spellings[_i].one, 1);
	setenv("PROG_TALK", spellings[_i].other, 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
	ck_assert_int_eq(options_environment_conflict(&options, one, other), !spellings[_i].same);
}
END_TEST

static const struct {
	const char *variable, *word;
	bool value;
} flags[] = {
    {NULL, "--verbose", true},
    {NULL, "-v", true},
    {NULL, "--verbose=yes", true},
    {"yes", "--verbose=false", false},
    {"1", "--no-verbose", false},
    {"true", "-f", true},
    {"ON", "-f", true},
    {"0", "-f", false},
    {"off", "-f", false},
    {"", "-f", false},
};

START_TEST(a_flag_is_set_and_cleared)
{
	set("PROG_VERBOSE", flags[_i].variable);
	ck_assert_int_eq(parse(flags[_i].word, NULL), OPTIONS_RUN);
	ck_assert_int_eq(configuration.verbose, flags[_i].value);
}
END_TEST

static const struct {
	const char *variable, *word, *next;
	enum option_feature value;
	int operands;
} features[] = {
    {NULL, "--no-verbose", NULL, FEATURE_OFF, 0},
    {NULL, "--feature", NULL, FEATURE_REQUIRED, 0},
    {NULL, "--feature=true", NULL, FEATURE_REQUIRED, 0},
    {NULL, "--feature=if-possible", NULL, FEATURE_IF_POSSIBLE, 0},
    {NULL, "--feature", "if-possible", FEATURE_IF_POSSIBLE, 0},
    {NULL, "--feature", "if-possibly", FEATURE_REQUIRED, 1},
    {NULL, "--feature", "true", FEATURE_REQUIRED, 1},
    {"1", "--no-verbose", NULL, FEATURE_REQUIRED, 0},
    {"if-possible", "--no-verbose", NULL, FEATURE_IF_POSSIBLE, 0},
    {"if-possible", "--feature", NULL, FEATURE_REQUIRED, 0},
    {"if-possible", "--no-feature", NULL, FEATURE_OFF, 0},
    {"no", "--no-verbose", NULL, FEATURE_OFF, 0},
};

START_TEST(a_feature_has_an_optional_argument)
{
	set("PROG_FEATURE", features[_i].variable);
	ck_assert_int_eq(parse(features[_i].word, features[_i].next, NULL), OPTIONS_RUN);
	ck_assert_int_eq(configuration.feature, features[_i].value);
	ck_assert_int_eq(operand_count, features[_i].operands);
}
END_TEST

START_TEST(letters_can_be_combined_with_each_other_and_an_argument)
{
	ck_assert_int_eq(parse("-vfahttps://x", "-s", "one", "-stwo", NULL), OPTIONS_RUN);
	ck_assert(configuration.verbose);
	ck_assert(configuration.force);
	ck_assert_str_eq(configuration.address, "https://x");
	ck_assert_uint_eq(configuration.secrets.count, 2);
	ck_assert_str_eq(configuration.secrets.items[1], "two");
	strings_free(&configuration.secrets);
}
END_TEST

START_TEST(a_list_has_values_of_one_source)
{
	setenv("PROG_SECRET", "three,,four", 1);
	ck_assert_int_eq(parse("--secret", "one,two", "--secret=", NULL), OPTIONS_RUN);
	ck_assert_uint_eq(configuration.secrets.count, 2);
	ck_assert_str_eq(configuration.secrets.items[0], "one,two");
	strings_free(&configuration.secrets);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
	ck_assert_uint_eq(configuration.secrets.count, 2);
	ck_assert_str_eq(configuration.secrets.items[0], "three");
	ck_assert_str_eq(configuration.secrets.items[1], "four");
	strings_free(&configuration.secrets);
}
END_TEST

START_TEST(names_are_separated_by_commas)
{
	ck_assert_int_eq(parse("--names", "one,two", "--names=three", NULL), OPTIONS_RUN);
	ck_assert_uint_eq(configuration.names.count, 3);
	ck_assert_str_eq(configuration.names.items[1], "two");
	strings_free(&configuration.names);
}
END_TEST

START_TEST(an_empty_name_is_kept_to_be_rejected)
{
	ck_assert_int_eq(parse("--names", "", "--names", "one,", NULL), OPTIONS_RUN);
	ck_assert_uint_eq(configuration.names.count, 3);
	ck_assert_str_eq(configuration.names.items[0], "");
	ck_assert_str_eq(configuration.names.items[2], "");
	strings_free(&configuration.names);
}
END_TEST

START_TEST(operands_may_come_between_options)
{
	ck_assert_int_eq(parse("one", "-v", "-", "--limit=7", "--", "-f", "--", NULL), OPTIONS_RUN);
	ck_assert_int_eq(operand_count, 4);
	ck_assert_str_eq(operands[0], "one");
	ck_assert_str_eq(operands[1], "-");
	ck_assert_str_eq(operands[2], "-f");
	ck_assert_str_eq(operands[3], "--");
	ck_assert_ptr_null(operands[4]);
	ck_assert_int_eq(configuration.limit, 7);
	ck_assert(!configuration.force);
}
END_TEST

START_TEST(a_command_keeps_its_own_options)
{
	options.stop_at_operand = true;
	ck_assert_int_eq(parse("-v", "cmd", "-f", "--", "--unknown", NULL), OPTIONS_RUN);
	ck_assert_int_eq(operand_count, 4);
	ck_assert_str_eq(operands[0], "cmd");
	ck_assert_str_eq(operands[2], "--");
	ck_assert_str_eq(operands[3], "--unknown");
	ck_assert(!configuration.force);
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	options.stop_at_operand = true;
	ck_assert_int_eq(parse("-v", "--", "-f", NULL), OPTIONS_RUN);
	ck_assert_int_eq(operand_count, 1);
	ck_assert_str_eq(operands[0], "-f");
	ck_assert_int_eq(parse("--", NULL), OPTIONS_RUN);
	ck_assert_int_eq(operand_count, 0);
	ck_assert_ptr_null(operands[0]);
}
END_TEST

static const struct {
	const char *word, *next, *message;
} mistakes[] = {
    {"--unknown", NULL, "--unknown: unknown option;"},
    {"--unknown=hunter2", NULL, "--unknown: unknown option;"},
    {"-x", NULL, "-x: unknown option;"},
    {"-vx", NULL, "-x: unknown option;"},
    {"--no-limit", NULL, "--no-limit: unknown option"},
    {"--no-", NULL, "--no-: unknown option"},
    {"--=x", NULL, "--: unknown option"},
    {"--vault", NULL, "--vault: unknown option; try --vault-addr; see"},
    {"--limt", NULL, "--limt: unknown option; try --limit; see"},
    {"--limti=hunter2", NULL, "--limti: unknown option; try --limit; see"},
    {"--vault-adr", NULL, "--vault-adr: unknown option; try --vault-addr; see"},
    {"--no-verbos", NULL, "--no-verbos: unknown option; try --no-verbose; see"},
    {"--key", NULL, "--key: unknown option; try --client-key or --server-key; see"},
    {"--elsewhere", NULL, "--elsewhere: unknown option; see"},
    {"--limit", NULL, "option --limit needs an argument"},
    {"-a", NULL, "option -a needs an argument"},
    {"--limit", "", "option --limit: \"\" is not a whole number"},
    {"--limit", "x", "option --limit: \"x\" is not a whole number"},
    {"--limit", "-1", "option --limit: \"-1\" is not a whole number"},
    {"--limit", "+1", "\"+1\" is not a whole number"},
    {"--limit", " 1", "\" 1\" is not a whole number"},
    {"--limit", "1k", "\"1k\" is not a whole number"},
    {"--limit", "0x1", "\"0x1\" is not a whole number"},
    {"--limit", "9223372036854775808", "is not a whole number"},
    {"--verbose=perhaps", NULL, "\"perhaps\" is neither true nor false"},
    {"--no-verbose=true", NULL, "option --no-verbose takes no argument"},
    {"--feature=possibly", NULL,
	"option --feature: \"possibly\" is not true, false or if-possible"},
    {"--no-feature=true", NULL, "option --no-feature takes no argument"},
};

START_TEST(a_mistake_names_the_option_and_the_help)
{
	ck_assert_int_eq(parse(mistakes[_i].word, mistakes[_i].next, NULL), OPTIONS_ERROR);
	ck_assert_int_eq(err.code, ERROR_USAGE);
	expect_contains(err.message, mistakes[_i].message);
	expect_contains(err.message, "see prog --help");
	expect_lacks(err.message, "hunter2");
}
END_TEST

/* A mistake whose message has advice of its own. */
static const struct {
	const char *word, *next, *message;
} advised[] = {
    {"--timeout", "soon", "option --timeout: \"soon\" is not a duration; write 10s"},
    {"--vault-token=hunter2", NULL, "option --vault-token: not accepted"},
    {"--vault-token", "hunter2", "option --vault-token: not accepted"},
    {"--vault-address", "x", "--vault-address: unknown option; use --vault-addr"},
    {"--pristine", NULL, "--pristine: unknown option; use env -i"},
    {"--lease", NULL, "option --lease: removed; omit it"},
    {"--help=hunter2", NULL, "option --help: unknown argument; write --help or --help=all"},
    {"-secret", "app", "-secret: a long option has two dashes; write --secret"},
    {"-secret=hunter2", NULL, "-secret: a long option has two dashes; write --secret"},
    {"-no-verbose", NULL, "-no-verbose: a long option has two dashes; write --no-verbose"},
    {"-lease", NULL, "-lease: a long option has two dashes; write --lease"},
    {"-address", "x", "-address: unknown option; use --vault-addr"},
    {"-s3", NULL, "-s3: unknown option; see prog --help"},
};

START_TEST(advice_replaces_the_help)
{
	ck_assert_int_eq(parse(advised[_i].word, advised[_i].next, NULL), OPTIONS_ERROR);
	ck_assert_int_eq(err.code, ERROR_USAGE);
	expect_contains(err.message, advised[_i].message);
	expect_lacks(err.message, "hunter2");
	ck_assert_ptr_nonnull(error_advice(&err));
}
END_TEST

static const struct {
	const char *variable, *message;
} unknown_variables[] = {
    {"PROG_SECRT", "environment variable PROG_SECRT: unknown option; try PROG_SECRET; see prog"},
    {"PROG_KEY", "PROG_KEY: unknown option; try PROG_CLIENT_KEY or PROG_SERVER_KEY; see"},
    {"PROG_NO_VERBOSE", "PROG_NO_VERBOSE: unknown option; try PROG_VERBOSE=false; see"},
    {"PROG_VAULT_ADDRESS", "PROG_VAULT_ADDRESS: unknown option; use PROG_VAULT_ADDR"},
    {"PROG_PRISTINE", "PROG_PRISTINE: unknown option; use env -i"},
    {"PROG_VERSON", "PROG_VERSON: unknown option; see"},
    {"PROG_INSTED", "PROG_INSTED: unknown option; see"},
    {"PROG_LEASE", "environment variable PROG_LEASE: removed; omit it"},
    {"PROG_secret", "PROG_secret: unknown option; try PROG_SECRET; see"},
    {"PROG_", "environment variable PROG_: unknown option; see"},
    {"PROG_SECRET", NULL},
    {"PROG_TALK", NULL},
    {"PROG_VERSION", NULL},
    {"PROG_DIR", NULL},
    {"PROG_PID", NULL},
    {"PROG", NULL},
    {"PROGRAM_SECRT", NULL},
    {"PROG_SERVICE_HOST", NULL},
    {"PROG_SERVICE_PORT", NULL},
    {"PROG_SERVICE_PORT_HTTPS", NULL},
    {"PROG_PORT", NULL},
    {"PROG_PORT_443_TCP", NULL},
    {"PROG_PORT_443_TCP_PROTO", NULL},
    {"PROG_PORT_53_UDP_ADDR", NULL},
    {"PROG_DOCS_SERVICE_HOST", NULL},
    {"PROG_DOCS_PORT_80_TCP_PORT", NULL},
    {"PROG_IMPORT", "environment variable PROG_IMPORT: unknown option"},
};

START_TEST(a_variable_that_is_not_of_an_option_is_rejected)
{
	setenv(unknown_variables[_i].variable, "true", 1);
	if (!unknown_variables[_i].message) {
		ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
		return;
	}
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_ERROR);
	ck_assert_int_eq(err.code, ERROR_USAGE);
	expect_contains(err.message, unknown_variables[_i].message);
	ck_assert_ptr_nonnull(error_advice(&err));
	ck_assert_int_eq(parse("--help", NULL), OPTIONS_HELP);
	setenv(unknown_variables[_i].variable, "", 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
}
END_TEST

START_TEST(a_variable_for_a_nested_program_is_accepted)
{
	setenv("PROG_NEWER", "true", 1);
	ck_assert_int_eq(parse("--kept", NULL), OPTIONS_ERROR);
	strings_free(&configuration.kept);
	ck_assert_int_eq(parse("--kept=PROG_NEWER", NULL), OPTIONS_RUN);
	strings_free(&configuration.kept);
	setenv("PROG_KEPT", "PROG_NEWER", 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
	strings_free(&configuration.kept);
}
END_TEST

START_TEST(a_variable_of_another_command_is_accepted)
{
	static const struct option_spec other_table[] = {
	    {.name = "other", .kind = OPTION_FLAG}, {.name = NULL}};
	static const struct options other = {.prefix = "PROG", .table = other_table};
	static const struct options *const commands[] = {&other, NULL};

	setenv("PROG_OTHER", "true", 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_ERROR);
	options.commands = commands;
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
}
END_TEST

START_TEST(the_environment_can_be_disabled)
{
	options.environment_flag = "force";
	configuration.force = true;
	setenv("PROG_SECRT", "true", 1);
	ck_assert_int_eq(parse("--no-force", NULL), OPTIONS_RUN);
	ck_assert_int_eq(parse("--force", NULL), OPTIONS_ERROR);
}
END_TEST

START_TEST(a_token_comes_from_the_environment)
{
	setenv("VAULT_TOKEN", "s.token", 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
	ck_assert_str_eq(configuration.token, "s.token");
}
END_TEST

START_TEST(an_action_is_read_only_from_the_command_line)
{
	setenv("PROG_INSTEAD", "something", 1);
	ck_assert_int_eq(parse(NULL, NULL), OPTIONS_RUN);
	ck_assert_ptr_null(configuration.instead);
	ck_assert_int_eq(parse("--instead", "this", NULL), OPTIONS_RUN);
	ck_assert_str_eq(configuration.instead, "this");
}
END_TEST

START_TEST(help_and_version_end_parsing)
{
	setenv("PROG_LIMIT", "bad", 1);
	ck_assert_int_eq(parse("--help", "--unknown", NULL), OPTIONS_HELP);
	ck_assert_int_eq(parse("-vh", NULL), OPTIONS_HELP);
	ck_assert_int_eq(parse("--version", NULL), OPTIONS_VERSION);
	ck_assert_int_eq(parse("--help=all", NULL), OPTIONS_HELP_ALL);
}
END_TEST

START_TEST(help_and_version_are_words_if_alone)
{
	ck_assert_int_eq(parse("help", NULL), OPTIONS_HELP);
	ck_assert_int_eq(parse("version", NULL), OPTIONS_VERSION);
	ck_assert_int_eq(parse("help", "x", NULL), OPTIONS_RUN);
	ck_assert_int_eq(parse("--", "help", NULL), OPTIONS_RUN);
	ck_assert_str_eq(operands[0], "help");
	options.command = "edit";
	ck_assert_int_eq(parse("help", NULL), OPTIONS_RUN);
	ck_assert_str_eq(operands[0], "help");
}
END_TEST

static const struct {
	const char *name;
	bool own;
} variables[] = {
    {"PROG_LIMIT", true},
    {"PROG_ANYTHING", true},
    {"PROG", false},
    {"PROGRAM_X", false},
    {"VAULT_ADDR", true},
    {"BAO_ADDR", true},
    {"VAULT_TOKEN", true},
    {"VAULT_ADD", false},
    {"VAULT_ADDR,BAO_ADDR", false},
    {"HOME", false},
    {"", false},
};

START_TEST(own_variables_are_known)
{
	ck_assert_int_eq(options_own_variable(&options, variables[_i].name), variables[_i].own);
}
END_TEST

/* Return the text of --help or --help=all, newly allocated. */
static char *help_of(const struct options *of, bool all)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	options_print_help(of, all, out);
	fclose(out);
	return text;
}

START_TEST(help_shows_the_usual_options_of_a_large_table)
{
	static struct option_spec large[OPTIONS_SMALL_TABLE + 2];
	struct options of = {
	    .program = "prog", .prefix = "PROG", .synopsis = "prog", .table = large};

	for (size_t i = 0; i <= OPTIONS_SMALL_TABLE; i++)
		large[i] = (struct option_spec){
		    .name = "rare", .kind = OPTION_FLAG, .environment = "ONE,TWO", .help = "x"};
	large[1].name = "common";
	large[1].usual = true;
	char *text = help_of(&of, false);
	ck_assert_str_eq(text,
	    "usage: prog\n\nUsual options:\n      --common                x [ONE]\n"
	    "\n--help=all lists every option. Each can also be set as PROG_NAME.\n");
	free(text);
	text = help_of(&of, true);
	expect_contains(text, "      --rare                  x [ONE,TWO]\n");
	free(text);
	large[OPTIONS_SMALL_TABLE].name = NULL;
	text = help_of(&of, false);
	expect_contains(text, "--rare");
	free(text);
}
END_TEST

START_TEST(help_shows_every_option)
{
	char *text = help_of(&options, false);

	expect_contains(text, "usage: prog [OPTIONS] COMMAND\n\nWhat it does.\n");
	expect_contains(
	    text, "  -a, --vault-addr URL        where Vault is [VAULT_ADDR,BAO_ADDR]\n");
	expect_contains(text, "      --timeout TIME          how long\n");
	expect_contains(text, "  -h, --help                  show this\n");
	expect_contains(text, "  VAULT_TOKEN                 a token to use\n");
	expect_contains(text, "PROG_NAME");
	expect_lacks(text, "--vault-token");
	expect_lacks(text, "maximum");
	free(text);
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_loop_test(
	    tests, the_command_line_comes_before_the_environment, 0, COUNT(sources));
	tcase_add_test(tests, an_invalid_variable_is_ignored_if_the_option_is_on_the_command_line);
	tcase_add_loop_test(tests, an_invalid_variable_is_named, 0, COUNT(bad_variables));
	tcase_add_test(tests, a_deprecated_name_sets_the_option);
	tcase_add_test(tests, a_deprecated_variable_is_read_after_the_new_one);
	tcase_add_test(tests, names_of_an_option_with_different_values_conflict);
	tcase_add_loop_test(
	    tests, spellings_of_the_same_value_do_not_conflict, 0, COUNT(spellings));
	tcase_add_loop_test(tests, a_flag_is_set_and_cleared, 0, COUNT(flags));
	tcase_add_loop_test(tests, a_feature_has_an_optional_argument, 0, COUNT(features));
	tcase_add_test(tests, letters_can_be_combined_with_each_other_and_an_argument);
	tcase_add_test(tests, a_list_has_values_of_one_source);
	tcase_add_test(tests, names_are_separated_by_commas);
	tcase_add_test(tests, an_empty_name_is_kept_to_be_rejected);
	tcase_add_test(tests, operands_may_come_between_options);
	tcase_add_test(tests, a_command_keeps_its_own_options);
	tcase_add_test(tests, two_dashes_end_the_options);
	tcase_add_loop_test(tests, a_mistake_names_the_option_and_the_help, 0, COUNT(mistakes));
	tcase_add_loop_test(tests, advice_replaces_the_help, 0, COUNT(advised));
	tcase_add_loop_test(
	    tests, a_variable_that_is_not_of_an_option_is_rejected, 0, COUNT(unknown_variables));
	tcase_add_test(tests, a_variable_for_a_nested_program_is_accepted);
	tcase_add_test(tests, a_variable_of_another_command_is_accepted);
	tcase_add_test(tests, the_environment_can_be_disabled);
	tcase_add_test(tests, a_token_comes_from_the_environment);
	tcase_add_test(tests, an_action_is_read_only_from_the_command_line);
	tcase_add_test(tests, help_and_version_end_parsing);
	tcase_add_test(tests, help_and_version_are_words_if_alone);
	tcase_add_loop_test(tests, own_variables_are_known, 0, COUNT(variables));
	tcase_add_test(tests, help_shows_the_usual_options_of_a_large_table);
	tcase_add_test(tests, help_shows_every_option);
}

int main(void)
{
	return run_tests("options", add);
}
