/*
 * files_internal: shared by the files_*.c of this folder, for a run of secret-rotate --files.
 *
 * The run is a job of lib/manifest/batch.h.  From top to bottom: files.c runs the phases,
 * files_secret.c examines the Secrets of a document, files_rewrap.c rewraps old values and creates
 * the new text, files_outside.c finds ciphertext outside sealed Secrets, and files_run.c reports
 * errors and finds keys.
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
	FILES_REPORT, /* report old values */
	FILES_REWRAP  /* rewrap old values */
};

struct files_run {
	struct http_client *client;
	const struct rotate_files_settings *settings;
	struct rotate_files_summary *summary;
	struct vault vault;
	struct transit_key only; /* --transit-key; name NULL: all keys */
	struct keyset keys;	 /* wanted_version 0: not yet read from Vault */
	enum files_pass pass;
	struct manifest_batch batch; /* of the current pass */
	bool silent;		     /* do not report errors, because another pass does */
	struct files_outside *outside, *outside_last;
	size_t outside_count;
};

/* A Secret of a document. */
struct files_secret {
	const struct manifest_secret *found;
	const char *namespace, *name; /* borrowed, for KUBE_NAMED; namespace NULL: unknown */
	bool counts;		      /* it is sealed with a key of this run */
	bool failed;		      /* an error was reported: some values stay unchanged */
	struct keyset_key *key;
	enum sealed_scope scope;
	size_t old;		   /* values on an old version */
	int64_t oldest, newest;	   /* the range of their versions */
	size_t bytes;		   /* of all values, after rewrapping */
	struct kube_secret change; /* rewrapped values */
};

/* An old value to rewrap. */
struct files_value {
	const struct manifest_document *document;
	struct files_secret *secret;
	const struct kube_entry *entry;
	char *context; /* base64; NULL: not bound */
	bool taken;    /* already added to a request */
};

/* The state of a manifest_document. */
struct files_state {
	struct files_secret *secrets; /* one for each Secret of the manifest */
	struct files_value *values;   /* the values to rewrap; document->values is their number */
};

/* -- files_run.c ------------------------------------------------------------------------------ */
/* Check for signals (ERROR_INTERRUPTED) and the time limit (ERROR_NETWORK). */
int files_check_time(const struct files_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Return the run's key with this name.  Add it and, except in FILES_GATHER, read its newest version
 * from Vault; if that fails, log it and set `failed`.  Return NULL on error, such as no answer from
 * Vault.
 */
struct keyset_key *files_find_key(struct files_run *run, const char *name, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return whether the run changes nothing, and old values are errors. */
bool files_is_verification(const struct files_run *run) __attribute__((nonnull));
/* Return whether a Secret has our label or holds ciphertext. */
bool files_is_sealed(const struct kube_secret *object) __attribute__((nonnull));
/* Log an error of a document or file, and count it as broken. */
void files_report(struct files_run *run, const struct error *reason) __attribute__((nonnull));
/*
 * Log an error of a Secret, or of one of its values if `entry` is not NULL, and set secret->failed.
 */
void files_report_secret(const struct files_run *run, const struct manifest_document *document,
    struct files_secret *secret, const struct kube_entry *entry, struct error *reason)
    __attribute__((nonnull(1, 2, 3, 5)));
/* Log why text without ciphertext was not checked.  If it may be a Secret, a verification warns. */
void files_report_unchecked(const struct files_run *run, const struct error *reason,
    bool may_be_secret) __attribute__((nonnull));
/*
 * Report that a file cannot be read from `offset` on; fd is -1 if it was not opened.  Return -1 if
 * the reason is an interruption.
 */
int files_report_unread(struct files_run *run, int fd, off_t offset, const struct error *reason)
    __attribute__((nonnull, warn_unused_result));
/* The job's `fail` callback. */
int files_fail(void *context, const struct manifest_file *file,
    const struct manifest_document *document, struct error *err)
    __attribute__((nonnull(1, 4), warn_unused_result));

/* files_secret.c: the job's `examine` and `release` callbacks. */
int files_examine(void *context, struct manifest_document *document, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void files_release(struct manifest_document *document) __attribute__((nonnull));

/* files_rewrap.c: the job's `transform` and `settle` callbacks. */
int files_transform(void *context, struct manifest_document *first, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int files_settle(void *context, struct manifest_document *document, struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * files_outside.c: old ciphertext outside the values of sealed Secrets (ConfigMaps, pod templates,
 * Helm values, kustomize generators, .env files).  It is reported but never rewrapped.
 */
/* Return whether the path is an environment file, as used by kustomize's generators. */
bool files_is_environment(const char *path) __attribute__((nonnull));
/* Note the ciphertext of a document outside its sealed Secrets. */
int files_note_document(struct files_run *run, const struct manifest_document *document,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Note the ciphertext of a file that is not a manifest. */
int files_note_text(struct files_run *run, const char *file, const struct secret_buffer *text,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Report the noted ciphertext that is old, after the keys are known.  Its key is the key that a
 * line "secretmanager/transit-key: KEY" (an annotation or a comment) of the document names, or
 * --transit-key.  Without either, the ciphertext must be as new as the newest version of any key in
 * the run.  Return -1 if Vault does not answer.
 */
int files_report_outside(struct files_run *run, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void files_free_outside(struct files_run *run) __attribute__((nonnull));

#endif
