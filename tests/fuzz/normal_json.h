/* normal_json: one spelling for each JSON value, to compare values by. */
#ifndef FUZZ_NORMAL_JSON_H
#define FUZZ_NORMAL_JSON_H

#include "lib/base/secret_buffer.h"

/*
 * Parse the text, and append what was read as json_writer writes it; strings lose their escapes.
 * Nothing is appended if it is not JSON.
 */
void fuzz_normalize_json(const struct secret_buffer *text, struct secret_buffer *out)
    __attribute__((nonnull));

#endif
