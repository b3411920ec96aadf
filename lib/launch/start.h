/* start: one start of the application, step by step: collect, prepare, finish. */
#ifndef LAUNCH_START_H
#define LAUNCH_START_H

#include "lib/launch/deliver.h"
#include "lib/launch/gate.h"

struct launch_settings;

/* What the application is started with. */
struct start {
	struct deliver_environment environment;
};

#define START_INIT                                                                                 \
	{                                                                                          \
		.environment = {.count = 0 }                                                       \
	}

/* collect_fingerprint, within the time limit. */
int start_fingerprint(const struct launch_settings *settings,
    uint8_t fingerprint[COLLECT_DIGEST_SIZE], struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Fill *variables; the Vault token is given back. */
int start_collect(const struct launch_settings *settings, struct variables *variables,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Check all of it, and make ready what needs nothing of the running application. */
int start_prepare(struct start *start, const struct launch_settings *settings, char *const *command,
    const struct variables *variables, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Put the files in their places: all that can be done for an application that runs already. */
int start_commit(struct start *start, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Commit, put signals back as they were found, and exec.  Returns only on failure, or when a signal
 * has been caught: the exit status, with *err set; then nothing is left of it.
 */
int start_finish(struct start *start, char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Wipe, and remove what is not in its place. */
void start_free(struct start *start) __attribute__((nonnull));

/*
 * Put signals back as they were found.  128+N, with *err set, when one was caught before the
 * application was started; else 0.
 */
int start_interrupted(char *const *command, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
