/* vault_login: what the auth methods share: finding a role, and giving out a token for it. */
#ifndef SECRET_DEV_VAULT_LOGIN_H
#define SECRET_DEV_VAULT_LOGIN_H

#include "cmd/secret-dev/vault_call.h"
#include "lib/base/json_writer.h"

/* The role of this method, or NULL. */
const struct vault_role *vault_role_find(
    const struct vault_call *call, const char *method, const char *name) __attribute__((nonnull));

/* What the answer says of who has logged in. */
struct vault_metadata {
	const char *name, *value;
};

/*
 * Answer with a token for the role.  `display_name` is newly allocated and taken over; NULL: *err
 * is set already.  `metadata` ends with a NULL name.
 */
int vault_log_in(struct vault_call *call, const struct vault_role *role, char *display_name,
    const struct vault_metadata *metadata, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

/* "policies": [...] */
void vault_write_policies(struct json_writer *writer, const char *name,
    const struct vault_grant *grant) __attribute__((nonnull));

#endif
