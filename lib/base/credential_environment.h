/* credential_environment: environment variables that child processes must not inherit. */
#ifndef BASE_CREDENTIAL_ENVIRONMENT_H
#define BASE_CREDENTIAL_ENVIRONMENT_H

#include <stdbool.h>

/*
 * Return true if "NAME=VALUE" is a Vault credential (a token, a secret id or a JWT), a Vault proxy
 * with a password, or a value to seal.  The names of Vault, of OpenBao and of the options are
 * recognized.
 */
bool credential_environment_entry(const char *entry) __attribute__((nonnull));

/* Recognize one more variable, with a JWT.  Borrowed. */
void credential_environment_add(const char *name) __attribute__((nonnull));

/* Return true if the environment contains any such variable, or a request token of GitHub. */
bool credential_environment_holds_any(void);

/*
 * Remove these variables, and every other proxy with a password, from `environ`.  For use between
 * fork and exec of a program that does not need the network.
 */
void credential_environment_drop(void);

#endif
