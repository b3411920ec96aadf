/* dangerous_names: variables by which programs other than the application itself run other code. */
#ifndef LAUNCH_DANGEROUS_NAMES_H
#define LAUNCH_DANGEROUS_NAMES_H

#include <stdbool.h>

/*
 * Return whether a variable of this name can make a loader, an interpreter, a library or a tool
 * load or run other code, or read its configuration elsewhere.  Names that end as those of
 * credentials do, such as CARGO_REGISTRY_TOKEN, are not dangerous.
 */
bool dangerous_name(const char *name) __attribute__((nonnull));

#endif
