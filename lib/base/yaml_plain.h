/*
 * yaml_plain: plain scalars that all readers of YAML read as strings.
 *
 * The rules are those of YAML 1.1 and 1.2 as their readers apply them: go-yaml (kubectl, kustomize,
 * Helm), PyYAML, SnakeYAML, js-yaml and Psych.  By the specification of 1.1 1.2.3 is a float, but
 * none of them implements that.
 */
#ifndef BASE_YAML_PLAIN_H
#define BASE_YAML_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Return true if every reader reads the scalar as a string: 1.2.3, 10.0.0.1:6379, 2024-beta. Return
 * false if any reads it as a number, a time, a boolean, null or a merge key: 1e3, 1_000, 0777,
 * 1:30, 2024-01-31, yes, ~, <<.
 */
bool yaml_plain_is_string(const char *text, size_t length) __attribute__((nonnull));

/* Return true if the core schema of YAML 1.2 reads the scalar as null: nothing, ~ or null. */
bool yaml_plain_is_null(const char *text, size_t length) __attribute__((nonnull));

#endif
