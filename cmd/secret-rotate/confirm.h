/* confirm: ask a person before a rotation. */
#ifndef SECRET_ROTATE_CONFIRM_H
#define SECRET_ROTATE_CONFIRM_H

#include "cmd/secret-rotate/settings.h"

/*
 * Return true if a person at a terminal must confirm the run: it changes something, and --yes is
 * not set.
 */
bool confirm_is_needed(const struct rotate_configuration *configuration,
    const struct rotate_settings *settings) __attribute__((nonnull));

/* Show the plan on the terminal, and ask.  Return -1 with *err unless the answer is yes. */
int confirm_plan(const struct rotate_settings *settings, const struct rotate_plan *plan,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
