/*
 * yaml_plain: plain scalars that every YAML reader reads as strings.
 *
 * The rules are the rules of YAML 1.1 and 1.2 as implemented by go-yaml (kubectl, kustomize, Helm),
 * PyYAML, SnakeYAML, js-yaml and Psych.  1.2.3 is a float in the specification of YAML 1.1, but
 * none of them implements that.
 */
#ifndef BASE_YAML_PLAIN_H
#define BASE_YAML_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Return true if every reader reads the scalar as a string: 1.2.3, 10.0.0.1:6379, 2024-beta.
 * Return false if any reads it as a number, a time, a boolean, null or a merge key: 1e3, 1_000,
 * 0777, 1:30, 2024-01-31, yes, ~, <<.
 */
bool yaml_plain_is_string(const char *text, size_t length) __attribute__((nonnull));

/* Return true if the core schema of YAML 1.2 reads the scalar as null: empty, ~ or null. */
bool yaml_plain_is_null(const char *text, size_t length) __attribute__((nonnull));

#endif
