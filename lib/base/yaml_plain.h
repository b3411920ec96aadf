/*
 * yaml_plain: whether the readers of YAML agree that a plain scalar is a string.
 *
 * The rules are those of YAML 1.1 and 1.2 as their readers apply them: go-yaml (kubectl, kustomize,
 * Helm), PyYAML, SnakeYAML, js-yaml and Psych.  The specification of 1.1 reads 1.2.3 as a float,
 * and none of them does.
 */
#ifndef BASE_YAML_PLAIN_H
#define BASE_YAML_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Return true if every reader takes the scalar for a string: 1.2.3, 10.0.0.1:6379, 2024-beta. False
 * for what one of them takes for a number, a time, a boolean, null or a merge key: 1e3, 1_000,
 * 0777, 1:30, 2024-01-31, yes, ~, <<.
 */
bool yaml_plain_is_string(const char *text, size_t length) __attribute__((nonnull));

#endif
