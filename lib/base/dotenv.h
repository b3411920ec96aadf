/*
 * dotenv: read the NAME=value lines of a .env file.
 *
 * Lines on which python-dotenv, ruby's dotenv, godotenv and node agree are accepted, all others are
 * rejected (docs/sealing.md has the table):
 *   - a line is NAME=value, blank, or a comment (# first); "export " before the name is dropped;
 *   - 'single quoted': the bytes as they are, without ${, \\ and a backslash at the end;
 *   - "double quoted": the bytes as they are, without $ and `; \n is the only escape;
 *   - unquoted: the bytes as they are, without # $ \ quotes, white space at either end, and
 *     control characters;
 *   - a quoted value may have several lines; UTF-8 without NUL; lines end in LF or CRLF; a byte
 *     order mark before the first line is dropped.
 */
#ifndef BASE_DOTENV_H
#define BASE_DOTENV_H

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"

/*
 * Call `each` for every line that sets a name.  It may take *value with secret_buffer_move, and
 * must reject duplicate names.  `what` names the file in messages, which contain the line and
 * column but never the text.  Return -1 with ERROR_INVALID, or with the error of `each` prefixed
 * with the line.
 */
int dotenv_each(const struct secret_buffer *text, const char *what,
    int (*each)(void *context, const char *name, struct secret_buffer *value, struct error *err),
    void *context, struct error *err) __attribute__((nonnull(1, 2, 3, 5), warn_unused_result));

#endif
