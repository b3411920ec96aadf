/* summary: what a run found and did, in numbers and in the list of what is left. */
#ifndef ROTATE_SUMMARY_H
#define ROTATE_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/rotate/keyset.h"

/* The list ends there, for the memory's sake; the log has all of them. */
#define SUMMARY_FAILURES_MAX 1000
/* Lines of the log about one Secret: who may write it must not fill the log. */
#define SUMMARY_LINES_MAX 10

struct rotate_failure {
	char *secret; /* NAMESPACE/NAME, or a file */
	char *reason;
	size_t told; /* lines in the log */
};

/* A Transit key at the end of a run. */
struct rotate_key {
	char *name; /* MOUNT/NAME */
	int64_t latest_version, min_decryption_version;
	struct keyset_census *census; /* values by version, as the last pass left them */
	size_t census_count;
};

struct rotate_summary {
	bool counted; /* the last pass came to its end: these are all there is */
	/* Secrets, as the last pass found them.
	 * listed = current + old + unsealed + other_key + deleted + failed */
	size_t listed;
	size_t current;	  /* on their key's newest version (after what the pass did) */
	size_t old;	  /* on an older one, in a pass that only looks */
	size_t unsealed;  /* hold no ciphertext */
	size_t other_key; /* sealed with a key that the run leaves alone */
	size_t deleted;	  /* gone while we worked */
	size_t failed;	  /* left on an old version, each with its reason */

	size_t missed; /* of the failed: asked for by name, and not to be read */

	/* Of the whole run. */
	size_t other_shard; /* left to the other shards */
	size_t already_new; /* current when they were first looked at */
	size_t rewrapped;   /* Secrets PATCHed */
	size_t values;	    /* in them */
	size_t conflicts;   /* PATCHes that came too late and were done again */
	size_t keys;	    /* Transit keys rotated */
	size_t passes;
	size_t pages, batches, patches, logins; /* requests */
	int64_t took_ms;

	struct rotate_failure *failures; /* of the last pass */
	size_t failure_count;		 /* at most SUMMARY_FAILURES_MAX */
	struct rotate_failure *told;	 /* of the pass before: in the log already */
	size_t told_count;

	bool values_counted; /* the census of each key is whole */
	struct rotate_key *key_states;
	size_t key_count;
};

/* A pass begins: what is counted a pass is nothing again. */
void summary_begin_pass(struct rotate_summary *summary) __attribute__((nonnull));
/*
 * This Secret is left as it is, for that reason: one line in the log, unless the pass before has
 * told it, and a place in the list.  Does not count it: a Secret may fail by several of its values.
 */
void summary_fail(struct rotate_summary *summary, const char *namespace, const char *name,
    const struct error *reason) __attribute__((nonnull));
/* Secrets that the pass has come to an end with, one way or another. */
size_t summary_done(const struct rotate_summary *summary) __attribute__((nonnull));
/* Note what stands under each key. */
int summary_take_keys(struct rotate_summary *summary, const struct keyset *keys, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* The oldest version that a value under the key has; 0: no value was found. */
int64_t rotate_key_oldest(const struct rotate_key *key) __attribute__((nonnull));
void summary_free(struct rotate_summary *summary) __attribute__((nonnull));

#endif
