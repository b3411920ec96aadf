/* seed: the state that a fresh instance starts with; the real servers of the tests get the same. */
#ifndef SECRET_DEV_SEED_H
#define SECRET_DEV_SEED_H

#include "cmd/secret-dev/kube_server.h"
#include "cmd/secret-dev/vault_server.h"

#define SEED_NAMESPACE "demo"

/* The service accounts of namespace demo; ended by NULL. */
extern const char *const seed_accounts[];

/* A role that `seed` has made; NULL when there is none of this name. */
const struct vault_role *seed_role(const char *method, const char *name) __attribute__((nonnull));

int seed(struct vault_server *vault, struct kube_server *kube, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
