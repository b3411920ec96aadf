/*
 * pass_parts: what the files of a pass share; for lib/rotate/pass*.c only.
 *
 *   pass.c          the loop of events
 *   pass_list.c     pages
 *   pass_secret.c   one Secret: looked at, taken in hand as a job, counted
 *   pass_rewrap.c   batches
 *   pass_store.c    PATCHes, conflicts, replacements
 */
#ifndef ROTATE_PASS_PARTS_H
#define ROTATE_PASS_PARTS_H

#include "lib/rotate/batch.h"
#include "lib/rotate/examine.h"
#include "lib/rotate/listing.h"
#include "lib/rotate/pass.h"
#include "lib/rotate/window.h"

struct pass {
	struct rotation *rotation;
	const struct secret_filter *selection;
	enum pass_mode mode;
	struct examination examination;
	struct listing listing;
	struct batch batch;
	struct window window;
	struct job_queue storings, readings; /* jobs that wait for the API server */
	struct job *in_hand;		     /* all jobs */
	size_t jobs, bytes;		     /* their number, and the ciphertext in them */
	bool anew;			     /* the list begins anew, once all in hand is done */
	int64_t seen_ms;		     /* when the Secrets under examination were read */
	int64_t batch_token_ms; /* until when the token lives with which the batch was sent */
	size_t old;		/* see pass_run */
};

/* A server has not answered: 0 when it will be waited for, -1 when *err ends the pass. */
int pass_wait_for(const struct pass *pass, struct outage *outage, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- pass_list.c: start a page when one is wanted; take what has come ------------------------- */

/* There are more, and room for them. */
bool pass_wants_page(const struct pass *pass) __attribute__((nonnull));
int pass_start_listing(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int pass_end_listing(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- pass_secret.c ---------------------------------------------------------------------------- */

void pass_begin_examination(struct pass *pass) __attribute__((nonnull));
/*
 * Look at a Secret and count it, or take it in hand: then it is counted when its job ends.
 * `rounds`: times that it came into a conflict before.
 */
int pass_examine(struct pass *pass, struct kube_secret *secret, unsigned rounds, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Some of it is left as it is, for this reason. */
void pass_fail_job(struct pass *pass, struct job *job, const struct error *reason)
    __attribute__((nonnull));
/* The job has ended: *outcome, of the summary, counts it, and it is freed. */
void pass_end_job(struct pass *pass, struct job *job, size_t *outcome) __attribute__((nonnull));
/* The same, as current or as failed. */
void pass_end_job_well(struct pass *pass, struct job *job) __attribute__((nonnull));
/* The same, uncounted. */
void pass_let_go(struct pass *pass, struct job *job) __attribute__((nonnull));

/* -- pass_rewrap.c ---------------------------------------------------------------------------- */

int pass_start_batch(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int pass_end_batch(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* -- pass_store.c ----------------------------------------------------------------------------- */

/* Start what the window has room for. */
int pass_start_jobs(struct pass *pass, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* A job's request has ended. */
int pass_end_request(struct pass *pass, struct job *job, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Its PATCH is stored. */
int pass_count_patch(struct pass *pass, const struct job *job, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
