/* reference: an object of the Kubernetes API as an option names it: [NS/]NAME[:KEY[=VAR]]. */
#ifndef LAUNCH_REFERENCE_H
#define LAUNCH_REFERENCE_H

#include "lib/base/error.h"

/* All owned. */
struct reference {
	char *namespace; /* NULL: not named */
	char *name;
	char *key;	/* a data key, or the prefix; NULL: not named */
	char *variable; /* NULL: not named; never "" */
};

/* [NS/]NAME[:KEY[=VAR]].  ERROR_USAGE names the option. */
int reference_parse(struct reference *reference, const char *option, const char *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* [NS/]NAME[:PREFIX], any text. */
int reference_parse_prefix(struct reference *reference, const char *option, const char *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

void reference_free(struct reference *reference) __attribute__((nonnull));

#endif
