/*
 * retire: let Vault refuse old key versions, once nothing is sealed with them.
 *
 *   look at every Secret -> raise min_decryption_version -> look again -> put it back, or trim
 *
 * "Every Secret" is all namespaces and also what has no label: what is overlooked here is lost
 * to its owner.  Until a key is trimmed the step can be undone.
 */
#ifndef ROTATE_RETIRE_H
#define ROTATE_RETIRE_H

#include "lib/rotate/rotation.h"

/*
 * Retire the old versions of all keys of the run.  -1: at least one key is left as it was, for the
 * reasons in the log, or the Secrets could not all be looked at.
 */
int retire_versions(struct rotation *rotation, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
