/*
 * manifests: seal the Secrets in streams of manifests.
 *
 * Every v1 Secret that holds plaintext gets it sealed, with label and annotations, as seal() does
 * for one; stringData becomes data.  All else goes through to the byte, and so does a Secret whose
 * every value is sealed already.  The values of many Secrets go in one request, up to Transit's
 * limits, and memory is bounded by these, however long the stream is.
 */
#ifndef SEAL_MANIFESTS_H
#define SEAL_MANIFESTS_H

#include "lib/seal/seal.h"

/* What becomes of a stream; each may be NULL.  0, or -1 with *err, which ends the run. */
struct manifests_sink {
	/* Its text, in pieces of whole documents, in order. */
	int (*text)(void *context, const void *bytes, size_t length, struct error *err);
	/* A Secret that was created or changed in the API, or would be. */
	int (*written)(void *context, const struct kube_secret *secret, enum seal_change change,
	    struct error *err);
	void *context;
};

struct manifests_summary {
	size_t sealed;	  /* Secrets that were changed in the text */
	size_t untouched; /* Secrets that were sealed already, or are empty */
	size_t others;	  /* documents without a Secret; empty ones don't count */
	size_t written;	  /* Secrets that the sink was told of */
};

/*
 * Seal what is read from `fd`, called `file` in messages, which also give line and column.  Of the
 * settings, name, type, data_key and immutable must not be set, and adopt only with a sink for
 * Secrets.  `summary` is added to, and progress_update told of it.  With a sink for Secrets, they
 * are also written to the API, one after the other; else it is not asked.  After an error, what the
 * sink got is whole documents, and the summary says how far it came.  Each batch that is sealed,
 * and each Secret that is written, is a step of the servers'.
 */
int manifests_seal(struct seal_session *session, const struct seal_settings *settings, int fd,
    const char *file, const struct manifests_sink *sink, struct manifests_summary *summary,
    struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
