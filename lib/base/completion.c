#include "lib/base/completion.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 256

int completion_shell_parse(const char *text, enum completion_shell *shell)
{
	static const char *const names[] = {"bash", "zsh", "fish"};

	for (int i = 0; i < 3; i++)
		if (strcmp(text, names[i]) == 0) {
			*shell = (enum completion_shell)i;
			return 0;
		}
	return -1;
}

/* A script under way; its first failure sticks. */
struct script {
	const char *program;
	const struct completion_command *commands, *end;
	struct secret_buffer *out;
	struct error *err;
	bool failed;
};

static void say(struct script *script, const char *text)
{
	if (!script->failed && secret_buffer_append_string(script->out, text, script->err) < 0)
		script->failed = true;
}

/* With %s for a word or two. */
static void __attribute__((format(printf, 2, 3)))
sayf(struct script *script, const char *format, ...)
{
	char text[4 * WORD_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	say(script, text);
}

static bool is_shown(const struct option_spec *spec)
{
	return spec->kind != OPTION_ENVIRONMENT;
}

enum argument { ARGUMENT_NONE, ARGUMENT_WORDS, ARGUMENT_FILE, ARGUMENT_DIRECTORY, ARGUMENT_TEXT };

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static enum argument argument_of(const struct option_spec *spec)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz-|";
	const char *text = spec->argument;

	if (!text)
		return ARGUMENT_NONE;
	if (strchr(text, '|') && text[strspn(text, letters)] == '\0')
		return ARGUMENT_WORDS;
	if (ends_with(text, "DIR"))
		return ARGUMENT_DIRECTORY;
	return ends_with(text, "FILE") || ends_with(text, "PATH") ? ARGUMENT_FILE : ARGUMENT_TEXT;
}

/* "a|b|c" -> "a b c" */
static void split_words(const char *words, char text[WORD_MAX])
{
	snprintf(text, WORD_MAX, "%s", words);
	for (char *at = text; *at; at++)
		if (*at == '|')
			*at = ' ';
}

/* The program's name as a shell function's. */
static void function_name(const struct script *script, char text[WORD_MAX])
{
	snprintf(text, WORD_MAX, "_%s", script->program);
	for (char *at = text; *at; at++)
		if (*at == '-')
			*at = '_';
}

/* The first line: what it is, and how the running shell takes it. */
static void title(struct script *script, const char *shell, const char *before, const char *after)
{
	sayf(script, "# %s completion of %s: %s%s %scompletion %s%s\n", shell, script->program,
	    before, script->program, script->commands->name ? "" : "--", shell, after);
}

/* -- bash ----------------------------------------------------------------------------------- */

static void bash_pattern(struct script *script, const struct option_spec *spec)
{
	sayf(script, "\t\t\t--%s", spec->name);
	if (spec->letter)
		sayf(script, " | -%c", spec->letter);
	say(script, ") ");
}

/* What follows an option that takes something. */
static void bash_arguments(struct script *script, const struct option_spec *table)
{
	char words[WORD_MAX];

	say(script, "\t\tcase $previous in\n");
	for (const struct option_spec *spec = table; spec->name; spec++) {
		if (!is_shown(spec) || argument_of(spec) == ARGUMENT_NONE)
			continue;
		bash_pattern(script, spec);
		switch (argument_of(spec)) {
		case ARGUMENT_WORDS:
			split_words(spec->argument, words);
			sayf(script, "words='%s' ;;\n", words);
			break;
		case ARGUMENT_FILE:
			say(script, "compopt -o default && return ;;\n");
			break;
		case ARGUMENT_DIRECTORY:
			say(script, "compopt -o dirnames && return ;;\n");
			break;
		default:
			say(script, "return ;;\n");
		}
	}
	say(script, "\t\tesac\n");
}

static void bash_options(struct script *script, const struct completion_command *command)
{
	char words[WORD_MAX];

	say(script, "\t\toptions='");
	for (const struct option_spec *spec = command->table; spec->name; spec++)
		if (is_shown(spec))
			sayf(script, "--%s ", spec->name);
	say(script, "'\n");
	if (command->operands) {
		split_words(command->operands, words);
		sayf(script, "\t\toperands='%s'\n", words);
	}
	bash_arguments(script, command->table);
	say(script, "\t\t;;\n");
}

/*
 * Behind "--", as bash-completion does it for sudo and the like; without it, by the shell's own
 * means.
 */
static void bash_command_line(struct script *script)
{
	say(script, "\tlocal at\n"
		    "\tfor ((at = 1; at < COMP_CWORD; at++)); do\n"
		    "\t\t[[ ${COMP_WORDS[at]} == -- ]] || continue\n"
		    "\t\tif declare -F _command_offset >/dev/null; then\n"
		    "\t\t\t_command_offset $((at + 1))\n"
		    "\t\telif ((at + 1 < COMP_CWORD)); then\n"
		    "\t\t\tcompopt -o default\n"
		    "\t\telse\n"
		    "\t\t\tmapfile -t COMPREPLY < <(compgen -c -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
		    "\t\tfi\n"
		    "\t\treturn\n"
		    "\tdone\n");
}

static void write_bash(struct script *script)
{
	char function[WORD_MAX];

	function_name(script, function);
	title(script, "bash", "source <(", ")");
	sayf(script, "%s() {\n", function);
	if (script->commands->runs_command)
		bash_command_line(script);
	say(script,
	    "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	    "\tlocal options='' operands='' words='' commands=''\n"
	    "\t# \"--name=value\" is three words\n"
	    "\tif [[ $current == = ]]; then current=''; elif [[ $previous == = ]]; then "
	    "previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n");
	if (script->commands->name) {
		say(script, "\t((COMP_CWORD == 1)) && commands='");
		for (const struct completion_command *each = script->commands; each < script->end;
		     each++)
			sayf(script, "%s ", each->name);
		say(script, "'\n");
	}
	say(script, "\tcase ${COMP_WORDS[1]} in\n");
	for (const struct completion_command *each = script->commands + 1;
	     script->commands->name && each < script->end; each++) {
		sayf(script, "\t%s)\n", each->name);
		bash_options(script, each);
	}
	say(script, "\t*)\n");
	bash_options(script, script->commands);
	say(script, "\tesac\n"
		    "\t[[ -n $words ]] || case $current in -*) words=$options ;; *) "
		    "words=\"$commands $operands\" ;; esac\n"
		    "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
		    "}\n");
	sayf(script, "complete -F %s %s\n", function, script->program);
}

/* -- zsh ------------------------------------------------------------------------------------ */

/* Inside single quotes, where '[', ']' and ':' mean something to _arguments. */
static void zsh_text(struct script *script, const char *text)
{
	for (; *text; text++) {
		const char letter[] = {*text, '\0'};

		if (*text == '\'') {
			say(script, "'\\''");
			continue;
		}
		if (strchr("[]:\\", *text))
			say(script, "\\");
		say(script, letter);
	}
}

static void zsh_argument(struct script *script, const struct option_spec *spec)
{
	char words[WORD_MAX];

	say(script, ":");
	zsh_text(script, spec->argument);
	switch (argument_of(spec)) {
	case ARGUMENT_WORDS:
		split_words(spec->argument, words);
		sayf(script, ":(%s)", words);
		break;
	case ARGUMENT_FILE:
		say(script, ":_files");
		break;
	case ARGUMENT_DIRECTORY:
		say(script, ":_files -/");
		break;
	default:
		say(script, ": ");
	}
}

static void zsh_option(struct script *script, const struct option_spec *spec, const char *name)
{
	say(script, spec->kind == OPTION_LIST ? "\t\t'*" : "\t\t'");
	say(script, name);
	/* "=": "--name value" and "--name=value" */
	say(script, spec->argument && name[1] == '-' ? "=[" : "[");
	zsh_text(script, spec->help);
	say(script, "]");
	if (spec->argument)
		zsh_argument(script, spec);
	say(script, "' \\\n");
}

static void zsh_options(struct script *script, const struct completion_command *command)
{
	char name[WORD_MAX];

	say(script, command->runs_command ? "\t\t_arguments -s -S \\\n" : "\t\t_arguments -s \\\n");
	for (const struct option_spec *spec = command->table; spec->name; spec++) {
		if (!is_shown(spec))
			continue;
		snprintf(name, sizeof(name), "--%s", spec->name);
		zsh_option(script, spec, name);
		snprintf(name, sizeof(name), "-%c", spec->letter);
		if (spec->letter)
			zsh_option(script, spec, name);
	}
	if (command->runs_command) {
		say(script, "\t\t'(-)1:command: _command_names -e' \\\n"
			    "\t\t'*::arguments: _normal'\n");
	} else if (command->operands) {
		split_words(command->operands, name);
		sayf(script, "\t\t'*:operand:(%s)'\n", name);
	} else {
		say(script, "\t\t'*: : '\n");
	}
}

static void zsh_commands(struct script *script, const char *function)
{
	say(script, "\tlocal -a commands=(\n");
	for (const struct completion_command *each = script->commands; each < script->end; each++) {
		sayf(script, "\t\t'%s:", each->name);
		zsh_text(script, each->summary);
		say(script, "'\n");
	}
	say(script, "\t)\n"
		    "\tif (( CURRENT == 2 )) && [[ ${words[2]} != -* ]]; then\n"
		    "\t\t_describe command commands\n"
		    "\t\treturn\n"
		    "\tfi\n"
		    "\tcase ${words[2]} in\n");
	for (const struct completion_command *each = script->commands; each < script->end; each++)
		sayf(script, "\t%s) shift words; (( CURRENT-- )); %s_%s ;;\n", each->name, function,
		    each->name);
	sayf(script, "\t*) %s_%s ;;\n\tesac\n", function, script->commands->name);
}

static void write_zsh(struct script *script)
{
	char function[WORD_MAX];

	/* As the file is called that zsh finds it in. */
	snprintf(function, sizeof(function), "_%s", script->program);
	sayf(script, "#compdef %s\n", script->program);
	title(script, "zsh", "source <(", ")");
	for (const struct completion_command *each = script->commands;
	     script->commands->name && each < script->end; each++) {
		sayf(script, "%s_%s() {\n", function, each->name);
		zsh_options(script, each);
		say(script, "}\n");
	}
	sayf(script, "%s() {\n", function);
	if (script->commands->name)
		zsh_commands(script, function);
	else
		zsh_options(script, script->commands);
	sayf(script, "}\nif [[ ${funcstack[1]} == %s ]]; then %s \"$@\"; else compdef %s %s; fi\n",
	    function, function, function, script->program);
}

/* -- fish ----------------------------------------------------------------------------------- */

static void fish_text(struct script *script, const char *text)
{
	for (; *text; text++) {
		const char letter[] = {*text, '\0'};

		if (*text == '\'' || *text == '\\')
			say(script, "\\");
		say(script, letter);
	}
}

/* The condition under which a command's options are offered. */
static void fish_condition(struct script *script, const struct completion_command *command)
{
	if (!script->commands->name)
		return;
	if (command != script->commands) {
		sayf(script, " -n '__fish_seen_subcommand_from %s'", command->name);
		return;
	}
	say(script, " -n 'not __fish_seen_subcommand_from");
	for (const struct completion_command *each = script->commands + 1; each < script->end;
	     each++)
		sayf(script, " %s", each->name);
	say(script, "'");
}

static void fish_option(
    struct script *script, const struct completion_command *command, const struct option_spec *spec)
{
	char words[WORD_MAX];

	sayf(script, "complete -c %s", script->program);
	fish_condition(script, command);
	sayf(script, " -l %s", spec->name);
	if (spec->letter)
		sayf(script, " -s %c", spec->letter);
	switch (argument_of(spec)) {
	case ARGUMENT_WORDS:
		split_words(spec->argument, words);
		sayf(script, " -x -a '%s'", words);
		break;
	case ARGUMENT_FILE:
		say(script, " -r -F");
		break;
	case ARGUMENT_DIRECTORY:
		say(script, " -x -a '(__fish_complete_directories)'");
		break;
	case ARGUMENT_TEXT:
		say(script, " -x");
		break;
	default:
		break;
	}
	say(script, " -d '");
	fish_text(script, spec->help);
	say(script, "'\n");
}

/* What stands behind "--": a function of fish's own does the work, but takes no "--". */
static void fish_command_line(struct script *script)
{
	char function[WORD_MAX];

	function_name(script, function);
	sayf(script, "function _%s_command\n", function);
	say(script, "\tset -l words (commandline -opc) (commandline -ct)\n"
		    "\tset -l at (contains -i -- -- $words)\n"
		    "\tstring match -q -- '-*' $words[(math $at + 1)]; and return\n"
		    "\t__fish_complete_subcommand --commandline $words[(math $at + 1)..-1]\n"
		    "end\n");
	sayf(script,
	    "complete -c %s -n 'contains -- -- (commandline -opc)' -x -a '(_%s_command)'\n",
	    script->program, function);
}

static void fish_command(struct script *script, const struct completion_command *command)
{
	char words[WORD_MAX];

	if (command->name) {
		sayf(script, "complete -c %s -n __fish_use_subcommand -a %s -d '", script->program,
		    command->name);
		fish_text(script, command->summary);
		say(script, "'\n");
	}
	for (const struct option_spec *spec = command->table; spec->name; spec++)
		if (is_shown(spec))
			fish_option(script, command, spec);
	if (command->runs_command)
		fish_command_line(script);
	if (!command->operands)
		return;
	split_words(command->operands, words);
	sayf(script, "complete -c %s", script->program);
	fish_condition(script, command);
	sayf(script, " -a '%s'\n", words);
}

static void write_fish(struct script *script)
{
	title(script, "fish", "", " | source");
	sayf(script, "complete -c %s -f\n", script->program);
	for (const struct completion_command *each = script->commands; each < script->end; each++)
		fish_command(script, each);
}

int completion_write(enum completion_shell shell, const char *program,
    const struct completion_command *commands, size_t count, struct secret_buffer *out,
    struct error *err)
{
	struct script script = {program, commands, commands + count, out, err, false};

	if (shell == COMPLETION_BASH)
		write_bash(&script);
	else if (shell == COMPLETION_ZSH)
		write_zsh(&script);
	else
		write_fish(&script);
	return script.failed ? -1 : 0;
}
