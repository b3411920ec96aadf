/* manifest_secret: one Secret that stands in a manifest file, read and changed as seal() does. */
#ifndef SEAL_MANIFEST_SECRET_H
#define SEAL_MANIFEST_SECRET_H

#include "lib/seal/seal.h"

/*
 * Read the Secret called `name` (NULL: the only one) of the file.  Its resource_version stands for
 * the document as it is now, for settings->based_on; its namespace is `namespace` where the
 * manifest names none, and "" where neither does: ERROR_USAGE when its values are bound to one.
 * force_foreign: a file that another tool has encrypted is read all the same.
 */
int manifest_secret_read(const char *file, const char *name, const char *namespace,
    bool force_foreign, struct kube_secret *secret, struct error *err)
    __attribute__((nonnull(1, 5, 6), warn_unused_result));

/*
 * As seal(), with the file in place of the API: values that are plaintext are sealed as well, and
 * only the bytes that must differ do.  settings->name may be NULL; type and immutable must not be
 * set.  The file is replaced whole or not at all (lib/manifest/file.h); ERROR_CONFLICT when
 * somebody changed it meanwhile.
 */
int manifest_secret_seal(struct seal_session *session, const struct seal_settings *settings,
    const char *file, const struct seal_changes *changes, struct seal_outcome *outcome,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
