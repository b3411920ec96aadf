#include "lib/rotate/summary.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"
#include "lib/base/log.h"
#include "lib/base/strings.h"

static void free_failures(struct rotate_failure *failures, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(failures[i].secret);
		free(failures[i].reason);
	}
	free(failures);
}

void summary_begin_pass(struct rotate_summary *summary)
{
	summary->counted = false;
	summary->listed = summary->current = summary->old = summary->unsealed = 0;
	summary->other_key = summary->deleted = summary->failed = summary->missed = 0;
	summary->other_shard = 0;
	if (summary->failure_count == 0)
		return;
	free_failures(summary->told, summary->told_count);
	summary->told = summary->failures;
	summary->told_count = summary->failure_count;
	summary->failures = NULL;
	summary->failure_count = 0;
}

static struct rotate_failure *find(
    struct rotate_failure *failures, size_t count, const char *secret)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(failures[i].secret, secret) == 0)
			return &failures[i];
	return NULL;
}

/* A new entry; NULL when the list is full, or memory is. */
static struct rotate_failure *add(
    struct rotate_summary *summary, const char *secret, const char *reason)
{
	if (summary->failure_count == SUMMARY_FAILURES_MAX)
		return NULL;
	struct rotate_failure *grown =
	    reallocarray(summary->failures, summary->failure_count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	summary->failures = grown;
	struct rotate_failure added = {.secret = strdup(secret), .reason = strdup(reason)};
	if (!added.secret || !added.reason) {
		free(added.secret);
		free(added.reason);
		return NULL;
	}
	grown[summary->failure_count] = added;
	return &grown[summary->failure_count++];
}

static void tell(struct rotate_failure *failure, const char *secret, const char *reason)
{
	size_t lines = failure ? ++failure->told : 1;

	if (lines <= SUMMARY_LINES_MAX)
		log_write(LOG_ERROR, "%s", reason);
	else if (lines == SUMMARY_LINES_MAX + 1)
		log_write(LOG_ERROR, "Secret %s: there are more such values", secret);
}

void summary_fail(struct rotate_summary *summary, const char *namespace, const char *name,
    const struct error *reason)
{
	struct error err = ERROR_INIT;
	cleanup_free char *secret = string_format(&err, "%s/%s", namespace, name);

	if (!secret) {
		log_write(LOG_ERROR, "%s", reason->message);
		return;
	}
	struct rotate_failure *known = find(summary->failures, summary->failure_count, secret);
	/* A Secret that is read again in the same pass may fail for the same reason. */
	if (known && strcmp(known->reason, reason->message) == 0)
		return;
	if (!known)
		known = add(summary, secret, reason->message);
	if (!find(summary->told, summary->told_count, secret))
		tell(known, secret, reason->message);
}

size_t summary_done(const struct rotate_summary *summary)
{
	return summary->current + summary->old + summary->unsealed + summary->other_key +
	       summary->deleted + summary->failed;
}

static int take_key(struct rotate_key *taken, const struct keyset_key *key, struct error *err)
{
	taken->name = string_format(err, "%s/%s", key->key.mount, key->key.name);
	taken->latest_version = key->state.latest_version;
	taken->min_decryption_version =
	    key->raised ? key->wanted_version : key->state.min_decryption_version;
	if (!taken->name)
		return -1;
	if (key->census_count == 0)
		return 0;
	taken->census = calloc(key->census_count, sizeof(*taken->census));
	if (!taken->census)
		return error_memory(err);
	memcpy(taken->census, key->census, key->census_count * sizeof(*taken->census));
	taken->census_count = key->census_count;
	return 0;
}

int summary_take_keys(struct rotate_summary *summary, const struct keyset *keys, struct error *err)
{
	summary->values_counted = keys->counted;
	if (keys->count == 0)
		return 0;
	summary->key_states = calloc(keys->count, sizeof(*summary->key_states));
	if (!summary->key_states)
		return error_memory(err);
	for (; summary->key_count < keys->count; summary->key_count++)
		if (take_key(&summary->key_states[summary->key_count],
			keys->keys[summary->key_count], err) < 0)
			return -1;
	return 0;
}

int64_t rotate_key_oldest(const struct rotate_key *key)
{
	return keyset_census_oldest(key->census, key->census_count);
}

void summary_free(struct rotate_summary *summary)
{
	for (size_t i = 0; i < summary->key_count; i++) {
		free(summary->key_states[i].name);
		free(summary->key_states[i].census);
	}
	free(summary->key_states);
	free_failures(summary->failures, summary->failure_count);
	free_failures(summary->told, summary->told_count);
	memset(summary, 0, sizeof(*summary));
}
