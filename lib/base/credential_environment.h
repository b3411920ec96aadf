/* credential_environment: the variables of our environment that programs we start must not get. */
#ifndef BASE_CREDENTIAL_ENVIRONMENT_H
#define BASE_CREDENTIAL_ENVIRONMENT_H

#include <stdbool.h>

/*
 * Return whether "NAME=VALUE" holds what logs in to Vault (a token or a secret id), a proxy to
 * Vault with a password, or values to be sealed, under the names of Vault, of OpenBao, or of an
 * option.
 */
bool credential_environment_entry(const char *entry) __attribute__((nonnull));

/* Return whether our environment holds any. */
bool credential_environment_holds_any(void);

/*
 * Remove all of them from `environ`, and every other proxy with a password: between fork and exec,
 * for a program that needs no network.
 */
void credential_environment_drop(void);

#endif
