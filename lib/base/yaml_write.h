/* yaml_write: JSON as YAML for people (by libyaml): the same document in block style. */
#ifndef BASE_YAML_WRITE_H
#define BASE_YAML_WRITE_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/* Append the JSON value as a YAML document.  Strings are quoted where YAML could misread them. */
int yaml_write_json(const struct secret_buffer *json, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
