/* manifest_secret: read and change one Secret of a manifest file. */
#ifndef SEAL_MANIFEST_SECRET_H
#define SEAL_MANIFEST_SECRET_H

#include "lib/seal/seal.h"

/*
 * Read the Secret called `name` (NULL: the only Secret) from the file.  Its resource_version is a
 * hash of the document, for settings->based_on.  Its namespace is `namespace` if the manifest does
 * not contain one, or "" if both are missing; ERROR_USAGE if its values are then bound to a
 * namespace.  With force_foreign, accept a file that another tool encrypted.
 */
int manifest_secret_read(const char *file, const char *name, const char *namespace,
    bool force_foreign, struct kube_secret *secret, struct error *err)
    __attribute__((nonnull(1, 5, 6), warn_unused_result));

/*
 * Set the namespace and the name of a Secret from `file` if the manifest does not contain them, as
 * manifest_secret_read does.
 */
int manifest_secret_complete(struct kube_secret *object, const char *file, const char *namespace,
    struct error *err) __attribute__((nonnull(1, 2, 4), warn_unused_result));

/*
 * Seal changes like seal(), in a file instead of the API.  Existing plaintext is sealed, too, and
 * only the bytes that must differ are changed.  A rule of the repository completes the settings.
 * settings->name may be NULL; type and immutable must not be set.  The file is replaced atomically
 * (lib/manifest/file.h).  ERROR_CONFLICT: another process changed it.
 */
int manifest_secret_seal(struct seal_session *session, const struct seal_settings *settings,
    const char *file, const struct seal_changes *changes, struct seal_outcome *outcome,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
