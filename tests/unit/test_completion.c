#include "lib/base/completion.h"
#include "tests/unit/expect.h"

static struct error err;
static struct secret_buffer script;

static const struct option_spec table[] = {
    {.name = "file",
	.letter = 'f',
	.kind = OPTION_STRING,
	.argument = "[NAME=]PATH",
	.help = "it's [a] file: one"},
    {.name = "form", .kind = OPTION_STRING, .argument = "one|two", .help = "which form"},
    {.name = "folder", .kind = OPTION_STRING, .argument = "DIR", .help = "where"},
    {.name = "what", .kind = OPTION_LIST, .argument = "A|B", .help = "many"},
    {.name = "force", .kind = OPTION_FLAG, .help = "do it"},
    {.name = "token", .kind = OPTION_ENVIRONMENT, .environment = "TOKEN", .help = "secret"},
    {.name = NULL},
};

static const struct completion_command alone = {.table = table};

static const struct completion_command two[] = {
    {.name = "first", .summary = "the default", .table = table},
    {.name = "second", .summary = "another", .table = table + 4, .operands = "x|y"},
};

static void tear_down(void)
{
	secret_buffer_free(&script);
}

static void write_for(
    enum completion_shell shell, const struct completion_command *commands, size_t count)
{
	expect_ok(completion_write(shell, "a-prog", commands, count, &script, &err), err);
	expect_lacks(script.data, "--token");
	expect_lacks(script.data, "-l token");
}

START_TEST(a_shell_has_a_name)
{
	enum completion_shell shell;

	ck_assert_int_eq(completion_shell_parse("fish", &shell), 0);
	ck_assert_int_eq(shell, COMPLETION_FISH);
	ck_assert_int_eq(completion_shell_parse("sh", &shell), -1);
}
END_TEST

START_TEST(bash_without_commands)
{
	write_for(COMPLETION_BASH, &alone, 1);
	expect_contains(script.data, "options='--file --form --folder --what --force '");
	expect_contains(script.data, "--form) words='one two' ;;");
	expect_contains(script.data, "--file | -f) compopt -o default && return ;;");
	expect_contains(script.data, "--folder) compopt -o dirnames && return ;;");
	expect_contains(script.data, "--what) return ;;");
	expect_contains(script.data, "complete -F _a_prog a-prog");
}
END_TEST

/* The shell completes the words after "--" as the command line of that program. */
START_TEST(a_program_that_runs_another)
{
	static const struct completion_command runs = {.table = table, .runs_command = true};

	write_for(COMPLETION_BASH, &runs, 1);
	expect_contains(
	    script.data, "# bash completion of a-prog: source <(a-prog --completion bash)");
	expect_contains(script.data, "_command_offset $((at + 1))");
	secret_buffer_reset(&script);
	write_for(COMPLETION_ZSH, &runs, 1);
	expect_contains(script.data, "_a-prog() {\n\t\t_arguments -s -S ");
	expect_contains(script.data, "'*::arguments: _normal'\n");
	secret_buffer_reset(&script);
	write_for(COMPLETION_FISH, &runs, 1);
	expect_contains(
	    script.data, "-n 'contains -- -- (commandline -opc)' -x -a '(__a_prog_command)'");
	secret_buffer_reset(&script);
	write_for(COMPLETION_FISH, &alone, 1);
	expect_lacks(script.data, "commandline");
}
END_TEST

START_TEST(bash_with_commands)
{
	write_for(COMPLETION_BASH, two, 2);
	expect_contains(script.data, "commands='first second '");
	expect_contains(script.data, "\tsecond)\n\t\toptions='--force '\n\t\toperands='x y'");
}
END_TEST

START_TEST(zsh_text_is_quoted)
{
	write_for(COMPLETION_ZSH, &alone, 1);
	expect_contains(
	    script.data, "'--file=[it'\\''s \\[a\\] file\\: one]:\\[NAME=\\]PATH:_files'");
	expect_contains(script.data, "'-f[it'\\''s");
	expect_contains(script.data, "'*--what=[many]:A|B: '");
	expect_contains(script.data, "'--form=[which form]:one|two:(one two)'");
}
END_TEST

START_TEST(fish_offers_options_with_their_command)
{
	write_for(COMPLETION_FISH, two, 2);
	expect_contains(
	    script.data, "complete -c a-prog -n __fish_use_subcommand -a second -d 'another'");
	expect_contains(script.data,
	    "-n 'not __fish_seen_subcommand_from second' -l file -s f -r -F -d 'it\\'s");
	expect_contains(script.data, "-n '__fish_seen_subcommand_from second' -l force -d 'do it'");
	expect_contains(script.data, "-n '__fish_seen_subcommand_from second' -a 'x y'");
}
END_TEST

static void add(TCase *tests)
{
	tcase_add_checked_fixture(tests, NULL, tear_down);
	tcase_add_test(tests, a_shell_has_a_name);
	tcase_add_test(tests, bash_without_commands);
	tcase_add_test(tests, a_program_that_runs_another);
	tcase_add_test(tests, bash_with_commands);
	tcase_add_test(tests, zsh_text_is_quoted);
	tcase_add_test(tests, fish_offers_options_with_their_command);
}

int main(void)
{
	return run_tests("completion", add);
}
