/* keyset: the Transit keys of a run, their newest versions, and the values counted by version. */
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
	struct transit_key_state state; /* as last read from Vault */
	int64_t wanted_version;		/* older versions are old */
	int64_t read_ms;		/* CLOCK_MONOTONIC: when the state was last requested */
	bool raised;			/* this run has raised min_decryption_version */
	int64_t floor_before;		/* min_decryption_version before that */
	bool failed;			/* not usable in this run; the log has the reason */
	bool kept; /* its old versions are not retired; the log has the reason */
	struct keyset_version *versions; /* by version, ascending */
	size_t version_count;
};

struct keyset {
	struct keyset_key **keys; /* pointers stay valid while keys are added */
	size_t count;
	bool counted; /* the counts are complete: the last pass came to its end */

	/* To read and rotate keys; borrowed. */
	struct http_client *client;
	struct vault *vault;
	const struct vault_session_settings *session;
};

/* Return the key named by `text`, [MOUNT/]NAME, or NULL. */
struct keyset_key *keyset_find(const struct keyset *set, const char *text) __attribute__((nonnull));
/* Return the key, which is added if it is new; NULL on error.  ERROR_USAGE: not a key's name. */
struct keyset_key *keyset_add(struct keyset *set, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Read one key's state; its wanted version is the newest. */
int keyset_read_key(const struct keyset *set, struct keyset_key *key, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Read the state of each key.  A key that cannot be read is logged and marked as failed: whoever
 * may annotate a Secret must not be able to stop the run.  Return -1 if the run cannot go on: no
 * answer, or no key could be read.
 */
int keyset_read(struct keyset *set, struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Rotate each key whose newest version is at least `min_age_ms` old; *rotated is increased by their
 * number.  Failures are handled as in keyset_read.
 */
int keyset_rotate(struct keyset *set, int64_t min_age_ms, size_t *rotated, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Log what keyset_rotate would do; the wanted version of a key that is due is the next. */
int keyset_plan_rotation(struct keyset *set, int64_t min_age_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Set *has to whether the key has this version.  A newer version than the known ones may come from
 * a concurrent run: the state is read again, unless that was done after `seen_ms`, when the version
 * was seen on a value.
 */
int keyset_has_version(const struct keyset *set, struct keyset_key *key, int64_t version,
    int64_t seen_ms, bool *has, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return whether the newest version is old enough to be rotated; log it if not. */
bool keyset_key_is_due(const struct keyset_key *key, int64_t min_age_ms) __attribute__((nonnull));

/* Count one more value on the version. */
int keyset_count_value(struct keyset_key *key, int64_t version, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Uncount a value that was deleted. */
void keyset_uncount_value(struct keyset_key *key, int64_t version) __attribute__((nonnull));
/* Count a value on version `to` that was counted on `from`. */
int keyset_move_value(struct keyset_key *key, int64_t from, int64_t to, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return the oldest version with a value in the versions; 0: none. */
int64_t keyset_oldest(const struct keyset_version *versions, size_t count);
void keyset_reset_counts(struct keyset *set) __attribute__((nonnull));

void keyset_free(struct keyset *set) __attribute__((nonnull));

#endif
