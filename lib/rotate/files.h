/*
 * files: rewrap sealed Secrets in files, such as a Git checkout, to the newest versions of their
 * Transit keys.
 *
 * Only the text of ciphertexts changes.  Each file is replaced completely or not at all
 * (lib/manifest/file.h), and a file without old ciphertext is not written.  Only Vault is
 * contacted.  Memory is bounded for any number and size of files.
 */
#ifndef ROTATE_FILES_H
#define ROTATE_FILES_H

#include "lib/vault/session.h"
#include "lib/vault/transit.h"

enum rotate_files_phase {
	ROTATE_FILES_REWRAP, /* rewrap old values */
	ROTATE_FILES_ROTATE, /* rotate the keys that the files name; change no file */
	ROTATE_FILES_VERIFY, /* change nothing; old values are errors */
	ROTATE_FILES_ALL     /* rotate, then rewrap */
};

struct rotate_files_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	/*
	 * The only key to rewrap with, also for Secrets without an annotation.  NULL: all keys that
	 * annotations name.
	 */
	const char *transit_key;
	const char *namespace; /* default namespace of manifests; NULL or "": unknown */
	enum rotate_files_phase phase;
	int64_t min_age_ms; /* do not rotate a key whose newest version is younger; 0: always */
	bool dry_run;	    /* change neither keys nor files */
	/* Print a line about a Secret with old values.  Must be set for a dry run. */
	void (*print_old)(const char *line);
};

/* If the run was not aborted, secrets = current + rewrapped + old + other_key + failed. */
struct rotate_files_summary {
	size_t keys;	  /* rotated */
	size_t files;	  /* examined */
	size_t changed;	  /* files that were replaced */
	size_t secrets;	  /* sealed Secrets */
	size_t current;	  /* Secrets that were already on the newest version of their key */
	size_t rewrapped; /* Secrets that were rewrapped to it */
	size_t old;	  /* Secrets with old values in a verification or a dry run */
	size_t other_key; /* Secrets with a key that --transit-key excludes */
	size_t failed;	  /* Secrets that could not be rewrapped; see the log */
	size_t values;	  /* values that were rewrapped */
	size_t plaintext; /* Secrets without ciphertext that have plaintext, in a verification */
	size_t outside;	  /* documents with old ciphertext outside sealed Secrets */
	size_t broken;	  /* documents and files that cannot be read or replaced; see the log */
};

/*
 * Process these files, and all .yaml, .yml and .json files in these folders, except in hidden
 * folders.  Ciphertext outside Secrets, also in .env and .properties files, is only reported.  An
 * error in a file or Secret does not stop the run.
 *
 * Return 0 if every Secret is on the newest version of its key or, in a dry run, could be.  Return
 * -1 if not, or if the run was aborted.  *summary is filled in either case.
 */
int rotate_files(struct http_client *client, const struct rotate_files_settings *settings,
    char *const *paths, size_t count, struct rotate_files_summary *summary, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
