/* stage_directory: the folder in which clients find certificates, kubeconfig and the pods' files.
 */
#ifndef SECRET_DEV_STAGE_DIRECTORY_H
#define SECRET_DEV_STAGE_DIRECTORY_H

#include "lib/base/secret_buffer.h"
#include "lib/base/strings.h"

struct stage_directory {
	char *path;
	struct strings files, folders; /* those made here, in order */
};

/* Make `path`, or take it when it is there; NULL: a new one under TMPDIR. */
int stage_directory_open(struct stage_directory *directory, const char *path, struct error *err)
    __attribute__((nonnull(1, 3), warn_unused_result));

/* Write a file (mode 0600) under the directory, making the folders on its way (mode 0700). */
int stage_directory_write(struct stage_directory *directory, const char *name, const void *bytes,
    size_t length, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Remove what was made here, and nothing else. */
void stage_directory_remove(struct stage_directory *directory) __attribute__((nonnull));

#endif
