/*
 * internal: the steps of sealing, for the files of this folder.
 *
 * A task is one run over one Secret.  Its steps, in the order of the table in seal.c, are
 * resolve (which Secret, layout, Transit key, scope), plan (which values), encrypt and commit.
 */
#ifndef SEAL_INTERNAL_H
#define SEAL_INTERNAL_H

#include "lib/seal/seal.h"
#include "lib/sealed/sealed.h"

enum seal_task_kind {
	SEAL_TASK_API = 1 << 0,	     /* make changes to a Secret of the Kubernetes API */
	SEAL_TASK_FILE = 1 << 1,     /* make changes to a Secret in a manifest */
	SEAL_TASK_MANIFEST = 1 << 2, /* seal all plaintext of a Secret in a manifest */
	SEAL_TASK_APPLY = 1 << 3,    /* write such a sealed Secret to the API */
};
#define SEAL_TASK_TEXT (SEAL_TASK_FILE | SEAL_TASK_MANIFEST)

struct seal_task {
	enum seal_task_kind kind;
	const struct seal_settings *settings;
	struct seal_session *session;
	const struct seal_changes *changes; /* borrowed; NULL: none */
	char *name;			    /* of the Secret that is written */
	const char *namespace;		    /* NULL: not known; borrowed */

	/* SEAL_TASK_APPLY: the manifest's task, encrypted, and the resourceVersion that the
	   manifest has, or NULL. */
	const struct seal_task *manifest;
	const char *manifest_version;

	/* The existing Secret. */
	struct kube_secret existing; /* SEAL_TASK_TEXT: borrows all but name and namespace */
	bool exists;

	/* How it is sealed. */
	bool document;
	const char *data_key; /* of the document; borrowed */
	struct transit_key key;
	struct transit_key_state state; /* latest_version is 0 until it is read */
	bool key_missing; /* created before the first encryption; `state` is its future one */
	struct resolve_known_key *
	    *keys; /* states that were read before, see resolve.c; NULL: none */
	enum sealed_scope scope;
	/* Key or scope come only from annotations: use them for new values only if all existing
	   ciphertext decrypts with them. */
	bool from_annotations;
	bool conflict; /* another process wrote the Secret first */

	/* The result: plaintexts by data key, and the change that gets their ciphertexts. */
	struct variables values;
	struct kube_secret change;
	struct seal_outcome *outcome; /* SEAL_TASK_API, SEAL_TASK_APPLY; borrowed */
};

/*
 * seal.c: the order of the steps.
 */

/*
 * Run the steps of the task's kind.  SEAL_TASK_TEXT ends before the text is changed, and
 * SEAL_TASK_MANIFEST before encryption, which is done for many of them by encrypt_tasks.
 */
int seal_task_run(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Take a manifest's Secret, borrowed, as the existing one.  Its namespace is the manifest's, else
 * the session's.
 */
int seal_task_begin_manifest(struct seal_task *task, const struct kube_secret *object,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Write the Secret of a manifest, encrypted by `manifest`, to the API, as seal() would: what the
 * existing Secret has and the manifest does not is kept.  `version`: see manifest_version.
 */
int seal_task_apply(const struct seal_task *manifest, const struct seal_settings *settings,
    const char *version, struct seal_outcome *outcome, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
void seal_task_free(struct seal_task *task) __attribute__((nonnull));

/*
 * resolve.c: which Secret, which layout, which Transit key and which scope.
 */

int resolve_name(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Read the Secret from the API, and reject one that must not be changed. */
int resolve_existing(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* ERROR_USAGE: the existing values have another layout than the settings. */
int resolve_layout(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int resolve_key(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Read the key's state, and find the scope. */
int resolve_scope(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Create the missing Transit key. */
int resolve_create_key(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Free the list of key states of one run. */
void resolve_free_keys(struct resolve_known_key **keys) __attribute__((nonnull));

/*
 * plan.c: from changes to values by data key, and to what is removed of the existing Secret.
 */

int plan_check(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int plan_values(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Add the existing plaintexts that are not replaced; of the API's Secret only with --adopt. */
int plan_plaintext(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * changes.c
 */

/* Reject an invalid --rename, and a name in two changes. */
int changes_check(const struct seal_changes *changes, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return the new name of `name`, borrowed, or NULL. */
const char *changes_new_name(const struct seal_changes *changes, const char *name)
    __attribute__((nonnull));
/*
 * Append the changed document; `text` NULL: a new document.  Members that do not change keep their
 * place and spelling.  `what` is the document's name in messages.
 */
int changes_apply(const struct seal_changes *changes, const struct secret_buffer *text,
    const char *what, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull(1, 3, 4, 5), warn_unused_result));

/*
 * encrypt.c
 */

/*
 * Encrypt the values of all tasks into their changes, with as few requests as keys and limits
 * allow.  New ciphertext and the existing ciphertext that stays is decrypted for verification.
 * After an error *failed is the task it is about, or NULL.
 */
int encrypt_tasks(struct seal_task *const *tasks, size_t count, struct seal_task **failed,
    struct error *err) __attribute__((nonnull, warn_unused_result));
int encrypt_values(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Decrypt one data value of the existing Secret. */
int encrypt_reverse(struct seal_task *task, const struct kube_entry *entry,
    struct secret_buffer *plaintext, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * metadata.c: type, labels and annotations.
 */

/* Check the options --type, --label and --annotation. */
int metadata_check_options(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Check the Secret's type, and that the planned Secret has the data keys that the type needs. */
int metadata_check_type(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Add type, labels and annotations to the change; remove annotations that became false. */
int metadata_set(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * apply.c: SEAL_TASK_APPLY
 */

/* Make the change from the whole Secret of the manifest. */
int apply_manifest(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Log data keys that the manifest does not have. */
int apply_warn(const struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * commit.c
 */

/* Write the change to the API, or make the manifest of it with --dry-run=client. */
int commit(struct seal_task *task, struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Return whether to run the steps again after a conflict; then *err is cleared after a short random
 * wait.  `tries` counts the runs so far.
 */
bool commit_try_again(const struct seal_task *task, int tries, struct error *err)
    __attribute__((nonnull));

/*
 * Items for transit_batch.
 */

/* Fill the item's input (borrowed) and, if values are bound, its context (newly allocated). */
int encrypt_item_fill(struct transit_item *item, const struct secret_buffer *input,
    enum sealed_scope scope, const char *namespace, const char *name, const char *data_key,
    struct error *err) __attribute__((nonnull(1, 2, 5, 6, 7), warn_unused_result));
void encrypt_items_free(struct transit_item *items, size_t count);

#endif
