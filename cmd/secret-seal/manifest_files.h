/* manifest_files: seal the Secrets in the manifests of option -f. */
#ifndef SECRET_SEAL_MANIFEST_FILES_H
#define SECRET_SEAL_MANIFEST_FILES_H

#include "cmd/secret-seal/command.h"
#include "lib/seal/manifests.h"

/* Append the files to *files, and the manifests of folders (lib/manifest/walk.h). */
int manifest_files_list(const struct strings *paths, bool recursive, struct strings *files,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Seal the files one by one.  "-" is standard input, and a folder is replaced by its manifests.
 * After an error, the files before the failed file are complete.  *err contains the number of
 * Secrets written to the API.
 */
int manifest_files_seal(const struct command_connection *connection,
    const struct seal_settings *settings, const struct strings *paths, bool recursive,
    enum manifests_target target, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
