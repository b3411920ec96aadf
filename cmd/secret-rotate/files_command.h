/* files_command: run secret-rotate --files. */
#ifndef SECRET_ROTATE_FILES_COMMAND_H
#define SECRET_ROTATE_FILES_COMMAND_H

#include "cmd/secret-rotate/settings.h"

/* Process the manifests in these files and folders, and print a summary on standard output. */
int files_command(const struct rotate_configuration *configuration, char *const *paths,
    size_t count, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
