/*
 * files_document: a document of a manifest file: what in it is sealed, and what of that is old; for
 * the files_* of this folder and files.c only.
 */
#ifndef ROTATE_FILES_DOCUMENT_H
#define ROTATE_FILES_DOCUMENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/manifest/manifest.h"
#include "lib/rotate/files.h"
#include "lib/rotate/keyset.h"
#include "lib/sealed/sealed.h"

/* What is to be found out, and what becomes of it. */
enum files_pass {
	FILES_GATHER, /* only which keys there are */
	FILES_TELL,   /* what is old is told */
	FILES_REWRAP  /* what is old is to be rewrapped */
};

/* What all steps of a run share. */
struct files_run {
	struct http_client *client;
	const struct rotate_files_settings *settings;
	struct rotate_files_summary *summary;
	struct vault vault;
	struct transit_key only; /* --transit-key; name NULL: any */
	struct keyset keys;	 /* those found; latest_version 0: Vault was not asked yet */
	enum files_pass pass;
	bool silent;				      /* another pass reports the errors */
	struct files_outside *outside, *outside_last; /* see files_outside.h */
	size_t outside_count;
};

struct files_secret {
	const struct manifest_secret *found;
	const char *namespace;	/* borrowed; NULL: nobody names it */
	bool counts;		/* it is sealed, with a key that is ours to deal with */
	bool failed;		/* something of it stays as it is, which has been told */
	struct keyset_key *key; /* of the run's; of one that counts */
	enum sealed_scope scope;
	size_t old;		   /* values */
	int64_t oldest, newest;	   /* their versions */
	size_t bytes;		   /* of all its values, as they are to be */
	struct kube_secret change; /* values that were rewrapped */
};

/* An old value that is to be rewrapped. */
struct files_value {
	struct files_document *document;
	struct files_secret *secret;
	size_t entry;  /* of the Secret's data */
	char *context; /* NULL: it is not bound */
	size_t order;  /* among those that wait together */
};

struct files_document {
	struct manifest manifest;
	off_t offset;		      /* in its file */
	struct files_secret *secrets; /* one for each of the manifest's */
	struct files_value *values;
	size_t count, capacity; /* of those */
	struct files_document *next;
};

/*
 * Read a document, whose text is taken over, and look at its Secrets as the run's pass has it.
 * What can't be read or done is told and counted.  -1: the run can't go on.
 */
int files_document_read(struct files_run *run, struct files_document *document,
    struct secret_buffer *text, size_t line, const char *file, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void files_document_free(struct files_document *document) __attribute__((nonnull));

/* Tell what is wrong with a document or file, and count it. */
void files_complain(struct files_run *run, const struct error *reason) __attribute__((nonnull));
/*
 * Tell what is wrong with a Secret, or with one of its values (entry NULL: the Secret), which stays
 * as it is.
 */
void files_complain_secret(const struct files_run *run, const struct files_document *document,
    struct files_secret *secret, const struct kube_entry *entry, struct error *reason)
    __attribute__((nonnull(1, 2, 3, 5)));

/* Return true when the Secret is ours to look at: it has our label or holds ciphertext. */
bool files_is_sealed(const struct kube_secret *object) __attribute__((nonnull));
/* Return the run's key of this name with its newest version, unless it is `failed`.  NULL: *err. */
struct keyset_key *files_know_key(struct files_run *run, const char *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* These bytes could hold ciphertext, in data or in stringData. */
bool files_hold_ciphertext(const char *bytes, size_t length) __attribute__((nonnull));
/* The longest text that files_hold_ciphertext looks for. */
#define FILES_MARK_MAX 8

/* ERROR_INTERRUPTED after a signal, ERROR_NETWORK when the run's time is over. */
int files_check_time(const struct files_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
