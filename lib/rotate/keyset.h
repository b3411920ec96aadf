/* keyset: the Transit keys of a run, their newest versions, and how many values stand on which. */
#ifndef ROTATE_KEYSET_H
#define ROTATE_KEYSET_H

#include "lib/vault/session.h"
#include "lib/vault/transit.h"

/* How many values were found on one version of a key. */
struct keyset_census {
	int64_t version;
	size_t values;
};

struct keyset_key {
	struct transit_key key;
	struct transit_key_state state; /* as Vault last told it */
	int64_t wanted_version;		/* what is older is old */
	int64_t read_ms;		/* CLOCK_MONOTONIC: when the state was last asked for */
	bool raised;			/* its min_decryption_version, by this run */
	int64_t floor_before;		/* min_decryption_version before it was raised */
	bool failed;			/* no use in this run: the reason is in the log */
	struct keyset_census *census;	/* by version, ascending */
	size_t census_count;
};

struct keyset {
	struct keyset_key **keys; /* each stays where it is while others are added */
	size_t count;
	bool counted; /* the pass that made the census came to its end */
};

/* The key that `text`, [MOUNT/]NAME, names; NULL when the set has none such. */
struct keyset_key *keyset_find(const struct keyset *set, const char *text) __attribute__((nonnull));
/* Add it, unless it is there.  ERROR_USAGE when `text` names no key. */
struct keyset_key *keyset_add(struct keyset *set, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* Read one key's state, and want its newest version. */
int keyset_read_key(struct keyset_key *key, struct http_client *client, struct vault *vault,
    const struct vault_session_settings *session, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * The same for each key.  One that Vault does not let us read is
 * logged and marked as failed: whoever may annotate a Secret must not so stop the work for the
 * others.  -1 when the run can't go on: no answer, or no key at all could be read.
 */
int keyset_read(struct keyset *set, struct http_client *client, struct vault *vault,
    const struct vault_session_settings *session, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Rotate each key whose newest version is at least `min_age_ms` old, and note its new version in
 * *rotated.  Failures as above.
 */
int keyset_rotate(struct keyset *set, struct http_client *client, struct vault *vault,
    const struct vault_session_settings *session, int64_t min_age_ms, size_t *rotated,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * What keyset_rotate would do: of each key that is due, the version that it would get is wanted,
 * and the log says so.
 */
int keyset_pretend_to_rotate(struct keyset *set, struct http_client *client, struct vault *vault,
    const struct vault_session_settings *session, int64_t min_age_ms, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Is there such a version?  One that is newer than what is known may come of another run: then the
 * state is read again, unless that was done since `seen_ms`, when the version was seen on a value.
 */
int keyset_has_version(struct keyset_key *key, int64_t version, int64_t seen_ms,
    struct http_client *client, struct vault *vault, const struct vault_session_settings *session,
    bool *has, struct error *err) __attribute__((nonnull, warn_unused_result));
/* False, with a line in the log, when the newest version is younger than that. */
bool keyset_key_is_due(const struct keyset_key *key, int64_t min_age_ms) __attribute__((nonnull));

/* One more value was found on that version. */
int keyset_count(struct keyset_key *key, int64_t version, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* A value that was counted on that version is gone. */
void keyset_discount(struct keyset_key *key, int64_t version) __attribute__((nonnull));
/* A value that was counted on `from` stands on `to` now. */
int keyset_move(struct keyset_key *key, int64_t from, int64_t to, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* The oldest version found on any value; 0: no value was found. */
int64_t keyset_oldest(const struct keyset_key *key) __attribute__((nonnull));
/* The same of a census by itself; NULL with 0. */
int64_t keyset_census_oldest(const struct keyset_census *census, size_t count);
/* Forget what was counted. */
void keyset_count_anew(struct keyset *set) __attribute__((nonnull));

void keyset_free(struct keyset *set) __attribute__((nonnull));

#endif
