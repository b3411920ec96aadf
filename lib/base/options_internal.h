/* options_internal: the functions that lib/base/options*.c share. */
#ifndef BASE_OPTIONS_INTERNAL_H
#define BASE_OPTIONS_INTERNAL_H

#include "lib/base/options.h"

#define VARIABLE_MAX OPTIONS_VARIABLE_MAX

/*
 * Names.
 */

/* Return the option with this long name, or NULL.  Set *negated for "no-NAME". */
const struct option_spec *options_find(const struct options *options, const char *word,
    size_t length, bool *negated) __attribute__((nonnull));
const struct option_spec *options_find_letter(const struct options *options, char letter)
    __attribute__((nonnull));
/* Return true for the long name of an option of this release, or of an earlier one. */
bool options_has_name(const struct options *options, const char *word, size_t length)
    __attribute__((nonnull));
/* Return the advice for a removed option, or NULL. */
const char *options_removed_advice(const struct options *options, const char *word, size_t length)
    __attribute__((nonnull));
/* Copy the next name of a comma-separated list and return the rest, or NULL at the end. */
const char *options_next_name(const char *list, char name[VARIABLE_MAX])
    __attribute__((nonnull(2)));
/* Write PREFIX_NAME for a long name. */
void options_variable(const struct options *options, const char *name, char variable[VARIABLE_MAX])
    __attribute__((nonnull));
/* Convert the name of a variable with the program's prefix to a long name. */
void options_long_name(const struct options *options, const char *variable, char name[VARIABLE_MAX])
    __attribute__((nonnull));
bool options_has_prefix(const struct options *options, const char *variable)
    __attribute__((nonnull));
/* Return true if --no-NAME clears the option. */
bool options_is_negatable(const struct option_spec *spec) __attribute__((nonnull));
/* Return true if a variable with the program's prefix is set by Kubernetes for a Service. */
bool options_is_service_link(const char *variable) __attribute__((nonnull));

/*
 * Unknown names.  Both add the option that is probably meant, and return -1.
 */

/* Reject a long option.  `shown` is the word with its dashes, without a value. */
int options_refuse_word(const struct options *options, const char *shown, struct error *err)
    __attribute__((nonnull));
/* Reject a variable with the program's prefix. */
int options_refuse_variable(const struct options *options, const char *variable, struct error *err)
    __attribute__((nonnull));
/* Return true if another tool has this long option. */
bool options_is_of_other_tool(const struct options *options, const char *word)
    __attribute__((nonnull));
/* Append the advice to read --help.  Return -1. */
int options_hint_help(const struct options *options, struct error *err) __attribute__((nonnull));

/*
 * Values.
 */

/* The word that OPTION_FEATURE accepts besides the words of a flag. */
#define IF_POSSIBLE "if-possible"

void *options_target(const struct option_spec *spec, void *target) __attribute__((nonnull));
/* Store an argument of the command line, or the text of a variable, in the option's target. */
int options_assign_argument(const struct option_spec *spec, void *target, const char *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));
int options_assign_variable(const struct option_spec *spec, void *target, const char *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Set the options that the command line does not set from the environment, unless the command line
 * disables that.  Reject variables with the program's prefix that do not belong to an option.
 */
int options_read_environment(const struct options *options, void *target,
    struct option_origin *origins, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
