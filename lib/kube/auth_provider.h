/* auth_provider: a user's auth-provider in a kubeconfig, for the files of this folder only. */
#ifndef KUBE_AUTH_PROVIDER_H
#define KUBE_AUTH_PROVIDER_H

#include "lib/base/json_reader.h"
#include "lib/kube/kube.h"

/*
 * Take the id-token of the provider oidc as the token, unless there is one already, as client-go
 * does.  ERROR_USAGE for an expired one, which only kubectl refreshes, and for other providers,
 * which client-go no longer has.
 */
int kube_read_auth_provider(struct kube *kube, const struct json *document, json_node provider,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
