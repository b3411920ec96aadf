/*
 * summary: the results of a run, in numbers and as a list of failures, and their output.
 *
 * The numbers of Secrets by state are written only after a pass that compared versions.  The pass
 * that finds the keys before the rotation does not.
 */
#ifndef ROTATE_SUMMARY_H
#define ROTATE_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/secret_buffer.h"
#include "lib/rotate/keyset.h"

/* The maximum length of the list of failures, to bound memory.  The log contains all of them. */
#define SUMMARY_FAILURES_MAX 1000
/*
 * The maximum number of log lines about one Secret, because anyone who may write the Secret must
 * not be able to fill the log.
 */
#define SUMMARY_LINES_MAX 10

struct rotate_failure {
	char *secret; /* NAMESPACE/NAME */
	char *reason;
	size_t lines; /* in the log */
};

/* A Transit key at the end of a run. */
struct rotate_key {
	char *name; /* MOUNT/NAME */
	int64_t latest_version, min_decryption_version;
	struct keyset_version *versions; /* number of values by version, after the last pass */
	size_t version_count;
};

struct rotate_summary {
	/*
	 * Secrets in the last pass.
	 * listed = current + old + unsealed + other_key + deleted + failed
	 */
	bool counted; /* the last pass was completed, so that these are complete */
	size_t listed;
	size_t current;	  /* on their key's newest version, after the pass */
	size_t old;	  /* on an older version, in a pass that changes nothing */
	size_t unsealed;  /* without ciphertext */
	size_t other_key; /* sealed with a key that is not in this run */
	size_t deleted;	  /* during the pass */
	size_t failed;	  /* not on the newest version; each has a reason */
	size_t missing;	  /* included in `failed`: could not be read by name */

	/* Numbers of the whole run. */
	size_t other_shard; /* Secrets of other shards */
	size_t already_new; /* current in the first pass */
	size_t rewrapped;   /* Secrets that were PATCHed */
	size_t values;	    /* values that were rewrapped in them */
	size_t conflicts;   /* PATCHes repeated because the Secret had changed */
	size_t keys;	    /* rotated */
	size_t passes;
	size_t pages, batches, patches, logins; /* requests */
	int64_t took_ms;

	struct rotate_failure *failures; /* of the last pass */
	size_t failure_count;		 /* at most SUMMARY_FAILURES_MAX */
	struct rotate_failure *logged;	 /* of the previous pass; not logged again */
	size_t logged_count;

	bool values_counted; /* the values of all keys have been counted completely */
	struct rotate_key *key_states;
	size_t key_count;
};

/* Reset the numbers that are counted in each pass. */
void summary_begin_pass(struct rotate_summary *summary) __attribute__((nonnull));
/*
 * Add the Secret to the list of failures, and log the reason, unless the previous pass has logged
 * the Secret.  It is not counted here, since several of its values may fail.
 */
void summary_fail(struct rotate_summary *summary, const char *namespace, const char *name,
    const struct error *reason) __attribute__((nonnull));
/* Return the number of Secrets that the pass has finished so far. */
size_t summary_done(const struct rotate_summary *summary) __attribute__((nonnull));
/* Copy the keys' names, versions and counts. */
int summary_take_keys(struct rotate_summary *summary, const struct keyset *keys, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return the key's oldest version with a value, or 0 if there is none. */
int64_t rotate_key_oldest(const struct rotate_key *key) __attribute__((nonnull));
void summary_free(struct rotate_summary *summary) __attribute__((nonnull));

/* Append a line for the Secrets, and a line for each key. */
int summary_write_text(const struct rotate_summary *summary, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Append a JSON object and a newline.  `failure` is the run's error, or NULL. */
int summary_write_json(const struct rotate_summary *summary, const char *failure,
    struct secret_buffer *out, struct error *err) __attribute__((nonnull(1, 3, 4)));

#endif
