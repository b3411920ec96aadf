/*
 * pass: go once over the Secrets of a selection; look at them, or bring them to their newest
 * versions.
 *
 *   pages of a list -> old values -> batches for Vault -> PATCHes -> done
 *                          ^                                |
 *                          '------- read again <- conflict -'
 *
 * All of it goes on at the same time on one http_client, in one loop of events: the next page comes
 * while the last one's Secrets are rewrapped and PATCHed.  What is in hand at once is bounded in
 * bytes, and pages wait for it.
 */
#ifndef ROTATE_PASS_H
#define ROTATE_PASS_H

#include "lib/rotate/rotation.h"
#include "lib/rotate/secret_filter.h"

/* Ciphertext in hand above which no further page is asked for. */
#define PASS_BYTES_MAX ((size_t)1024 * 1024)
/* The same in Secrets, which take memory beside their values. */
#define PASS_JOBS_MAX 1000
/* Values a request to Vault should have while there are more to come. */
#define PASS_BATCH_VALUES 500
/* Times that a Secret which somebody else keeps changing is read again. */
#define PASS_ROUNDS_MAX 5u
/* Times that the API server may fail about one Secret while it answers about others. */
#define PASS_PUT_OFF_MAX 3u

enum pass_mode {
	PASS_GATHER, /* find the keys that annotations name */
	PASS_LOOK,   /* count the values by their versions, and say what is old */
	PASS_CENSUS, /* the same, without regard to what can't be brought on anyway */
	PASS_REWRAP, /* bring what is old to the newest versions */
};

/*
 * Go over them, counting in rotation->summary and in the keys.  What can't be done is logged once a
 * Secret, and stops no other.  *old becomes the number of Secrets in which something old was found
 * (PASS_LOOK), or which was brought on or changed by somebody else (PASS_REWRAP).  -1: the pass
 * could not be ended: a server refuses us, a signal, the time limit.
 */
int pass_run(struct rotation *rotation, const struct secret_filter *selection, enum pass_mode mode,
    size_t *old, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
