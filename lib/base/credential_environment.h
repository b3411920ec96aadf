/* credential_environment: environment variables that started programs must not inherit. */
#ifndef BASE_CREDENTIAL_ENVIRONMENT_H
#define BASE_CREDENTIAL_ENVIRONMENT_H

#include <stdbool.h>

/*
 * Return true if "NAME=VALUE" is a credential for Vault (a token or a secret id), a proxy to Vault
 * with a password, or a value to seal, under the name of Vault, of OpenBao, or of an option.
 */
bool credential_environment_entry(const char *entry) __attribute__((nonnull));

/* Return true if the environment contains any. */
bool credential_environment_holds_any(void);

/*
 * Remove all of them from `environ`, and every other proxy with a password.  For use between fork
 * and exec of a program that does not need the network.
 */
void credential_environment_drop(void);

#endif
