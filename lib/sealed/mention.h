/*
 * mention: find ciphertext in any text, such as a ConfigMap's data, a pod's environment, Helm
 * values or a .env file.
 */
#ifndef SEALED_MENTION_H
#define SEALED_MENTION_H

#include <stddef.h>
#include <stdint.h>

/*
 * Return the first ciphertext in the text, plain or in base64, and set *version to its key version;
 * or NULL.  Documentation such as "vault:v1:..." does not count.
 */
const char *sealed_find_mention(const char *text, size_t length, int64_t *version)
    __attribute__((nonnull, warn_unused_result));

#endif
