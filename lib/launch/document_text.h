/* document_text: a JSON or YAML document, whichever it is, as JSON. */
#ifndef LAUNCH_DOCUMENT_TEXT_H
#define LAUNCH_DOCUMENT_TEXT_H

#include "lib/base/secret_buffer.h"

/*
 * Replace the text by the JSON that it stands for; what is JSON already stays as it is.  `what`
 * names it in messages, which give the place, never the text.  ERROR_INVALID: it is neither.
 */
int document_text_to_json(struct secret_buffer *text, const char *what, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
