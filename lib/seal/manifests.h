/*
 * manifests: seal the Secrets in streams of manifests.
 *
 * In every v1 Secret with plaintext, the plaintext is sealed and label and annotations are set, as
 * seal() does for one Secret; stringData becomes data.  All other text keeps its bytes, including
 * Secrets that are sealed already.  A rule of the repository (rule_search.h) completes the settings
 * of each Secret.  The pipeline is lib/manifest/batch.h.
 */
#ifndef SEAL_MANIFESTS_H
#define SEAL_MANIFESTS_H

#include "lib/base/strings.h"
#include "lib/kube/kube.h"
#include "lib/seal/seal.h"

enum manifests_target { MANIFESTS_TO_API, MANIFESTS_TO_STDOUT, MANIFESTS_IN_PLACE };

/* The output of a run.  A callback that returns -1 with *err ends the run. */
struct manifests_sink {
	enum manifests_target target;
	/*
	 * MANIFESTS_TO_STDOUT: print a whole document; called in order.  `first`: it begins a file.
	 */
	int (*print)(
	    void *context, const char *bytes, size_t length, bool first, struct error *err);
	/* MANIFESTS_TO_API: report a Secret that was written, or would be written in a dry run. */
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
 * Seal the files one by one; "-" is standard input, except in place.  settings->name, type,
 * data_key and immutable must not be set, and adopt only for the API.  After an error, the files
 * before the failed file are complete, and *summary counts the finished work.  The time limit
 * restarts with each document read, each batch and each Secret written.
 */
int manifests_seal(struct seal_session *session, const struct seal_settings *settings,
    const struct strings *files, const struct manifests_sink *sink,
    struct manifests_summary *summary, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
