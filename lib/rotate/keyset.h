/* keyset: the Transit keys of a run, with their newest versions and their values by version. */
#ifndef ROTATE_KEYSET_H
#define ROTATE_KEYSET_H

#include "lib/vault/session.h"
#include "lib/vault/transit.h"

/* The number of values found on one version of a key. */
struct keyset_version {
	int64_t version;
	size_t values;
};

struct keyset_key {
	struct transit_key key;
	struct transit_key_state state;	 /* as last read from Vault */
	int64_t wanted_version;		 /* values on an older version are old */
	int64_t read_ms;		 /* CLOCK_MONOTONIC: when the state was last requested */
	bool raised;			 /* this run has raised min_decryption_version */
	int64_t floor_before;		 /* min_decryption_version before that */
	bool failed;			 /* cannot be used in this run; see the log */
	bool named;			 /* a Secret of this failed key was logged by a count */
	bool kept;			 /* its old versions are not retired; see the log */
	struct keyset_version *versions; /* by version, ascending */
	size_t version_count;
};

struct keyset {
	struct keyset_key **keys; /* pointers stay valid while keys are added */
	size_t count;
	bool counted; /* the counts are complete, because the last pass was completed */

	/* For reading and rotating keys; borrowed. */
	struct http_client *client;
	struct vault *vault;
	const struct vault_session_settings *session;
};

/* Return the key named by `text`, [MOUNT/]NAME, or NULL. */
struct keyset_key *keyset_find(const struct keyset *set, const char *text) __attribute__((nonnull));
/* Return the key, and add it if it is new; NULL on error.  ERROR_USAGE: not a key's name. */
struct keyset_key *keyset_add(struct keyset *set, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Read the state of a key, and set its wanted version to the newest. */
int keyset_read_key(const struct keyset *set, struct keyset_key *key, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Read the state of each key.  A key that cannot be read is logged and marked as failed, because
 * anyone who may annotate a Secret must not be able to stop the run.  Return -1 if the run cannot
 * continue: Vault does not answer, or no key can be read.
 */
int keyset_read(struct keyset *set, struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Rotate each key whose newest version is at least `min_age_ms` old.  Add their number to *rotated.
 * Failures are handled as in keyset_read.
 */
int keyset_rotate(struct keyset *set, int64_t min_age_ms, size_t *rotated, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Log the rotations that keyset_rotate would do, and set the wanted versions as if they were done.
 */
int keyset_plan_rotation(struct keyset *set, int64_t min_age_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Set *has to whether the key has this version.  A version above the known ones may come from a
 * concurrent run.  Then the state is read again, unless it was read after `seen_ms`, the time when
 * the version was seen on a value.
 */
int keyset_has_version(const struct keyset *set, struct keyset_key *key, int64_t version,
    int64_t seen_ms, bool *has, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return whether the newest version is old enough to rotate the key.  If not, log that. */
bool keyset_key_is_due(const struct keyset_key *key, int64_t min_age_ms) __attribute__((nonnull));

/* Count another value on the version. */
int keyset_count_value(struct keyset_key *key, int64_t version, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Remove a deleted value from the count. */
void keyset_uncount_value(struct keyset_key *key, int64_t version) __attribute__((nonnull));
/* Change the version of a counted value. */
int keyset_move_value(struct keyset_key *key, int64_t from, int64_t to, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return the oldest version with a value, or 0 if there is none. */
int64_t keyset_oldest(const struct keyset_version *versions, size_t count);
void keyset_reset_counts(struct keyset *set) __attribute__((nonnull));

void keyset_free(struct keyset *set) __attribute__((nonnull));

#endif
