/* credential: bearer tokens, for the files of this folder only. */
#ifndef KUBE_CREDENTIAL_H
#define KUBE_CREDENTIAL_H

#include "lib/kube/kube.h"

/* A token becomes part of a header line: ERROR_INVALID unless it is printable, without white space.
 */
int kube_token_check(const struct secret_buffer *token, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Give the exchange its Authorization header, from the token file (read now, because the kubelet
 * replaces it) or the fixed token.  None with neither: a client certificate then speaks for us.
 */
int kube_add_credential(const struct kube *kube, struct http_exchange *exchange, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
