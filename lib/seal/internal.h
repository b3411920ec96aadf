/*
 * internal: the steps of sealing, used only in this folder.
 *
 * A task is one run over one Secret.  Its steps, in the order of the table in seal.c, are resolve
 * (which Secret, layout, Transit key, scope), plan (which values), encrypt and commit.
 */
#ifndef SEAL_INTERNAL_H
#define SEAL_INTERNAL_H

#include "lib/seal/seal.h"
#include "lib/sealed/sealed.h"

enum seal_task_kind {
	SEAL_TASK_API = 1 << 0,	     /* make changes to a Secret of the Kubernetes API */
	SEAL_TASK_FILE = 1 << 1,     /* make changes to a Secret in a manifest */
	SEAL_TASK_MANIFEST = 1 << 2, /* seal all plaintext of a Secret in a manifest */
	SEAL_TASK_APPLY = 1 << 3,    /* write a Secret of SEAL_TASK_MANIFEST to the API */
};
#define SEAL_TASK_TEXT (SEAL_TASK_FILE | SEAL_TASK_MANIFEST)

struct seal_task {
	enum seal_task_kind kind;
	const struct seal_settings *settings;
	struct seal_session *session;
	const struct seal_changes *changes; /* borrowed; NULL: none */
	char *name;			    /* of the Secret to write */
	const char *namespace;		    /* NULL: not known; borrowed */

	/* SEAL_TASK_APPLY: the encrypted task of the manifest, and its resourceVersion or NULL. */
	const struct seal_task *manifest;
	const char *manifest_version;

	/* The existing Secret. */
	struct kube_secret existing; /* SEAL_TASK_TEXT: borrowed except name and namespace */
	bool exists;

	/* Layout, key and scope. */
	bool document;
	const char *data_key; /* of the document; borrowed */
	struct transit_key key;
	struct transit_key_state state;	 /* latest_version is 0 until read */
	bool key_missing;		 /* to be created; `state` is its expected state */
	struct resolve_known_key **keys; /* key states read before (resolve.c); NULL: none */
	enum sealed_scope scope;
	/*
	 * The key or the scope is only from annotations.  Use it for new values only if all
	 * existing ciphertext decrypts with it.
	 */
	bool from_annotations;
	bool conflict; /* another process wrote the Secret first */
	bool written;  /* the API server accepted the change */

	/* The result: plaintexts by data key, and the change that will contain their ciphertext. */
	struct variables values;
	struct kube_secret change;
	struct seal_outcome *outcome; /* SEAL_TASK_API, SEAL_TASK_APPLY; borrowed */
};

/*
 * seal.c: the order of the steps.
 */

/*
 * Run the steps for the kind of task.  SEAL_TASK_TEXT ends before the text is changed.
 * SEAL_TASK_MANIFEST ends before encryption, which encrypt_tasks does for many tasks together.
 */
int seal_task_run(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Set the existing Secret to the Secret of a manifest, borrowed.  Its namespace is from the
 * manifest, or else from the session.
 */
int seal_task_begin_manifest(struct seal_task *task, const struct kube_secret *object,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Write the Secret of a manifest to the API like seal(), after `manifest` was encrypted.  Data of
 * the existing Secret that is not in the manifest is kept.  `version`: see manifest_version.
 */
int seal_task_apply(const struct seal_task *manifest, const struct seal_settings *settings,
    const char *version, struct seal_outcome *outcome, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
void seal_task_free(struct seal_task *task) __attribute__((nonnull));

/* resolve.c: choose the Secret, layout, Transit key and scope. */

/* Set the name of the Secret.  ERROR_USAGE: not a valid name. */
int resolve_name(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Read the Secret from the API, and reject a Secret that must not be changed. */
int resolve_existing(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Set the layout.  ERROR_USAGE if the existing values have another layout than the settings. */
int resolve_layout(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Set the Transit key.  ERROR_USAGE: no key is known, or annotation and option differ. */
int resolve_key(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Read the state of the key, and set the scope. */
int resolve_scope(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Create the missing Transit key. */
int resolve_create_key(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Free the list of key states of one run. */
void resolve_free_keys(struct resolve_known_key **keys) __attribute__((nonnull));

/* plan.c: turn changes into values by data key, and into removals from the existing Secret. */

/* Check the changes, before prompts and the login. */
int plan_check(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Plan the values and removals of the changes, and the existing plaintext. */
int plan_values(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Add existing plaintext that is not replaced; with SEAL_TASK_APPLY only if adopt is set. */
int plan_plaintext(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * changes.c
 */

/* Reject an invalid --rename, and a name that occurs in two changes. */
int changes_check(const struct seal_changes *changes, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return the new name of `name`, borrowed, or NULL. */
const char *changes_new_name(const struct seal_changes *changes, const char *name)
    __attribute__((nonnull));
/*
 * Append the changed document.  If `text` is NULL, the document is new.  Unchanged members keep
 * their place and spelling.  `what` is the document's name in messages.
 */
int changes_apply(const struct seal_changes *changes, const struct secret_buffer *text,
    const char *what, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull(1, 3, 4, 5), warn_unused_result));

/*
 * encrypt.c
 */

/*
 * Encrypt the values of all tasks into their changes, with as few requests as keys and limits
 * allow.  To verify them, decrypt the new ciphertext and the existing ciphertext that stays.  On
 * error, set *failed to the task that caused it, or NULL.
 */
int encrypt_tasks(struct seal_task *const *tasks, size_t count, struct seal_task **failed,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Encrypt the values of one task.  Do nothing if check_only is set and the key is missing. */
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
/* Check the type of the Secret, and that it will have the data keys that the type needs. */
int metadata_check_type(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Add type, labels and annotations to the change, and remove annotations that no longer apply. */
int metadata_set(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * apply.c: SEAL_TASK_APPLY
 */

/* Set the change to the whole Secret of the manifest. */
int apply_manifest(struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Warn about data keys that are not in the manifest. */
int apply_warn(const struct seal_task *task, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * commit.c
 */

/* Write the change to the API, or with --dry-run=client move it to the outcome. */
int commit(struct seal_task *task, struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Return true to run the steps again after a conflict.  *err is then cleared, after a short random
 * wait.  `tries` is the number of runs so far.
 */
bool commit_try_again(const struct seal_task *task, int tries, struct error *err)
    __attribute__((nonnull));

/*
 * Items for transit_batch.
 */

/* Set the item's input (borrowed) and, unless unbound, its context (newly allocated). */
int encrypt_item_fill(struct transit_item *item, const struct secret_buffer *input,
    enum sealed_scope scope, const char *namespace, const char *name, const char *data_key,
    struct error *err) __attribute__((nonnull(1, 2, 5, 6, 7), warn_unused_result));
void encrypt_items_free(struct transit_item *items, size_t count);

#endif
