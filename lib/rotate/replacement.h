/*
 * replacement: an immutable Secret can't be changed, but one under another name can take its place.
 *
 * The name follows from the old one, so that a run which is ended in between makes no second: a
 * Secret has one replacement ever.
 */
#ifndef ROTATE_REPLACEMENT_H
#define ROTATE_REPLACEMENT_H

#include "lib/kube/secret.h"

#define REPLACEMENT_ANNOTATION "secretmanager/replaces"
/* Of a name, as secret-seal --immutable writes them: NAME-SUFFIX. */
#define REPLACEMENT_SUFFIX 10

/* "app-x7k2m9qd4c" -> "app-" and another suffix; "app" -> "app-" and a suffix.  Newly allocated. */
char *replacement_name(const char *namespace, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Make of the old Secret, whole, the one that takes its place: with the values of *change (moved),
 * another name, and the annotation.  Labels, other annotations and the type stay, but not what
 * kubectl notes for itself.
 */
int replacement_make(struct kube_secret *whole, struct kube_secret *change, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
