/*
 * files: bring sealed manifests in files, such as a Git checkout's, to the newest versions of their
 * Transit keys, where they stand.
 *
 * Only the ciphertext's text changes; each file is replaced whole or not at all
 * (lib/manifest/file.h), and one with nothing old is not touched.  Vault alone is asked.
 * Memory is bounded however many files there are and however large they are.
 */
#ifndef ROTATE_FILES_H
#define ROTATE_FILES_H

#include "lib/vault/session.h"
#include "lib/vault/transit.h"

enum rotate_files_phase {
	ROTATE_FILES_REWRAP, /* what is old */
	ROTATE_FILES_ROTATE, /* the keys that the files name; no file is changed */
	ROTATE_FILES_VERIFY, /* nothing is changed, and what is old is an error */
	ROTATE_FILES_ALL     /* rotate, then rewrap */
};

/* A Secret that holds something old; all borrowed. */
struct rotate_files_old {
	const char *file, *namespace, *name; /* namespace NULL: nobody names it */
	size_t line, values;		     /* where it begins; how many are old */
	int64_t oldest, newest;		     /* versions among those */
	int64_t latest;			     /* to which they would come */
};

struct rotate_files_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	/*
	 * Only this key, which is also that of Secrets whose annotation names none; NULL: each that
	 * an annotation names.
	 */
	const char *transit_key;
	const char *namespace; /* of manifests that name none; NULL or "": unknown */
	enum rotate_files_phase phase;
	int64_t min_age_ms; /* no rotation of a key whose newest version is younger; 0: always */
	bool dry_run;	    /* nothing is changed, neither keys nor files */
	/* Told of each Secret with something old by a dry run; not NULL then. */
	void (*tell_old)(void *context, const struct rotate_files_old *old);
	void *tell_context;
};

/* What a run did.  secrets = current + rewrapped + old + other_key + failed, unless it broke off.
 */
struct rotate_files_summary {
	size_t keys;	  /* rotated */
	size_t files;	  /* looked at */
	size_t changed;	  /* of them replaced */
	size_t secrets;	  /* sealed ones found */
	size_t current;	  /* of them on their key's newest version already */
	size_t rewrapped; /* of them brought to it */
	size_t old;	  /* of them that verify and a dry run leave on an old one */
	size_t other_key; /* of them sealed with a key that the run leaves alone */
	size_t failed;	  /* of them not done, each with its reasons in the log */
	size_t values;	  /* rewrapped */
	size_t outside;	  /* documents with old ciphertext outside sealed Secrets */
	size_t broken;	  /* documents and files that can't be read or replaced, as the log says */
};

/*
 * Do it for these files, and for what in these folders ends in .yaml, .yml or .json, but for hidden
 * folders in them.  Ciphertext outside Secrets, in .env and .properties files too, is only
 * reported. What can't be done stops nothing else.
 *
 * 0: every Secret found is on its key's newest version, or by a dry run can be.  -1: *err says what
 * stopped the run, or that something is left; *summary is filled in either case.
 */
int rotate_files(struct http_client *client, const struct rotate_files_settings *settings,
    char *const *paths, size_t count, struct rotate_files_summary *summary, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
