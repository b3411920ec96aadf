/* keyset: the Transit keys of a run and their newest versions. */
#ifndef ROTATE_KEYSET_H
#define ROTATE_KEYSET_H

#include "lib/vault/vault.h"

struct keyset_key {
	struct transit_key key;
	int64_t latest_version;
	bool failed; /* it can't be rotated: the reason is in the log */
};

struct keyset {
	struct keyset_key *keys;
	size_t count;
};

/* The key that `text`, [MOUNT/]NAME, names; NULL when the set has none such. */
const struct keyset_key *keyset_find(const struct keyset *set, const char *text)
    __attribute__((nonnull));
/* Add it, unless it is there. */
int keyset_add(struct keyset *set, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Rotate each key and note its newest version.  A key that Vault does not let us rotate is logged
 * and marked: whoever may annotate a Secret must not so stop the rotation of the others.  -1 when
 * the run can't go on: no answer, or no key at all could be rotated.
 */
int keyset_rotate(struct keyset *set, struct http_client *client, struct vault *vault,
    struct error *err) __attribute__((nonnull, warn_unused_result));
void keyset_free(struct keyset *set) __attribute__((nonnull));

#endif
