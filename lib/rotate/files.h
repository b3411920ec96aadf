/*
 * files: bring sealed Secrets in files, such as a Git checkout, to the newest versions of their
 * Transit keys.
 *
 * Only the text of ciphertexts changes.  Each file is replaced as a whole or not at all
 * (lib/manifest/file.h); a file with nothing old is not written.  Only Vault is called.  Memory is
 * bounded, whatever the number and the size of the files.
 */
#ifndef ROTATE_FILES_H
#define ROTATE_FILES_H

#include "lib/vault/session.h"
#include "lib/vault/transit.h"

enum rotate_files_phase {
	ROTATE_FILES_REWRAP, /* rewrap what is old */
	ROTATE_FILES_ROTATE, /* rotate the keys that the files name; change no file */
	ROTATE_FILES_VERIFY, /* change nothing; what is old is an error */
	ROTATE_FILES_ALL     /* rotate, then rewrap */
};

struct rotate_files_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	/*
	 * The only key to rewrap with, also for Secrets without an annotation.  NULL: every key
	 * that an annotation names.
	 */
	const char *transit_key;
	const char *namespace; /* of manifests without one; NULL or "": unknown */
	enum rotate_files_phase phase;
	int64_t min_age_ms; /* do not rotate a key whose newest version is younger; 0: always */
	bool dry_run;	    /* change neither keys nor files */
	/* Print a line about a Secret with old values; a dry run calls it, and then it is set. */
	void (*print_old)(const char *line);
};

/* Unless the run broke off, secrets = current + rewrapped + old + other_key + failed. */
struct rotate_files_summary {
	size_t keys;	  /* rotated */
	size_t files;	  /* examined */
	size_t changed;	  /* files that were replaced */
	size_t secrets;	  /* sealed Secrets */
	size_t current;	  /* Secrets on their key's newest version already */
	size_t rewrapped; /* Secrets brought to it */
	size_t old;	  /* Secrets that a verification or a dry run leaves on an old one */
	size_t other_key; /* Secrets of keys that --transit-key excludes */
	size_t failed;	  /* Secrets that were not rewrapped, as logged */
	size_t values;	  /* rewrapped */
	size_t outside;	  /* documents with old ciphertext outside sealed Secrets */
	size_t broken;	  /* documents and files that cannot be read or replaced, as logged */
};

/*
 * Process these files, and in these folders all files that end in .yaml, .yml or .json, without
 * hidden folders.  Ciphertext outside Secrets, also in .env and .properties files, is only
 * reported.  An error of a file or Secret does not stop the others.
 *
 * Return 0 if every Secret is on its key's newest version, or by a dry run could be; -1 if not, or
 * if the run broke off.  *summary is filled in either case.
 */
int rotate_files(struct http_client *client, const struct rotate_files_settings *settings,
    char *const *paths, size_t count, struct rotate_files_summary *summary, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
