/*
 * Retire old key versions: let Vault refuse them after no value is sealed with them.
 *
 *   count in every Secret -> raise min_decryption_version -> count again -> restore it, or trim
 *
 * "Every Secret" means in all namespaces, with or without the label: a value that was missed could
 * not be decrypted anymore.  Retiring can be undone until the key is trimmed.
 */
#include "lib/base/log.h"
#include "lib/rotate/pass.h"

/* Return the oldest version of the key to keep. */
static int64_t floor_of(const struct rotate_run *run, const struct keyset_key *key)
{
	int64_t floor = key->state.latest_version - run->settings->keep_versions + 1;

	return floor > 1 ? floor : 1;
}

/* Read the keys again, and set the wanted version of each to the oldest version to keep. */
static int want_floors(struct rotate_run *run, struct error *err)
{
	if (keyset_read(&run->keys, err) < 0)
		return -1;
	for (size_t i = 0; i < run->keys.count; i++)
		run->keys.keys[i]->wanted_version = floor_of(run, run->keys.keys[i]);
	return 0;
}

static int count_secrets(struct rotate_run *run, const struct secret_filter *all, struct error *err)
{
	const struct strings *named = run->settings->retire_namespaces;
	size_t old;
	int result = pass_run(run, all, PASS_COUNT, &old, err);

	if (result == 0 || err->code != ERROR_DENIED)
		return result;
	error_wrap(err, "retiring needs a look at every Secret");
	return error_hint(err,
	    named->count ? "allow to list them"
			 : "allow to list them, or pass --retire-namespaces with the namespaces "
			   "that have Secrets of these keys");
}

/*
 * Count the versions in all Secrets and other objects.  The summary of rewrapping is not changed:
 * *counts is a separate summary for all counting passes, so that each failure is logged once.
 */
static int count_all(struct rotate_run *run, struct rotate_summary *counts, struct error *err)
{
	struct rotate_summary *kept = run->summary;
	size_t pages_before = counts->pages;
	struct secret_filter all;

	run->summary = counts;
	int result = secret_filter_init_all(&all, run->settings->retire_namespaces, err);
	if (result == 0)
		result = count_secrets(run, &all, err);
	if (result == 0)
		result = rotate_scan_objects(run, &all.namespaces, err);
	secret_filter_free(&all);
	run->summary = kept;
	kept->pages += counts->pages - pages_before;
	return result;
}

/* Return the oldest version in use of this key or of an unknown key, or 0 if there is none. */
static int64_t oldest_in_use(const struct rotate_run *run, const struct keyset_key *key)
{
	int64_t oldest = keyset_oldest(key->versions, key->version_count),
		keyless = run->oldest_keyless;

	if (keyless > 0 && (oldest == 0 || keyless < oldest))
		return keyless;
	return oldest;
}

static bool is_in_use(const struct rotate_run *run, const struct keyset_key *key)
{
	int64_t oldest = oldest_in_use(run, key);

	return oldest > 0 && oldest < key->wanted_version;
}

static int set_floor(
    struct rotate_run *run, const struct keyset_key *key, int64_t floor, struct error *err)
{
	if (vault_session_renew(run->client, &run->vault, &run->settings->session, err) < 0)
		return -1;
	return transit_key_retire(run->client, &run->vault, &key->key, floor, err);
}

static int refuse_in_use(
    const struct rotate_run *run, const struct keyset_key *key, struct error *err)
{
	long long oldest = (long long)oldest_in_use(run, key);
	long long floor = (long long)key->state.min_decryption_version;

	if (oldest < floor)
		return error_set(err, ERROR_REJECTED,
		    "Transit key %s/%s: version %lld is in use, but below min_decryption_version "
		    "%lld; lower it, and rewrap the objects named above",
		    key->key.mount, key->key.name, oldest, floor);
	return error_set(err, ERROR_REJECTED,
	    "Transit key %s/%s: version %lld is in use, so no version is retired", key->key.mount,
	    key->key.name, oldest);
}

/*
 * Return whether the key is only named by an annotation, and no value is sealed with it.  It may be
 * in use outside this cluster.
 */
static bool is_only_named(const struct rotate_run *run, const struct keyset_key *key)
{
	return !run->settings->transit_key && keyset_oldest(key->versions, key->version_count) == 0;
}

/* Read min_decryption_version again, because a concurrent run may have raised it. */
static int refresh_floor(struct rotate_run *run, struct keyset_key *key, struct error *err)
{
	int64_t wanted = key->wanted_version;
	int result = keyset_read_key(&run->keys, key, err);

	key->wanted_version = wanted;
	return result;
}

/* Raise min_decryption_version to the wanted version, unless an older version is in use. */
static int raise_floor(struct rotate_run *run, struct keyset_key *key, struct error *err)
{
	const char *mount = key->key.mount, *name = key->key.name;
	long long floor = (long long)key->wanted_version;

	if (is_only_named(run, key)) {
		log_write(LOG_INFO,
		    "Transit key %s/%s: no value is sealed with it; to retire its versions, pass --transit-key",
		    mount, name);
		return 0;
	}
	if (is_in_use(run, key))
		return refuse_in_use(run, key, err);
	if (refresh_floor(run, key, err) < 0)
		return error_wrap(err, "retiring");
	if (key->state.min_decryption_version >= key->wanted_version) {
		log_write(LOG_INFO, "Transit key %s/%s: versions below %lld are retired already",
		    mount, name, (long long)key->state.min_decryption_version);
		return 0;
	}
	if (run->settings->dry_run) {
		log_write(LOG_INFO,
		    "dry run: would retire the versions of Transit key %s/%s below %lld", mount,
		    name, floor);
		return 0;
	}
	key->floor_before = key->state.min_decryption_version;
	if (set_floor(run, key, key->wanted_version, err) < 0)
		return error_wrap(err, "retiring");
	key->raised = true;
	log_write(
	    LOG_INFO, "Transit key %s/%s: versions below %lld are retired", mount, name, floor);
	return 0;
}

/*
 * Undo raise_floor if an old version has been written since, so that it can be decrypted.  If
 * another run raised min_decryption_version, only report that.
 */
static int restore_floor(struct rotate_run *run, struct keyset_key *key, struct error *err)
{
	if (!is_in_use(run, key))
		return 0;
	if (!key->raised)
		return oldest_in_use(run, key) < key->state.min_decryption_version
			   ? refuse_in_use(run, key, err)
			   : 0;
	if (set_floor(run, key, key->floor_before, err) < 0)
		return error_wrap(err,
		    "version %lld was written during the run and cannot be decrypted; set "
		    "min_decryption_version of the key back to %lld by hand",
		    (long long)oldest_in_use(run, key), (long long)key->floor_before);
	key->raised = false;
	key->state.min_decryption_version = key->floor_before;
	return error_set(err, ERROR_REJECTED,
	    "Transit key %s/%s: version %lld was written during the run, so min_decryption_version "
	    "is restored; find the writer, and run again",
	    key->key.mount, key->key.name, (long long)oldest_in_use(run, key));
}

/* Fail if some objects could not be searched, because deleting a version cannot be undone. */
static int check_all_seen(
    const struct rotate_run *run, const struct keyset_key *key, struct error *err)
{
	const struct strings *unseen = &run->unseen;

	if (unseen->count == 0)
		return 0;
	return error_set(err, ERROR_REJECTED,
	    "Transit key %s/%s: not trimmed: %s%s could not be searched for ciphertext; allow "
	    "secret-rotate to list them, and run again",
	    key->key.mount, key->key.name, unseen->items[0],
	    unseen->count > 1 ? " and other objects" : "");
}

static int trim_key(struct rotate_run *run, struct keyset_key *key, struct error *err)
{
	int64_t floor = key->wanted_version;

	if (!run->settings->trim || key->state.min_available_version >= floor ||
	    is_in_use(run, key) || is_only_named(run, key))
		return 0;
	if (check_all_seen(run, key, err) < 0)
		return -1;
	if (run->settings->dry_run) {
		log_write(LOG_INFO,
		    "dry run: would delete the versions of Transit key %s/%s below %lld",
		    key->key.mount, key->key.name, (long long)floor);
		return 0;
	}
	if (vault_session_renew(run->client, &run->vault, &run->settings->session, err) < 0 ||
	    transit_key_trim(run->client, &run->vault, &key->key, floor, err) < 0)
		return error_wrap(err, "trimming");
	log_write(LOG_INFO, "Transit key %s/%s: versions below %lld are deleted", key->key.mount,
	    key->key.name, (long long)floor);
	return 0;
}

/*
 * Run the step for each key.  A key that fails is logged, and left out of further steps.  Return -1
 * if a server does not answer.
 */
static int each_key(struct rotate_run *run,
    int (*step)(struct rotate_run *run, struct keyset_key *key, struct error *err), size_t *failed,
    struct error *err)
{
	for (size_t i = 0; i < run->keys.count; i++) {
		struct keyset_key *key = run->keys.keys[i];

		if (key->failed || key->kept || step(run, key, err) == 0)
			continue;
		if (error_is_outage(err))
			return -1;
		log_error(LOG_ERROR, err);
		error_clear(err);
		key->kept = true;
		++*failed;
	}
	return 0;
}

static int retire_keys(struct rotate_run *run, struct rotate_summary *counts, struct error *err)
{
	bool changes = !run->settings->dry_run;
	size_t failed = 0;

	if (count_all(run, counts, err) < 0 || each_key(run, raise_floor, &failed, err) < 0)
		return -1;
	if (changes && count_all(run, counts, err) < 0)
		return error_hint(err,
		    "run --phase retire again, because old versions are retired, but not yet verified to be unused");
	if (changes && each_key(run, restore_floor, &failed, err) < 0)
		return -1;
	if (each_key(run, trim_key, &failed, err) < 0)
		return -1;
	if (failed > 0)
		return error_set(err, ERROR_REJECTED,
		    "%zu of %zu Transit keys keep old versions; see the reasons above", failed,
		    run->keys.count);
	return 0;
}

int rotate_retire(struct rotate_run *run, struct error *err)
{
	struct rotate_summary counts = {0};

	if (want_floors(run, err) < 0)
		return -1;
	int result = retire_keys(run, &counts, err);
	summary_free(&counts);
	return result;
}
