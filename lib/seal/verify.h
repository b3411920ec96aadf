/* verify: decrypt everything, to see that it can be, and show nothing. */
#ifndef SEAL_VERIFY_H
#define SEAL_VERIFY_H

#include "lib/seal/selection.h"
#include "lib/vault/transit.h"

struct verify_outcome {
	size_t secrets, values; /* looked at */
	size_t failed;		/* Secrets in which something does not decrypt */
};

/*
 * Each value of each selected Secret is decrypted, and a document must be a JSON object.  What
 * fails is logged, a line a value, and does not end it; an outage does.
 */
int verify(struct servers *servers, const struct selection *selection, const char *transit_key,
    struct verify_outcome *outcome, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

#endif
