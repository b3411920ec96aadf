/* naming: which values are taken, and under which names (struct naming of sources.h). */
#ifndef LAUNCH_NAMING_H
#define LAUNCH_NAMING_H

#include "lib/base/error.h"
#include "lib/launch/sources.h"

/* True when the settings take a value of this name: the data key's, the member's, the variable's.
 */
bool naming_takes(const struct naming *naming, const char *name) __attribute__((nonnull));

/*
 * Return whether the value of this data key is a JSON object whose members are the values: as
 * --document decides, else `otherwise`.
 */
bool naming_is_document(const struct naming *naming, const char *data_key, bool otherwise)
    __attribute__((nonnull));

/* True when there is any pattern, so that a value may be left out. */
bool naming_selects(const struct naming *naming) __attribute__((nonnull));

/*
 * The variable's name that a value of this name gets: upper case (ASCII), then sanitised, then
 * prefixed.  A name that would begin with a digit gets '_' before it when sanitised.  Newly
 * allocated; NULL with *err set on failure.
 */
char *naming_apply(const struct naming *naming, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
