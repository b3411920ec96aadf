/*
 * watch: be the candidate for the application's place: look for changes of the sources, and take
 * over when a plaintext is another one.
 *
 * What is read all the time is ciphertext.  Only when that has changed, and has settled, is it
 * decrypted, and compared by a keyed digest: a rotation rewraps every Secret and changes nothing.
 */
#ifndef LAUNCH_WATCH_H
#define LAUNCH_WATCH_H

#include "lib/launch/init.h"

struct watch_settings {
	bool enabled;	     /* --watch */
	int64_t interval_ms; /* between two reads, give or take a tenth */
	int64_t debounce_ms; /* a change must have settled for so long */
	int64_t jitter_ms;   /* then wait for a random part of this: a fleet must not act at once */
};

#define WATCH_DEFAULTS                                                                             \
	{                                                                                          \
		.interval_ms = 30000, .debounce_ms = 2000, .jitter_ms = 30000                      \
	}

/* The key of the digests: one for the whole life of an init. */
struct watch_key {
	uint8_t bytes[VARIABLES_DIGEST_SIZE];
};
void watch_key_make(struct watch_key *key) __attribute__((nonnull));

struct launch_settings;

/*
 * Watch, and become the application; with settings->init.renew_signal, bring the running one up to
 * date.  A change that can't be used is told once, and the application goes on.  Returns the exit
 * status, with *err set: init is gone or wants an end, or exec failed.
 */
int watch(const struct launch_settings *settings, char *const *command, const struct watch_key *key,
    struct init_child *child, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
