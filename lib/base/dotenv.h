/*
 * dotenv: read NAME=value lines, as people keep them in a .env file.
 *
 * What the readers of such files disagree on is refused rather than guessed:
 *   - a line is NAME=value, blank, or a comment (# first); "export " before the name is dropped;
 *   - 'single quoted': the bytes as they stand, to the next quote;
 *   - "double quoted": \n \r \t \" \\ \$ are escapes, any other backslash and a bare $ are refused;
 *   - unquoted: the bytes as they stand; white space at either end, " #", a quote, a backslash at
 *     the end and $( ${ are refused: they want quotes;
 *   - a value is one line; UTF-8 without NUL; CRLF line ends, and a byte order mark before the
 * first line, are accepted.
 */
#ifndef BASE_DOTENV_H
#define BASE_DOTENV_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * Call `each` for every line that sets a name; *value may be taken with secret_buffer_move.
 * `what` names the file in messages, which give line and column, never the text.  ERROR_INVALID.
 * What `each` fails with gets the line.
 * Names for the second time are for `each` to refuse: it knows what else has been read.
 */
int dotenv_each(const struct secret_buffer *text, const char *what,
    int (*each)(void *context, const char *name, struct secret_buffer *value, struct error *err),
    void *context, struct error *err) __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

#endif
