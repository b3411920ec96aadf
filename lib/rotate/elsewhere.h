/*
 * elsewhere: ciphertext that is not a value of a Secret but can be decrypted all the same: inside
 * other text of a Secret, in ConfigMaps, Pods and the pod templates of workloads.
 *
 * A rotation does not rewrite these objects, so retiring only has to know which versions they use.
 */
#ifndef ROTATE_ELSEWHERE_H
#define ROTATE_ELSEWHERE_H

#include "lib/kube/secret.h"
#include "lib/rotate/rotation.h"

/* Count the versions in a Secret's values that are not ciphertext as a whole, such as Helm values.
 */
int elsewhere_look_at_secret(struct rotation *rotation, const struct kube_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * List these objects in the given namespaces (none: all) and count the versions in them: under the
 * key that an annotation of the object names, else for every key.  Log each object with an old
 * version.  A kind that may not be listed is logged once and noted in rotation->unseen.
 * -1: the API server did not answer.
 */
int elsewhere_look(struct rotation *rotation, const struct strings *namespaces, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
