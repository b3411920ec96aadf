/* manifest_files: the Secrets in manifests given by -f, for the command that seals. */
#ifndef SECRET_SEAL_MANIFEST_FILES_H
#define SECRET_SEAL_MANIFEST_FILES_H

#include "cmd/secret-seal/command.h"
#include "lib/seal/seal.h"

/* What becomes of the sealed manifests. */
enum manifest_target { MANIFEST_TO_API, MANIFEST_TO_STDOUT, MANIFEST_IN_PLACE };

/*
 * Seal all the files, one after the other; "-" is standard input, and a folder is its manifests
 * (lib/manifest/walk.h).  On error those before it are done, and *err says what became of
 * the Secrets.
 */
int manifest_files_seal(const struct connection *connection, const struct seal_settings *settings,
    const struct strings *files, bool recursive, enum manifest_target target, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
