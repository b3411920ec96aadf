/* kube_store: the Secrets in the order of their keys, as etcd keeps them. */
#ifndef SECRET_DEV_KUBE_STORE_H
#define SECRET_DEV_KUBE_STORE_H

#include "cmd/secret-dev/kube_server.h"

struct stored_secret *kube_store_find(const struct kube_server *server, const char *namespace,
    const char *name) __attribute__((nonnull));

/* The place of the first Secret that is not before namespace/name. */
size_t kube_store_from(const struct kube_server *server, const char *namespace, const char *name)
    __attribute__((nonnull));

/* Each change takes the next revision.  Insert and replace take the new Secret over. */
int kube_store_insert(struct kube_server *server, struct stored_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void kube_store_replace(struct kube_server *server, struct stored_secret *old,
    struct stored_secret *changed) __attribute__((nonnull));
void kube_store_remove(struct kube_server *server, struct stored_secret *secret)
    __attribute__((nonnull));

#endif
