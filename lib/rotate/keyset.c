#include "lib/rotate/keyset.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"

struct keyset_key *keyset_find(const struct keyset *set, const char *text)
{
	for (size_t i = 0; i < set->count; i++)
		if (transit_key_is(&set->keys[i]->key, text))
			return set->keys[i];
	return NULL;
}

static void free_key(struct keyset_key *key)
{
	transit_key_free(&key->key);
	free(key->versions);
	free(key);
}

struct keyset_key *keyset_add(struct keyset *set, const char *text, struct error *err)
{
	struct keyset_key *added = keyset_find(set, text);

	if (added)
		return added;
	struct keyset_key **grown = reallocarray(set->keys, set->count + 1, sizeof(*grown));
	if (grown)
		set->keys = grown;
	added = calloc(1, sizeof(*added));
	if (!grown || !added) {
		free(added);
		error_memory(err);
		return NULL;
	}
	if (transit_key_parse(&added->key, text, err) < 0) {
		free(added);
		return NULL;
	}
	set->keys[set->count++] = added;
	return added;
}

/* Mark a key as failed, and log the reason.  Return -1 with *err if the run cannot continue. */
static int exclude_key(struct keyset *set, struct keyset_key *key, struct error *err)
{
	bool all = true;

	key->failed = true;
	for (size_t i = 0; i < set->count; i++)
		all = all && set->keys[i]->failed;
	/* A server error (5xx) of Vault may concern only this key. */
	bool about_all = err->code == ERROR_NETWORK || err->code == ERROR_INTERRUPTED;
	if (about_all || all)
		return -1;
	log_error(LOG_ERROR, err);
	error_clear(err);
	return 0;
}

static int read_state(const struct keyset *set, struct keyset_key *key, struct error *err)
{
	if (vault_session_renew(set->client, set->vault, set->session, err) < 0)
		return -1;
	key->read_ms = clock_now_ms();
	return transit_key_read(set->client, set->vault, &key->key, &key->state, err);
}

int keyset_read_key(const struct keyset *set, struct keyset_key *key, struct error *err)
{
	if (read_state(set, key, err) < 0)
		return -1;
	key->wanted_version = key->state.latest_version;
	return 0;
}

int keyset_read(struct keyset *set, struct error *err)
{
	for (size_t i = 0; i < set->count; i++) {
		struct keyset_key *key = set->keys[i];

		if (!key->failed && keyset_read_key(set, key, err) < 0 &&
		    exclude_key(set, key, err) < 0)
			return -1;
	}
	return 0;
}

int keyset_plan_rotation(struct keyset *set, int64_t min_age_ms, struct error *err)
{
	if (keyset_read(set, err) < 0)
		return -1;
	for (size_t i = 0; i < set->count; i++) {
		struct keyset_key *key = set->keys[i];

		if (key->failed || !keyset_key_is_due(key, min_age_ms))
			continue;
		key->wanted_version++;
		log_write(LOG_INFO, "dry run: would rotate Transit key %s/%s to version %lld",
		    key->key.mount, key->key.name, (long long)key->wanted_version);
	}
	return 0;
}

int keyset_has_version(const struct keyset *set, struct keyset_key *key, int64_t version,
    int64_t seen_ms, bool *has, struct error *err)
{
	/* Within the same millisecond the order is unknown, so read again. */
	if (version > key->state.latest_version && key->read_ms <= seen_ms &&
	    read_state(set, key, err) < 0)
		return -1;
	*has = version <= key->state.latest_version;
	return 0;
}

bool keyset_key_is_due(const struct keyset_key *key, int64_t min_age_ms)
{
	int64_t age_s = (int64_t)time(NULL) - key->state.latest_created_s;

	if (min_age_ms == 0 || key->state.latest_created_s == 0 || age_s * 1000 >= min_age_ms)
		return true;
	log_write(LOG_INFO,
	    "Transit key %s/%s: version %lld is %lld s old, less than --min-age; not rotated",
	    key->key.mount, key->key.name, (long long)key->state.latest_version,
	    (long long)(age_s > 0 ? age_s : 0));
	return false;
}

static int rotate_key(const struct keyset *set, struct keyset_key *key, struct error *err)
{
	if (vault_session_renew(set->client, set->vault, set->session, err) < 0 ||
	    transit_key_rotate(set->client, set->vault, &key->key, &key->state, err) < 0)
		return error_wrap(err, "rotating");
	key->wanted_version = key->state.latest_version;
	log_write(LOG_INFO, "Transit key %s/%s: rotated to version %lld", key->key.mount,
	    key->key.name, (long long)key->state.latest_version);
	return 0;
}

int keyset_rotate(struct keyset *set, int64_t min_age_ms, size_t *rotated, struct error *err)
{
	if (min_age_ms > 0 && keyset_read(set, err) < 0)
		return -1;
	for (size_t i = 0; i < set->count; i++) {
		struct keyset_key *key = set->keys[i];

		if (key->failed || !keyset_key_is_due(key, min_age_ms))
			continue;
		if (rotate_key(set, key, err) == 0)
			++*rotated;
		else if (exclude_key(set, key, err) < 0)
			return -1;
	}
	return 0;
}

int keyset_count_value(struct keyset_key *key, int64_t version, struct error *err)
{
	size_t at = key->version_count;

	while (at > 0 && key->versions[at - 1].version >= version)
		at--;
	if (at < key->version_count && key->versions[at].version == version) {
		key->versions[at].values++;
		return 0;
	}
	struct keyset_version *grown =
	    reallocarray(key->versions, key->version_count + 1, sizeof(*grown));
	if (!grown)
		return error_memory(err);
	memmove(&grown[at + 1], &grown[at], (key->version_count - at) * sizeof(*grown));
	grown[at] = (struct keyset_version){version, 1};
	key->versions = grown;
	key->version_count++;
	return 0;
}

/* Return the count of the version, or NULL if it has no values. */
static struct keyset_version *find_count(struct keyset_key *key, int64_t version)
{
	for (size_t i = 0; i < key->version_count; i++)
		if (key->versions[i].version == version && key->versions[i].values > 0)
			return &key->versions[i];
	return NULL;
}

void keyset_uncount_value(struct keyset_key *key, int64_t version)
{
	struct keyset_version *count = find_count(key, version);

	if (count)
		count->values--;
}

int keyset_move_value(struct keyset_key *key, int64_t from, int64_t to, struct error *err)
{
	if (!find_count(key, from))
		return 0;
	keyset_uncount_value(key, from);
	return keyset_count_value(key, to, err);
}

int64_t keyset_oldest(const struct keyset_version *versions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (versions[i].values > 0)
			return versions[i].version;
	return 0;
}

void keyset_reset_counts(struct keyset *set)
{
	set->counted = false;
	for (size_t i = 0; i < set->count; i++)
		set->keys[i]->version_count = 0;
}

void keyset_free(struct keyset *set)
{
	for (size_t i = 0; i < set->count; i++)
		free_key(set->keys[i]);
	free(set->keys);
	memset(set, 0, sizeof(*set));
}
