/* What becomes of one Secret in a pass: looked at, taken in hand, counted. */
#include <stdlib.h>

#include "lib/base/log.h"
#include "lib/rotate/elsewhere.h"
#include "lib/rotate/pass_parts.h"

/* A server has not answered: 0 when it will be waited for. */
int pass_wait_for(const struct pass *pass, struct outage *outage, struct error *err)
{
	return http_client_is_over(pass->rotation->client) ? -1 : outage_begins(outage, err);
}

static void on_left(void *context, const struct kube_secret *secret, const struct error *reason)
{
	struct pass *pass = context;
	bool counts = pass->examination.keyless || pass->examination.mendable;

	if (pass->mode == PASS_CENSUS && !counts)
		log_write(LOG_DEBUG, "%s", reason->message);
	else
		summary_fail(pass->rotation->summary, secret->namespace, secret->name, reason);
}

static int has_version(
    void *context, struct keyset_key *key, int64_t version, bool *has, struct error *err)
{
	struct pass *pass = context;
	struct rotation *rotation = pass->rotation;

	if (keyset_has_version(key, version, pass->seen_ms, rotation->client, &rotation->vault,
		&rotation->settings->session, has, err) == 0)
		return 0;
	/* Vault can't be asked now: another pass, or the next run, will tell. */
	*has = true;
	return pass_wait_for(pass, &rotation->vault_outage, err);
}

void pass_fail_job(struct pass *pass, struct job *job, const struct error *reason)
{
	job->failed = true;
	summary_fail(pass->rotation->summary, job->change.namespace, job->change.name, reason);
}

void pass_let_go(struct pass *pass, struct job *job)
{
	pass->jobs--;
	pass->bytes -= job->bytes;
	if (job->in_hand_before)
		job->in_hand_before->in_hand_next = job->in_hand_next;
	else
		pass->in_hand = job->in_hand_next;
	if (job->in_hand_next)
		job->in_hand_next->in_hand_before = job->in_hand_before;
	job_free(job);
}

/* The job has ended: it is counted and gone. */
void pass_end_job(struct pass *pass, struct job *job, size_t *outcome)
{
	++*outcome;
	pass_let_go(pass, job);
}

void pass_end_job_well(struct pass *pass, struct job *job)
{
	struct rotate_summary *summary = pass->rotation->summary;

	pass_end_job(pass, job, job->failed ? &summary->failed : &summary->current);
}

static void take_job(struct pass *pass, struct job *job, unsigned rounds)
{
	pass->jobs++;
	pass->bytes += job->bytes;
	job->in_hand_next = pass->in_hand;
	if (pass->in_hand)
		pass->in_hand->in_hand_before = job;
	pass->in_hand = job;
	job->rounds = rounds;
	job->window = &pass->window;
	for (size_t i = 0; i < job->count; i++)
		batch_add(&pass->batch, &job->values[i]);
}

/* A pass that only looks says what is old, one line a Secret. */
static void tell_old(struct pass *pass, const struct job *job)
{
	const struct transit_key *key = &job->key->key;
	struct error reason = ERROR_INIT;

	if (pass->rotation->settings->dry_run && pass->mode == PASS_LOOK) {
		log_write(LOG_INFO,
		    "dry run: would rewrap Secret %s/%s: %zu value%s, the oldest on version %lld, "
		    "to version %lld of Transit key %s/%s",
		    job->change.namespace, job->change.name, job->count, job->count == 1 ? "" : "s",
		    (long long)pass->examination.oldest, (long long)job->key->wanted_version,
		    key->mount, key->name);
		return;
	}
	error_set(&reason, ERROR_REJECTED,
	    "Secret %s/%s: %zu of its values %s on an old version of Transit key %s/%s: %lld is "
	    "the oldest, and %lld is wanted",
	    job->change.namespace, job->change.name, job->count, job->count == 1 ? "is" : "are",
	    key->mount, key->name, (long long)pass->examination.oldest,
	    (long long)job->key->wanted_version);
	summary_fail(pass->rotation->summary, job->change.namespace, job->change.name, &reason);
}

static void note_keyless(struct rotation *rotation, const struct examination *examination)
{
	if (examination->keyless && examination->oldest > 0 &&
	    (rotation->oldest_keyless == 0 || examination->oldest < rotation->oldest_keyless))
		rotation->oldest_keyless = examination->oldest;
}

/* `rounds`: times that it came into a conflict before. */
int pass_examine(struct pass *pass, struct kube_secret *secret, unsigned rounds, struct error *err)
{
	struct rotate_summary *summary = pass->rotation->summary;
	struct examination *examination = &pass->examination;

	if (pass->mode == PASS_CENSUS && elsewhere_look_at_secret(pass->rotation, secret, err) < 0)
		return -1;
	examination->count = rounds == 0;
	enum examined examined = examine_secret(examination, secret, err);
	note_keyless(pass->rotation, examination);
	/* It is counted as it was: who has changed it may have brought it on. */
	if (rounds > 0 && examined != EXAMINED_OLD)
		pass->old++;
	switch (examined) {
	case EXAMINED_UNSEALED:
		summary->unsealed++;
		break;
	case EXAMINED_OTHER_KEY:
		summary->other_key++;
		break;
	case EXAMINED_CURRENT:
		if (pass->mode == PASS_GATHER)
			break; /* nobody knows yet */
		summary->current++;
		if (rounds == 0 && summary->passes == 1)
			summary->already_new++;
		break;
	case EXAMINED_FAILED:
		if (err->code != ERROR_NONE)
			return -1;
		summary->failed++;
		break;
	case EXAMINED_OLD:
		if (pass->mode == PASS_REWRAP) {
			take_job(pass, examination->job, rounds);
			break;
		}
		pass->old++;
		summary->old++;
		tell_old(pass, examination->job);
		job_free(examination->job);
		break;
	}
	return 0;
}

void pass_begin_examination(struct pass *pass)
{
	const struct rotation *rotation = pass->rotation;
	bool gather = pass->mode == PASS_GATHER;

	pass->examination = (struct examination){.keys = &pass->rotation->keys,
	    .transit_key = rotation->settings->transit_key,
	    .data_keys = &pass->selection->data_keys,
	    .add_keys = gather,
	    .has_version = gather ? NULL : has_version,
	    .left = on_left,
	    .context = pass};
}
