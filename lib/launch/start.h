/* start: the steps of one start of the application, between settings and exec. */
#ifndef LAUNCH_START_H
#define LAUNCH_START_H

#include "lib/launch/collect.h"
#include "lib/launch/deliver.h"
#include "lib/launch/gate.h"

struct launch_settings;
struct watch_key;

/* collect_fingerprint, within the time limit. */
int start_fingerprint(const struct launch_settings *settings,
    uint8_t fingerprint[COLLECT_DIGEST_SIZE], struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * collect, within the time limit.  With a key *mark tells what the values are; its fingerprint is
 * taken first, so that a change in between will be seen, and not taken for what was there.
 */
int start_collect(const struct launch_settings *settings, const struct watch_key *key,
    struct gate_mark *mark, struct variables *variables, struct error *err)
    __attribute__((nonnull(1, 3, 4, 5), warn_unused_result));

/*
 * Commit the delivery, and become the application.  Returns only on failure, or when a signal has
 * been caught: the exit status, with *err set; then nothing is left of the delivery.
 */
int start_finish(struct delivery *delivery, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * No more than this is going to happen: from here on a signal ends us at once.  128+N, with *err
 * set, when one was caught before `name` was started; else 0.
 */
int start_interrupted(const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
