/* kube_access: which service account may do what (RBAC, as deploy/ has it). */
#ifndef SECRET_DEV_KUBE_ACCESS_H
#define SECRET_DEV_KUBE_ACCESS_H

#include <stdbool.h>

/*
 * True when demo/`account` may use `verb` on `resource`, such as "secrets": in `namespace` (NULL:
 * in all of them), on the one called `name` (NULL: not on a single one).
 */
bool kube_access(const char *account, const char *verb, const char *resource, const char *namespace,
    const char *name) __attribute__((nonnull(1, 2, 3)));

#endif
