/*
 * files_internal: what the files_*.c of this folder share about a run of secret-rotate --files.
 *
 * The run is a job of lib/manifest/batch.h.  From top to bottom: files.c runs the phases,
 * files_secret.c examines the Secrets of a document, files_rewrap.c rewraps old values and settles
 * documents, files_outside.c finds ciphertext that is not in a sealed Secret, and files_run.c
 * reports errors and knows the keys.
 */
#ifndef ROTATE_FILES_INTERNAL_H
#define ROTATE_FILES_INTERNAL_H

#include <stdbool.h>

#include "lib/manifest/batch.h"
#include "lib/rotate/files.h"
#include "lib/rotate/keyset.h"
#include "lib/sealed/sealed.h"

enum files_pass {
	FILES_GATHER, /* only find the Transit keys */
	FILES_REPORT, /* report what is old */
	FILES_REWRAP  /* rewrap what is old */
};

struct files_run {
	struct http_client *client;
	const struct rotate_files_settings *settings;
	struct rotate_files_summary *summary;
	struct vault vault;
	struct transit_key only; /* --transit-key; name NULL: any key */
	struct keyset keys;	 /* wanted_version 0: Vault was not asked yet */
	enum files_pass pass;
	struct manifest_batch batch; /* of the pass */
	bool silent;		     /* another pass reports the errors */
	struct files_outside *outside, *outside_last;
	size_t outside_count;
};

/* A Secret of a document. */
struct files_secret {
	const struct manifest_secret *found;
	const char *namespace, *name; /* borrowed, for KUBE_NAMED; namespace NULL: unknown */
	bool counts;		      /* it is sealed, with a key of this run */
	bool failed;		      /* an error was reported: some of it stays as it is */
	struct keyset_key *key;
	enum sealed_scope scope;
	size_t old;		   /* values on an old version */
	int64_t oldest, newest;	   /* versions of these */
	size_t bytes;		   /* of all values, after rewrapping */
	struct kube_secret change; /* rewrapped values */
};

/* An old value to rewrap. */
struct files_value {
	const struct manifest_document *document;
	struct files_secret *secret;
	const struct kube_entry *entry;
	char *context; /* base64; NULL: not bound */
	bool taken;    /* it is in a request, or was */
};

/* The state of a manifest_document. */
struct files_state {
	struct files_secret *secrets; /* one for each of the manifest's */
	struct files_value *values;   /* document->values of them */
};

/*
 * files_run.c: what all of them use.
 */
/* ERROR_INTERRUPTED after a signal, ERROR_NETWORK after the time limit. */
int files_check_time(const struct files_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return the run's key of this name, with its newest version unless it is `failed`.  NULL: *err. */
struct keyset_key *files_find_key(struct files_run *run, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return whether a Secret has our label or holds ciphertext. */
bool files_is_sealed(const struct kube_secret *object) __attribute__((nonnull));
/* Log an error of a document or file, and count it. */
void files_report(struct files_run *run, const struct error *reason) __attribute__((nonnull));
/* Log an error of a Secret or (entry not NULL) of one of its values, which stays as it is. */
void files_report_secret(const struct files_run *run, const struct manifest_document *document,
    struct files_secret *secret, const struct kube_entry *entry, struct error *reason)
    __attribute__((nonnull(1, 2, 3, 5)));
/* Log why text without ciphertext was not checked: a warning if it may be a Secret. */
void files_report_unchecked(const struct files_run *run, const struct error *reason,
    bool may_be_secret) __attribute__((nonnull));
/* Report that a file cannot be read from `offset` on (fd -1: not opened).  -1: interrupted. */
int files_report_unread(struct files_run *run, int fd, off_t offset, const struct error *reason)
    __attribute__((nonnull, warn_unused_result));
/* The job's `fail`. */
int files_fail(void *context, const struct manifest_file *file,
    const struct manifest_document *document, struct error *err)
    __attribute__((nonnull(1, 4), warn_unused_result));

/* files_secret.c: the job's `examine` and `release`. */
int files_examine(void *context, struct manifest_document *document, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void files_release(struct manifest_document *document) __attribute__((nonnull));

/* files_rewrap.c: the job's `transform` and `settle`. */
int files_transform(void *context, struct manifest_document *first, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int files_settle(void *context, struct manifest_document *document, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * files_outside.c: old ciphertext that is not a value of a sealed Secret (ConfigMaps, pod
 * templates, Helm values, kustomize generators, .env files).  It is reported, never rewrapped.
 */
/* Return whether a path is that of an environment file, as kustomize's generators read them. */
bool files_is_environment(const char *path) __attribute__((nonnull));
/* Note the ciphertext of a document outside its sealed Secrets. */
int files_note_document(struct files_run *run, const struct manifest_document *document,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Note the ciphertext of a file that is not a manifest. */
int files_note_text(struct files_run *run, const char *file, const struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Report what was noted and is old, once the keys are known.  The key is the one that the document
 * names in a line "secretmanager/transit-key: KEY" (an annotation or a comment), or --transit-key;
 * without either the ciphertext must be as new as the newest key of the run.  -1: no answer from
 * Vault.
 */
int files_report_outside(struct files_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void files_free_outside(struct files_run *run) __attribute__((nonnull));

#endif
