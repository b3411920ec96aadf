/*
 * manifests: seal the Secrets in streams of manifests.
 *
 * Every v1 Secret that holds plaintext gets it sealed, with label and annotations, as seal() does
 * for one Secret; stringData becomes data.  All else keeps its bytes, and so does a Secret whose
 * values are all sealed already.  The pipeline is lib/manifest/batch.h's.
 */
#ifndef SEAL_MANIFESTS_H
#define SEAL_MANIFESTS_H

#include "lib/base/strings.h"
#include "lib/kube/kube.h"
#include "lib/seal/seal.h"

enum manifests_target { MANIFESTS_TO_API, MANIFESTS_TO_STDOUT, MANIFESTS_IN_PLACE };

/* Where the sealed Secrets go.  A callback that returns -1 with *err ends the run. */
struct manifests_sink {
	enum manifests_target target;
	/* MANIFESTS_TO_STDOUT: print whole documents, in order; `first`: they begin a file. */
	int (*print)(
	    void *context, const char *bytes, size_t length, bool first, struct error *err);
	/* MANIFESTS_TO_API: report a Secret that was written or, in a dry run, would be. */
	int (*written)(void *context, const struct kube_secret *secret, enum seal_change change,
	    struct error *err);
	void *context;
};

struct manifests_summary {
	size_t sealed;	  /* Secrets that had plaintext */
	size_t untouched; /* Secrets that were sealed already, or are empty */
	size_t others;	  /* documents without a Secret; empty documents do not count */
	size_t written;	  /* Secrets written to the API */
};

/*
 * Seal the files one after the other; "-" is standard input, except in place.  Of the settings,
 * name, type, data_key and immutable must not be set, and adopt only for the API.  After an error
 * the files before the failed one are done, and *summary has what was.  The time limit restarts
 * with each document that is read, each batch and each Secret that is written.
 */
int manifests_seal(struct seal_session *session, const struct seal_settings *settings,
    const struct strings *files, const struct manifests_sink *sink,
    struct manifests_summary *summary, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
