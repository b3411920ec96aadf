/* content: variables as one text, for a pipe or a memfd. */
#ifndef LAUNCH_CONTENT_H
#define LAUNCH_CONTENT_H

#include "lib/base/strings.h"
#include "lib/sealed/variables.h"

enum content_format {
	CONTENT_JSON,	/* an object of strings; UTF-8 only */
	CONTENT_DOTENV, /* NAME='value' lines that a shell and dotenv readers read alike */
	CONTENT_NUL,	/* NAME=value and a NUL byte each, as in /proc/PID/environ */
};

/* The format of a name, "json", "dotenv" or "nul"; false: there is none. */
bool content_parse_format(const char *name, enum content_format *format)
    __attribute__((nonnull, warn_unused_result));

/*
 * Append the variables to *out.  ERROR_INVALID, with the source and what to do, for what a format
 * can't hold; and, in the two that are made to be taken into an environment by whoever reads them,
 * for dangerous names that `allowed` does not list.  JSON is data.
 */
int content_write(const struct variable *const *variables, size_t count, enum content_format format,
    const struct strings *allowed, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
