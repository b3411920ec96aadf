/* examine: what in a Secret is sealed, with which key, and what of it is old. */
#ifndef ROTATE_EXAMINE_H
#define ROTATE_EXAMINE_H

#include "lib/rotate/job.h"
#include "lib/rotate/keyset.h"
#include "lib/rotate/secret_filter.h"

enum examined {
	EXAMINED_UNSEALED,  /* no ciphertext in it */
	EXAMINED_OTHER_KEY, /* of a key that the run leaves alone */
	EXAMINED_CURRENT,   /* all on the wanted version, or newer */
	EXAMINED_OLD,	    /* some on older ones: the job has them */
	EXAMINED_FAILED,    /* nothing of it can be brought on */
};

struct examination {
	struct keyset *keys;
	const char *transit_key;	 /* this one alone; NULL: what annotations name */
	const struct strings *data_keys; /* these alone; none: all */
	bool add_keys;			 /* what annotations name comes into the set */
	bool count;			 /* each value with its key, see keyset_count */
	/* Why something of it is left as it is; called for each such reason. */
	void (*left)(void *context, const struct kube_secret *secret, const struct error *reason);
	/* Is there such a version of the key?  See keyset_has_version.  NULL: nobody asks. */
	int (*has_version)(
	    void *context, struct keyset_key *key, int64_t version, bool *has, struct error *err);
	void *context;

	/* What became of the last Secret. */
	struct job *job;     /* EXAMINED_OLD: the caller's */
	int64_t oldest;	     /* the oldest version in it; 0: none */
	bool keyless;	     /* nobody knows of which key */
	bool mendable;	     /* a value has a newline too many: it is in use, once that is gone */
	bool left_something; /* `left` was called */
};

/*
 * The old values are moved out of *secret into the job.  A value without a known key is a reason to
 * leave the Secret: nobody could say what is old.  *err is set only when nothing can go on: no
 * memory, no answer from Vault.
 */
enum examined examine_secret(struct examination *examination, struct kube_secret *secret,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
