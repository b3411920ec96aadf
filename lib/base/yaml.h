/*
 * yaml: read YAML (by libyaml) as the JSON text that it stands for.
 *
 * So every reader of configuration has one type of document.  Plain scalars
 * follow the YAML 1.2 core schema (null, booleans, integers, floats); anything
 * else is a string.  Anchors and aliases, duplicate keys, tags of one's own and
 * non-string keys are refused: kubectl writes none, and they can hide things.
 * JSON text is YAML too, and passes.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * Append the only document of `text` as JSON.  `what` names it in messages, which
 * give line and column.  No document: "null".  More than one: ERROR_INVALID.
 */
int yaml_to_json(const char *text, size_t length, const char *what, struct secret_buffer *json,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
