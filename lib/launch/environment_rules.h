/* environment_rules: which secrets may become environment variables of the application. */
#ifndef LAUNCH_ENVIRONMENT_RULES_H
#define LAUNCH_ENVIRONMENT_RULES_H

#include <stdbool.h>

#include "lib/base/strings.h"
#include "lib/sealed/variables.h"

/* The kernel's MAX_ARG_STRLEN: NAME=value and its NUL (execve(2)). */
#define VARIABLE_STRING_MAX ((size_t)128 * 1024)

/*
 * Refuse a name that makes a loader, a shell or an interpreter run other code, unless listed in
 * `allowed`.
 */
int environment_check_danger(const struct variable *variable, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Check that a secret can be in an environment: a name of [A-Za-z_][A-Za-z0-9_]*, or with dots and
 * hyphens where it is chosen or `allowed`, and no danger; a value that is UTF-8 text without a NUL
 * byte, and short enough.
 */
int environment_check(const struct variable *variable, const struct strings *allowed,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Check that the value is UTF-8 text without a NUL byte; `where` it is to stand is for the message.
 */
int environment_check_text(const struct variable *variable, const char *where, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* "the value of NAME" and the problem, and which ways take any bytes.  Returns -1. */
int environment_refuse_value(const struct variable *variable, enum error_code code,
    struct error *err, const char *problem, ...)
    __attribute__((format(printf, 4, 5), nonnull, warn_unused_result));

#endif
