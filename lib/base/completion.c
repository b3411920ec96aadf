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

/* A script that is being written. */
struct script {
	const char *program;
	const struct completion_command *commands, *end;
	struct secret_buffer *out;
	struct error *err;
	bool failed;
};

static void script_append(struct script *script, const char *text)
{
	if (!script->failed && secret_buffer_append_string(script->out, text, script->err) < 0)
		script->failed = true;
}

/* Append formatted text of a few words. */
static void __attribute__((format(printf, 2, 3)))
script_format(struct script *script, const char *format, ...)
{
	char text[4 * WORD_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	script_append(script, text);
}

static bool is_shown(const struct option_spec *spec)
{
	return spec->kind != OPTION_ENVIRONMENT;
}

enum argument { ARGUMENT_NONE, ARGUMENT_WORDS, ARGUMENT_FILE, ARGUMENT_DIRECTORY, ARGUMENT_TEXT };

static bool has_ending(const char *text, const char *end)
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
	if (has_ending(text, "DIR"))
		return ARGUMENT_DIRECTORY;
	return has_ending(text, "FILE") || has_ending(text, "PATH") ? ARGUMENT_FILE : ARGUMENT_TEXT;
}

/* Convert "a|b|c" to "a b c". */
static void split_words(const char *words, char text[WORD_MAX])
{
	snprintf(text, WORD_MAX, "%s", words);
	for (char *at = text; *at; at++)
		if (*at == '|')
			*at = ' ';
}

/* A shell's syntax for completing an option's argument.  Words go between the first two. */
struct argument_forms {
	const char *before_words, *after_words, *file, *directory, *text;
};

static void script_argument(
    struct script *script, const struct option_spec *spec, const struct argument_forms *forms)
{
	char words[WORD_MAX];

	switch (argument_of(spec)) {
	case ARGUMENT_WORDS:
		split_words(spec->argument, words);
		script_format(script, "%s%s%s", forms->before_words, words, forms->after_words);
		break;
	case ARGUMENT_FILE:
		script_append(script, forms->file);
		break;
	case ARGUMENT_DIRECTORY:
		script_append(script, forms->directory);
		break;
	case ARGUMENT_TEXT:
		script_append(script, forms->text);
		break;
	case ARGUMENT_NONE:
		break;
	}
}

/* Append text with a backslash before characters in `special`, and `quote` for a single quote. */
static void script_escaped(
    struct script *script, const char *text, const char *special, const char *quote)
{
	for (; *text; text++) {
		const char letter[] = {*text, '\0'};

		if (strchr(special, *text))
			script_append(script, "\\");
		script_append(script, *text == '\'' ? quote : letter);
	}
}

/* Convert the program's name to the name of a shell function. */
static void function_name(const struct script *script, char text[WORD_MAX])
{
	snprintf(text, WORD_MAX, "_%s", script->program);
	for (char *at = text; *at; at++)
		if (*at == '-')
			*at = '_';
}

/* Append a comment with the command that loads the script. */
static void script_title(
    struct script *script, const char *shell, const char *before, const char *after)
{
	script_format(script, "# %s completion of %s: %s%s %scompletion %s%s\n", shell,
	    script->program, before, script->program, script->commands->name ? "" : "--", shell,
	    after);
}

/* -- bash ------------------------------------------------------------------------------------- */

static void bash_pattern(struct script *script, const struct option_spec *spec)
{
	script_format(script, "\t\t\t--%s", spec->name);
	if (spec->letter)
		script_format(script, " | -%c", spec->letter);
	script_append(script, ") ");
}

/* Append the completion of the options' arguments. */
static void bash_arguments(struct script *script, const struct option_spec *table)
{
	static const struct argument_forms forms = {"words='", "' ;;\n",
	    "compopt -o default && return ;;\n", "compopt -o dirnames && return ;;\n",
	    "return ;;\n"};

	script_append(script, "\t\tcase $previous in\n");
	for (const struct option_spec *spec = table; spec->name; spec++) {
		if (!is_shown(spec) || argument_of(spec) == ARGUMENT_NONE)
			continue;
		bash_pattern(script, spec);
		script_argument(script, spec, &forms);
	}
	script_append(script, "\t\tesac\n");
}

static void bash_options(struct script *script, const struct completion_command *command)
{
	char words[WORD_MAX];

	script_append(script, "\t\toptions='");
	for (const struct option_spec *spec = command->table; spec->name; spec++)
		if (is_shown(spec))
			script_format(script, "--%s ", spec->name);
	script_append(script, "'\n");
	if (command->operands) {
		split_words(command->operands, words);
		script_format(script, "\t\toperands='%s'\n", words);
	}
	bash_arguments(script, command->table);
	script_append(script, "\t\t;;\n");
}

/* Complete the command line after "--" with bash-completion, or with the shell's own functions. */
static void bash_command_line(struct script *script)
{
	script_append(script,
	    "\tlocal at\n"
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
	script_title(script, "bash", "source <(", ")");
	script_format(script, "%s() {\n", function);
	if (script->commands->runs_command)
		bash_command_line(script);
	script_append(script,
	    "\tlocal current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	    "\tlocal options='' operands='' words='' commands=''\n"
	    "\t# \"--name=value\" is three words\n"
	    "\tif [[ $current == = ]]; then current=''; elif [[ $previous == = ]]; then "
	    "previous=${COMP_WORDS[COMP_CWORD-2]}; fi\n");
	if (script->commands->name) {
		script_append(script, "\t((COMP_CWORD == 1)) && commands='");
		for (const struct completion_command *each = script->commands; each < script->end;
		     each++)
			script_format(script, "%s ", each->name);
		script_append(script, "'\n");
	}
	script_append(script, "\tcase ${COMP_WORDS[1]} in\n");
	for (const struct completion_command *each = script->commands + 1;
	     script->commands->name && each < script->end; each++) {
		script_format(script, "\t%s)\n", each->name);
		bash_options(script, each);
	}
	script_append(script, "\t*)\n");
	bash_options(script, script->commands);
	script_append(script, "\tesac\n"
			      "\t[[ -n $words ]] || case $current in -*) words=$options ;; *) "
			      "words=\"$commands $operands\" ;; esac\n"
			      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
			      "}\n");
	script_format(script, "complete -F %s %s\n", function, script->program);
}

/* -- zsh -------------------------------------------------------------------------------------- */

/* Append text within single quotes, in which '[', ']' and ':' are special to _arguments. */
static void zsh_text(struct script *script, const char *text)
{
	script_escaped(script, text, "[]:\\", "'\\''");
}

static void zsh_option(struct script *script, const struct option_spec *spec, const char *name)
{
	static const struct argument_forms forms = {":(", ")", ":_files", ":_files -/", ": "};

	script_append(script, spec->kind == OPTION_LIST ? "\t\t'*" : "\t\t'");
	script_append(script, name);
	/* "=" accepts "--name value" and "--name=value" */
	script_append(script, spec->argument && name[1] == '-' ? "=[" : "[");
	zsh_text(script, spec->help);
	script_append(script, "]");
	if (spec->argument) {
		script_append(script, ":");
		zsh_text(script, spec->argument);
		script_argument(script, spec, &forms);
	}
	script_append(script, "' \\\n");
}

static void zsh_options(struct script *script, const struct completion_command *command)
{
	char name[WORD_MAX];

	script_append(
	    script, command->runs_command ? "\t\t_arguments -s -S \\\n" : "\t\t_arguments -s \\\n");
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
		script_append(script, "\t\t'(-)1:command: _command_names -e' \\\n"
				      "\t\t'*::arguments: _normal'\n");
	} else if (command->operands) {
		split_words(command->operands, name);
		script_format(script, "\t\t'*:operand:(%s)'\n", name);
	} else {
		script_append(script, "\t\t'*: : '\n");
	}
}

static void zsh_commands(struct script *script, const char *function)
{
	script_append(script, "\tlocal -a commands=(\n");
	for (const struct completion_command *each = script->commands; each < script->end; each++) {
		script_format(script, "\t\t'%s:", each->name);
		zsh_text(script, each->summary);
		script_append(script, "'\n");
	}
	script_append(script, "\t)\n"
			      "\tif (( CURRENT == 2 )) && [[ ${words[2]} != -* ]]; then\n"
			      "\t\t_describe command commands\n"
			      "\t\treturn\n"
			      "\tfi\n"
			      "\tcase ${words[2]} in\n");
	for (const struct completion_command *each = script->commands; each < script->end; each++)
		script_format(script, "\t%s) shift words; (( CURRENT-- )); %s_%s ;;\n", each->name,
		    function, each->name);
	script_format(script, "\t*) %s_%s ;;\n\tesac\n", function, script->commands->name);
}

static void write_zsh(struct script *script)
{
	char function[WORD_MAX];

	/* zsh finds the function in a file of the same name. */
	snprintf(function, sizeof(function), "_%s", script->program);
	script_format(script, "#compdef %s\n", script->program);
	script_title(script, "zsh", "source <(", ")");
	for (const struct completion_command *each = script->commands;
	     script->commands->name && each < script->end; each++) {
		script_format(script, "%s_%s() {\n", function, each->name);
		zsh_options(script, each);
		script_append(script, "}\n");
	}
	script_format(script, "%s() {\n", function);
	if (script->commands->name)
		zsh_commands(script, function);
	else
		zsh_options(script, script->commands);
	script_format(script,
	    "}\nif [[ ${funcstack[1]} == %s ]]; then %s \"$@\"; else compdef %s %s; fi\n", function,
	    function, function, script->program);
}

/* -- fish ------------------------------------------------------------------------------------- */

static void fish_text(struct script *script, const char *text)
{
	script_escaped(script, text, "\\'", "'");
}

/* Append the condition for offering the options of a command. */
static void fish_condition(struct script *script, const struct completion_command *command)
{
	if (!script->commands->name)
		return;
	if (command != script->commands) {
		script_format(script, " -n '__fish_seen_subcommand_from %s'", command->name);
		return;
	}
	script_append(script, " -n 'not __fish_seen_subcommand_from");
	for (const struct completion_command *each = script->commands + 1; each < script->end;
	     each++)
		script_format(script, " %s", each->name);
	script_append(script, "'");
}

static void fish_option(
    struct script *script, const struct completion_command *command, const struct option_spec *spec)
{
	static const struct argument_forms forms = {
	    " -x -a '", "'", " -r -F", " -x -a '(__fish_complete_directories)'", " -x"};

	script_format(script, "complete -c %s", script->program);
	fish_condition(script, command);
	script_format(script, " -l %s", spec->name);
	if (spec->letter)
		script_format(script, " -s %c", spec->letter);
	script_argument(script, spec, &forms);
	script_append(script, " -d '");
	fish_text(script, spec->help);
	script_append(script, "'\n");
}

/* Complete the command line after "--" with fish's own function, which does not accept the "--". */
static void fish_command_line(struct script *script)
{
	char function[WORD_MAX];

	function_name(script, function);
	script_format(script, "function _%s_command\n", function);
	script_append(script,
	    "\tset -l words (commandline -opc) (commandline -ct)\n"
	    "\tset -l at (contains -i -- -- $words)\n"
	    "\tstring match -q -- '-*' $words[(math $at + 1)]; and return\n"
	    "\t__fish_complete_subcommand --commandline $words[(math $at + 1)..-1]\n"
	    "end\n");
	script_format(script,
	    "complete -c %s -n 'contains -- -- (commandline -opc)' -x -a '(_%s_command)'\n",
	    script->program, function);
}

static void fish_command(struct script *script, const struct completion_command *command)
{
	char words[WORD_MAX];

	if (command->name) {
		script_format(script, "complete -c %s -n __fish_use_subcommand -a %s -d '",
		    script->program, command->name);
		fish_text(script, command->summary);
		script_append(script, "'\n");
	}
	for (const struct option_spec *spec = command->table; spec->name; spec++)
		if (is_shown(spec))
			fish_option(script, command, spec);
	if (command->runs_command)
		fish_command_line(script);
	if (!command->operands)
		return;
	split_words(command->operands, words);
	script_format(script, "complete -c %s", script->program);
	fish_condition(script, command);
	script_format(script, " -a '%s'\n", words);
}

static void write_fish(struct script *script)
{
	script_title(script, "fish", "", " | source");
	script_format(script, "complete -c %s -f\n", script->program);
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
