/*
 * batch: old values that wait for Vault, and the one request that is under way for some of them.
 *
 * Vault takes values of one key, and either all with a context or none; those of another kind wait
 * for the next request.  One that is too large for the server is split (transit_split).  Where
 * Vault refuses a request for another reason, its values are asked for again in halves, until the
 * refused one is alone: it never stops the others.
 */
#ifndef ROTATE_BATCH_H
#define ROTATE_BATCH_H

#include "lib/rotate/job.h"

/* For the memory's sake, beside the limits of transit_fits; the answer takes the same again. */
#define BATCH_VALUES_MAX 2000
#define BATCH_BYTES_MAX ((size_t)1536 * 1024)

struct batch {
	struct old_value *first, *last; /* waiting, oldest first */
	size_t waiting, waiting_bytes;

	/* The request under way. */
	bool running;
	struct keyset_key *key;
	struct old_value **values;
	struct transit_item *items;
	size_t count;
	struct transit_fill fill;
	struct http_exchange exchange;
};

void batch_add(struct batch *batch, struct old_value *value) __attribute__((nonnull));
/* Values wait: choose those of the oldest one's kind for the next request, and prepare the
 * exchange.
 */
int batch_request(struct batch *batch, struct vault *vault, struct error *err)
    __attribute__((nonnull, warn_unused_result));

enum batch_result {
	BATCH_FAILED = -1, /* no values were answered: *err; they are still the batch's */
	BATCH_ANSWERED,	   /* look at each of batch->items */
	BATCH_HALVED,	   /* refused as a whole: they wait again, in smaller company */
};
/* Read the answer. */
enum batch_result batch_result(struct batch *batch, struct vault *vault, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* After BATCH_FAILED: let the values wait again. */
void batch_put_back(struct batch *batch) __attribute__((nonnull));
/* The request is done with. */
void batch_clear(struct batch *batch) __attribute__((nonnull));

#endif
