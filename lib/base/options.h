/*
 * options: a program's options as data.
 *
 * A program's table drives parsing, the names of environment variables, --help, completion and the
 * check of the man page.  An option's value comes from the command line, else from the environment
 * (PREFIX_NAME made from the long name, then the names in `environment`), else from the default
 * already in the target struct.  A value from the environment is checked like an argument.
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/error.h"
#include "lib/base/strings.h"

enum option_kind {
	OPTION_FLAG,   /* bool; from the environment: true/false/1/0/yes/no/on/off; --no-NAME clears
			  it */
	OPTION_STRING, /* const char *, borrowed from argv or the environment, where "" is unset */
	OPTION_LIST,   /* struct strings; repeatable; from the environment: separated by commas,
			  with `names` set also on the command line */
	OPTION_VARIABLES, /* struct strings; names of the program's own variables, comma-separated;
			     "true" without an argument; --no-NAME clears it */
	OPTION_FEATURE,	  /* enum option_feature; true, false or if-possible; "true" without an
			     argument; --no-NAME clears it */
	OPTION_DURATION,  /* int64_t milliseconds, see clock_parse_duration */
	OPTION_NUMBER,	  /* int64_t >= 0 */
	OPTION_ENVIRONMENT,  /* as OPTION_STRING, but only from the environment: other users can
				read command lines */
	OPTION_COMMAND_LINE, /* as OPTION_STRING, but only from the command line; for an action that
				replaces the program's work */
	OPTION_HELP,	     /* no target: options_parse returns OPTIONS_HELP, and for
				--NAME=all OPTIONS_HELP_ALL */
	OPTION_VERSION,	     /* no target: options_parse returns OPTIONS_VERSION */
};

/* A feature that the kernel or a server may lack. */
enum option_feature { FEATURE_OFF, FEATURE_REQUIRED, FEATURE_IF_POSSIBLE };

/* The content of an option's text. */
enum option_content {
	CONTENT_TEXT,
	CONTENT_URL,	/* slashes at its end do not matter; printed without user and password */
	CONTENT_SECRET, /* not printed */
};

struct option_spec {
	const char *name; /* long name without dashes */
	char letter;	  /* short name, or 0 */
	enum option_kind kind;
	size_t offset;		 /* of the target in the configuration struct */
	const char *argument;	 /* the argument's name in --help; NULL for flags */
	const char *environment; /* more names, comma-separated, preferred first; or NULL */
	const char *help;	 /* one line */
	const char *section; /* with the first option of a section: the title in --help; or NULL */
	const char *deprecated; /* name in earlier releases, without dashes, or NULL; accepted, also
				   from the environment, but not listed */
	enum option_content content;
	bool usual;  /* --help lists it, and not only --help=all */
	bool names;  /* OPTION_LIST: the entries cannot contain a comma */
	bool shared; /* other programs use `environment` too; see options_own_variable */
};

/* An option of an earlier release, which is rejected with advice. */
struct option_removed {
	const char *name; /* long name; its variable PREFIX_NAME is rejected too */
	const char *advice;
};

/* Names of an option in other tools, which an error about an unknown option answers. */
struct option_other {
	const char *names;  /* long names, comma-separated */
	const char *use;    /* the option to use instead, if the table has it; or NULL */
	const char *advice; /* if `use` is NULL */
};

#define OPTIONS_VARIABLE_MAX 128

/* The source of an option's value. */
struct option_origin {
	enum { OPTION_FROM_DEFAULT, OPTION_FROM_COMMAND_LINE, OPTION_FROM_ENVIRONMENT } kind;
	char variable[OPTIONS_VARIABLE_MAX]; /* name of the environment variable */
};

struct options {
	const char *program;		      /* "secret-exec" */
	const char *command;		      /* for a program with commands: "edit"; or NULL */
	const char *prefix;		      /* "SECRET_EXEC" */
	const char *synopsis;		      /* one or more lines, without "usage: " */
	const char *description;	      /* a paragraph, or NULL */
	const struct option_spec *table;      /* ended by a NULL name */
	const struct option_removed *removed; /* ended by a NULL name; or NULL */
	const struct option_other *others;    /* ended by NULL names; or NULL */
	const char *other_variables;	      /* with the prefix, comma-separated; or NULL */
	/* The program's commands, whose variables are accepted too, ended by NULL; or NULL. */
	const struct options *const *commands;
	struct option_origin *origins; /* per table entry, set by options_parse; or NULL */
	const char *environment_flag;  /* a flag; if false on the command line, the environment is
					  not read; or NULL */
	bool stop_at_operand;	       /* options end at the first operand, as for env(1) */
};

enum options_result {
	OPTIONS_ERROR = -1,
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_HELP_ALL,
	OPTIONS_VERSION
};

/*
 * Fill `target` from argv and the environment.  Set *operands to the *operand_count operands,
 * including all words after "--", NULL-terminated and borrowed from argv, which is reordered.  On
 * OPTIONS_ERROR, *err names the option or the variable.  For a program without a command, "help"
 * and "version" as the only word are --help and --version.
 */
enum options_result options_parse(const struct options *options, void *target, int argc,
    char **argv, char ***operands, int *operand_count, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Return true if an option takes its value from the environment, and two of its variables have
 * different values; write their names to `one` and `other`.  Needs `options->origins`.
 */
bool options_environment_conflict(const struct options *options, char one[OPTIONS_VARIABLE_MAX],
    char other[OPTIONS_VARIABLE_MAX]) __attribute__((nonnull));

/* Return the source of the option's value.  Needs `options->origins`. */
const struct option_origin *options_origin(const struct options *options, const char *name)
    __attribute__((nonnull));

/*
 * Print each option that has a value as "name: value (origin)".  Do not show values of
 * OPTION_ENVIRONMENT and CONTENT_SECRET, nor text before '@' (the user and password of a URL).
 * Needs `options->origins`.
 */
void options_print_configuration(const struct options *options, const void *target, FILE *out)
    __attribute__((nonnull));

/* Print the origin of an option's value: " (--NAME)".  Needs `options->origins`. */
void options_print_origin(const struct options *options, const char *name, FILE *out)
    __attribute__((nonnull));

/* Print "command: WORD...", quoted for a shell where needed, without text before '@'. */
void options_print_command(char *const *command, FILE *out) __attribute__((nonnull));

/* A table of at most this many entries fits on a screen: --help lists all of them. */
#define OPTIONS_SMALL_TABLE 20

/*
 * Print the usage, the description and the usual options; or, with `all` and for a small table,
 * each option with its names in the environment.
 */
void options_print_help(const struct options *options, bool all, FILE *out)
    __attribute__((nonnull));

/*
 * Return true if the environment variable `name` configures only this program, and must be removed
 * from the application's environment.
 */
bool options_own_variable(const struct options *options, const char *name) __attribute__((nonnull));

#endif
