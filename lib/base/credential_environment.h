/* credential_environment: the variables of our environment that programs we start must not get. */
#ifndef BASE_CREDENTIAL_ENVIRONMENT_H
#define BASE_CREDENTIAL_ENVIRONMENT_H

#include <stdbool.h>

/*
 * Whether "NAME=VALUE" holds what logs in to Vault: a token or a secret id, under the names of
 * Vault, of OpenBao, or of one of our options.
 */
bool credential_environment_entry(const char *entry) __attribute__((nonnull));

/*
 * Take all of them out of `environ`: between fork and exec, for a program that has no business with
 * Vault.
 */
void credential_environment_drop(void);

#endif
