/* environment: the application's environment, made of our own and of secrets. */
#ifndef LAUNCH_ENVIRONMENT_H
#define LAUNCH_ENVIRONMENT_H

#include "lib/sealed/variables.h"

struct deliver_settings;

struct environment {
	char **strings; /* NULL-terminated, for execve; borrowed: our own, or owned */
	size_t count;
	struct secret_buffer *owned; /* what was added */
	size_t owned_count;
};

/*
 * `ours` without ciphertext that was decrypted and without our configuration, plus the secrets,
 * each checked by environment_rules; plus the variable that tells the number `fd` of the pipe with
 * all secrets, -1: there is none.  A secret that is set already is an error (ERROR_INVALID) unless
 * it has the same value, or may replace it.
 */
int environment_make(struct environment *made, char *const *ours,
    const struct variable *const *secrets, size_t count, int fd,
    const struct deliver_settings *settings, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* ERROR_TOO_LARGE when execve would not take them together (see execve(2), E2BIG). */
int environment_check_total(const struct environment *made, char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

void environment_free(struct environment *made) __attribute__((nonnull));

#endif
