#include "lib/rotate/retire.h"

#include <string.h>

#include "lib/base/log.h"
#include "lib/rotate/elsewhere.h"
#include "lib/rotate/pass.h"

/* What a key comes to. */
static int64_t floor_of(const struct rotation *rotation, const struct keyset_key *key)
{
	int64_t floor = key->state.latest_version - rotation->settings->keep_versions + 1;

	return floor > 1 ? floor : 1;
}

/* Read the keys anew, and want of each what is to decrypt from now on. */
static int want_floors(struct rotation *rotation, struct error *err)
{
	if (keyset_read(&rotation->keys, rotation->client, &rotation->vault,
		&rotation->settings->session, err) < 0)
		return -1;
	for (size_t i = 0; i < rotation->keys.count; i++)
		rotation->keys.keys[i]->wanted_version = floor_of(rotation, rotation->keys.keys[i]);
	return 0;
}

static int look_at_secrets(
    struct rotation *rotation, const struct secret_filter *all, struct error *err)
{
	const struct strings *known = rotation->settings->retire_namespaces;
	size_t old;
	int result = pass_run(rotation, all, PASS_CENSUS, &old, err);

	if (result == 0 || err->code != ERROR_DENIED)
		return result;
	error_wrap(err, "retiring needs a look at every Secret");
	return error_hint(
	    err, known->count ? "it must be allowed to list them"
			      : "allow that, or say with --retire-namespaces which namespaces hold "
				"Secrets of these keys");
}

/*
 * Look at all there is.  The summary of the rewrapping stays as it is; *census is one for all looks
 * of a run, so that each failure is logged once.
 */
static int look_at_all(struct rotation *rotation, struct rotate_summary *census, struct error *err)
{
	struct rotate_summary *kept = rotation->summary;
	size_t pages_before = census->pages;
	struct secret_filter all;

	rotation->summary = census;
	int result = secret_filter_init_all(&all, rotation->settings->retire_namespaces, err);
	if (result == 0)
		result = look_at_secrets(rotation, &all, err);
	if (result == 0)
		result = elsewhere_look(rotation, &all.namespaces, err);
	secret_filter_free(&all);
	rotation->summary = kept;
	kept->pages += census->pages - pages_before;
	return result;
}

/* The oldest version in use, of this key or of one that nobody knows; 0: none. */
static int64_t oldest_in_use(const struct rotation *rotation, const struct keyset_key *key)
{
	int64_t oldest = keyset_oldest(key->versions, key->version_count),
		keyless = rotation->oldest_keyless;

	if (keyless > 0 && (oldest == 0 || keyless < oldest))
		return keyless;
	return oldest;
}

static bool is_in_use(const struct rotation *rotation, const struct keyset_key *key)
{
	int64_t oldest = oldest_in_use(rotation, key);

	return oldest > 0 && oldest < key->wanted_version;
}

static int set_floor(
    struct rotation *rotation, const struct keyset_key *key, int64_t floor, struct error *err)
{
	if (vault_session_renew(
		rotation->client, &rotation->vault, &rotation->settings->session, err) < 0)
		return -1;
	return transit_key_retire(rotation->client, &rotation->vault, &key->key, floor, err);
}

static int say_in_use(
    const struct rotation *rotation, const struct keyset_key *key, struct error *err)
{
	long long oldest = (long long)oldest_in_use(rotation, key);
	long long floor = (long long)key->state.min_decryption_version;

	if (oldest < floor)
		return error_set(err, ERROR_REJECTED,
		    "Transit key %s/%s: version %lld is in use, but below min_decryption_version "
		    "%lld: lower that, and rewrap what is named above",
		    key->key.mount, key->key.name, oldest, floor);
	return error_set(err, ERROR_REJECTED,
	    "Transit key %s/%s: version %lld is in use: no version is retired", key->key.mount,
	    key->key.name, oldest);
}

/*
 * Nothing is sealed with it here, and nobody but an annotation asks for it: what it may be used for
 * elsewhere is not ours to lose.
 */
static bool is_only_named(const struct rotation *rotation, const struct keyset_key *key)
{
	return !rotation->settings->transit_key &&
	       keyset_oldest(key->versions, key->version_count) == 0;
}

/* Read min_decryption_version as it is now: another run may have raised it since. */
static int refresh_floor(struct rotation *rotation, struct keyset_key *key, struct error *err)
{
	int64_t wanted = key->wanted_version;
	int result = keyset_read_key(
	    key, rotation->client, &rotation->vault, &rotation->settings->session, err);

	key->wanted_version = wanted;
	return result;
}

/* Refuse the versions below the floor, unless something stands on them. */
static int raise_floor(struct rotation *rotation, struct keyset_key *key, struct error *err)
{
	const char *mount = key->key.mount, *name = key->key.name;
	long long floor = (long long)key->wanted_version;

	if (is_only_named(rotation, key)) {
		log_write(LOG_INFO,
		    "Transit key %s/%s: no value is sealed with it: its versions stay, unless "
		    "--transit-key names it",
		    mount, name);
		return 0;
	}
	if (is_in_use(rotation, key))
		return say_in_use(rotation, key, err);
	if (refresh_floor(rotation, key, err) < 0)
		return error_wrap(err, "retiring");
	if (key->state.min_decryption_version >= key->wanted_version) {
		log_write(LOG_INFO, "Transit key %s/%s: versions below %lld are retired already",
		    mount, name, (long long)key->state.min_decryption_version);
		return 0;
	}
	if (rotation->settings->dry_run) {
		log_write(LOG_INFO,
		    "dry run: would retire the versions of Transit key %s/%s below %lld", mount,
		    name, floor);
		return 0;
	}
	/* The state may be read again before it is needed. */
	key->floor_before = key->state.min_decryption_version;
	if (set_floor(rotation, key, key->wanted_version, err) < 0)
		return error_wrap(err, "retiring");
	key->raised = true;
	log_write(
	    LOG_INFO, "Transit key %s/%s: versions below %lld are retired", mount, name, floor);
	return 0;
}

/* Something old has been written in the meantime: it must decrypt. */
static int restore_floor(struct rotation *rotation, struct keyset_key *key, struct error *err)
{
	if (!key->raised || !is_in_use(rotation, key))
		return 0;
	if (set_floor(rotation, key, key->floor_before, err) < 0)
		return error_wrap(err,
		    "version %lld was written meanwhile and does not decrypt: set "
		    "min_decryption_version of the key back to %lld by hand",
		    (long long)oldest_in_use(rotation, key), (long long)key->floor_before);
	key->raised = false;
	key->state.min_decryption_version = key->floor_before;
	return error_set(err, ERROR_REJECTED,
	    "Transit key %s/%s: version %lld was written meanwhile: its versions are not retired "
	    "after all: find out who writes it, and run again",
	    key->key.mount, key->key.name, (long long)oldest_in_use(rotation, key));
}

/* Deleting a version is for ever: every place that can hold ciphertext must have been looked at. */
static int check_seen_all(
    const struct rotation *rotation, const struct keyset_key *key, struct error *err)
{
	const struct strings *unseen = &rotation->unseen;

	if (unseen->count == 0)
		return 0;
	return error_set(err, ERROR_REJECTED,
	    "Transit key %s/%s: not trimmed: %s%s could not be searched for ciphertext; allow "
	    "secret-rotate to list them, and run again",
	    key->key.mount, key->key.name, unseen->items[0],
	    unseen->count > 1 ? " and other objects" : "");
}

static int trim(struct rotation *rotation, struct keyset_key *key, struct error *err)
{
	int64_t floor = key->wanted_version;

	if (!rotation->settings->trim || key->state.min_available_version >= floor ||
	    is_in_use(rotation, key) || is_only_named(rotation, key))
		return 0;
	if (check_seen_all(rotation, key, err) < 0)
		return -1;
	if (rotation->settings->dry_run) {
		log_write(LOG_INFO,
		    "dry run: would delete the versions of Transit key %s/%s below %lld",
		    key->key.mount, key->key.name, (long long)floor);
		return 0;
	}
	if (vault_session_renew(
		rotation->client, &rotation->vault, &rotation->settings->session, err) < 0 ||
	    transit_key_trim(rotation->client, &rotation->vault, &key->key, floor, err) < 0)
		return error_wrap(err, "trimming");
	log_write(LOG_INFO, "Transit key %s/%s: versions below %lld are deleted", key->key.mount,
	    key->key.name, (long long)floor);
	return 0;
}

/* One step for each key; one that fails is left out of the next. */
static int each_key(struct rotation *rotation,
    int (*step)(struct rotation *rotation, struct keyset_key *key, struct error *err),
    size_t *failed, struct error *err)
{
	for (size_t i = 0; i < rotation->keys.count; i++) {
		struct keyset_key *key = rotation->keys.keys[i];

		if (key->failed || step(rotation, key, err) == 0)
			continue;
		if (error_is_outage(err))
			return -1;
		log_write(LOG_ERROR, "%s", err->message);
		error_clear(err);
		key->failed = true;
		++*failed;
	}
	return 0;
}

static int retire_after_looks(
    struct rotation *rotation, struct rotate_summary *census, struct error *err)
{
	bool changes = !rotation->settings->dry_run;
	size_t failed = 0;

	if (look_at_all(rotation, census, err) < 0 ||
	    each_key(rotation, raise_floor, &failed, err) < 0)
		return -1;
	if (changes && look_at_all(rotation, census, err) < 0)
		return error_hint(err,
		    "old versions are retired, but the look after it is due: run --phase retire "
		    "again");
	if (changes && each_key(rotation, restore_floor, &failed, err) < 0)
		return -1;
	if (each_key(rotation, trim, &failed, err) < 0)
		return -1;
	if (failed > 0)
		return error_set(err, ERROR_REJECTED,
		    "%zu of %zu Transit keys keep old versions, for the reasons above", failed,
		    rotation->keys.count);
	return 0;
}

int retire_versions(struct rotation *rotation, struct error *err)
{
	struct rotate_summary census = {0};

	if (want_floors(rotation, err) < 0)
		return -1;
	int result = retire_after_looks(rotation, &census, err);
	summary_free(&census);
	return result;
}
