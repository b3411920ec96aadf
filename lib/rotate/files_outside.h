/*
 * files_outside: old ciphertext in files that is not a value of a sealed Secret (ConfigMaps, pod
 * templates, Helm values, kustomize's generators, .env files): it is reported, never rewrapped.
 */
#ifndef ROTATE_FILES_OUTSIDE_H
#define ROTATE_FILES_OUTSIDE_H

#include "lib/rotate/files_document.h"

/* Return true for the path of an environment file, as kustomize's generators read them. */
bool files_is_environment(const char *path) __attribute__((nonnull));

/* Note the ciphertext in a document outside its sealed Secrets. */
int files_outside_note_document(struct files_run *run, const struct files_document *document,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Note the ciphertext in a file that is not a manifest. */
int files_outside_note_text(struct files_run *run, const char *file, const char *text,
    size_t length, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Report what was noted and is old, once the keys are known.  A line
 * "secretmanager/transit-key: KEY", as an annotation or in a comment, names the key of a document;
 * else --transit-key does, else the ciphertext must be as new as the newest key of the run.
 * -1: Vault did not answer.
 */
int files_outside_report(struct files_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void files_outside_free(struct files_run *run) __attribute__((nonnull));

#endif
