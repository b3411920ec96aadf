/*
 * mention: ciphertext inside any text, such as a ConfigMap's data, a pod's environment, Helm values
 * or a .env file.
 */
#ifndef SEALED_MENTION_H
#define SEALED_MENTION_H

#include <stddef.h>
#include <stdint.h>

/*
 * Return the first ciphertext in the text, as it is or in base64, and its key version in *version.
 * Return NULL when there is none.  Words such as "vault:v1:..." in documentation do not count.
 */
const char *sealed_find_mention(const char *text, size_t length, int64_t *version)
    __attribute__((nonnull, warn_unused_result));

#endif
