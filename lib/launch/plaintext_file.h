/* plaintext_file: read a file of plaintext secrets, for development. */
#ifndef LAUNCH_PLAINTEXT_FILE_H
#define LAUNCH_PLAINTEXT_FILE_H

#include <stdbool.h>

#include "lib/base/secret_buffer.h"
#include "lib/kube/secret.h"

/* What a Secret could hold. */
#define PLAINTEXT_FILE_MAX KUBE_SECRET_BYTES_MAX

/* Append all of the file.  Warns, unless `quiet`, where every user may read it. */
int plaintext_file_read(const char *path, bool quiet, struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
