/* kube_merge: a merge patch (RFC 7396) of one JSON object over another. */
#ifndef SECRET_DEV_KUBE_MERGE_H
#define SECRET_DEV_KUBE_MERGE_H

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

/*
 * Write `base` with `patch` laid over it: null removes, objects merge, all else replaces.  Base
 * JSON_ABSENT: nothing was there.
 */
void kube_merge(const struct json *base_document, json_node base, const struct json *patch_document,
    json_node patch, struct json_writer *writer) __attribute__((nonnull(3, 5)));

#endif
