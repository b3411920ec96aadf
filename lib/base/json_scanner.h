/*
 * json_scanner: check that a text is one JSON value (RFC 8259), for json_reader.
 *
 * It runs before jsmn, which accepts some text that is not JSON, and needs quadratic time for some
 * of it (runs of surplus brackets).  Text that the scanner accepts has neither problem.
 */
#ifndef BASE_JSON_SCANNER_H
#define BASE_JSON_SCANNER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/error.h"

/*
 * Check the text, and set *tokens to the number of tokens that jsmn will find.  `what` and `line`
 * are as for json_parse_lines.  ERROR_INVALID, or ERROR_TOO_LARGE if it is nested too deeply.
 */
int json_scan(const char *text, size_t length, const char *what, size_t line, size_t *tokens,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Set *err to a problem at an offset in the text, whose first line has the number `line`. */
int json_error_at(struct error *err, enum error_code code, const char *what, size_t line,
    const char *text, size_t offset, const char *problem) __attribute__((nonnull));

static inline bool json_is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

#endif
