/* environment_rules: which secrets may become environment variables of the application. */
#ifndef LAUNCH_ENVIRONMENT_RULES_H
#define LAUNCH_ENVIRONMENT_RULES_H

#include <stdbool.h>

#include "lib/base/strings.h"
#include "lib/sealed/variables.h"

/* The kernel's MAX_ARG_STRLEN: NAME=value and its NUL (execve(2)). */
#define VARIABLE_STRING_MAX ((size_t)128 * 1024)

/* [A-Za-z_][A-Za-z0-9_]* */
bool environment_valid_name(const char *name) __attribute__((nonnull));

/*
 * Check each name: [A-Za-z_][A-Za-z0-9_]*, and not one that makes a loader, a shell or an
 * interpreter run other code, unless listed in `allowed`.
 */
int environment_check_names(const struct variables *variables, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Check names, and that each value can stand in an environment: no NUL byte, short enough. */
int environment_check(const struct variables *variables, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
