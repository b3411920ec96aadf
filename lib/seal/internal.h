/* sealing: one run of seal, step by step, for the files of this folder only. */
#ifndef SEAL_INTERNAL_H
#define SEAL_INTERNAL_H

#include "lib/seal/seal.h"
#include "lib/sealed/sealed.h"

struct sealing {
	const struct seal_settings *settings;
	struct seal_session *session;
	struct seal_changes *changes;
	char *name;	       /* of the Secret that is written */
	const char *namespace; /* NULL: nobody names it; borrowed */

	/* What is there. */
	struct kube_secret existing;
	bool exists;

	/* How it is sealed. */
	bool document;
	const char *data_key; /* of the document; borrowed */
	struct transit_key key;
	struct transit_key_state state; /* latest_version is 0 while it is not known */
	bool key_missing; /* it is made before the first value is encrypted; `state` is as then */
	enum sealed_scope scope;
	/* Key or scope come from annotations alone: they count for new values once all ciphertext
	   that is there decrypts with them. */
	bool claimed;
	bool conflict; /* another process changed or made the Secret before it was written */

	/* What is to be written: values by data key, and then the change that holds them sealed. */
	struct variables values;
	struct kube_secret change;
};

/* changes.c */
/* Refuse a rename that is none, and one name in two changes. */
int changes_check(const struct seal_changes *changes, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* What `name` is renamed to, borrowed; or NULL. */
const char *changes_new_name(const struct seal_changes *changes, const char *name)
    __attribute__((nonnull));
/*
 * Append the document `text` (NULL: none yet) as the changes leave it: what they do not touch
 * keeps its place and its spelling.  `what` names it in messages.
 */
int changes_apply(const struct seal_changes *changes, const struct secret_buffer *text,
    const char *what, struct secret_buffer *out, struct error *err)
    __attribute__((nonnull(1, 3, 4, 5), warn_unused_result));

/* existing.c: read the Secret, and settle the layout.  Refuses what is not ours to change. */
int sealing_look_up(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Return whether the existing Secret's data key holds ciphertext that must decrypt before new
 * values are sealed: it stays under its name, or the key or scope is claimed for it.
 */
bool sealing_must_decrypt(const struct sealing *sealing, const struct kube_entry *entry)
    __attribute__((nonnull));
/* Return whether it stays, and under the same name. */
bool sealing_keeps(const struct sealing *sealing, const struct kube_entry *entry)
    __attribute__((nonnull));

/* The layout of the Secret that is there, or as asked for; ERROR_USAGE where they differ. */
int sealing_settle_layout(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* settle.c: which Transit key and which scope. */
int sealing_find_key(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int sealing_find_scope(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Of a missing key: a new one would not decrypt what stays, which was sealed with the one before.
 */
int sealing_check_none_kept(const struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Make the missing key, once all that can be known without it is known. */
int sealing_make_key(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* plan.c: from changes to values and to what of the existing Secret goes. */
int sealing_check_changes(const struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int sealing_plan(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* To the values, what is plaintext in the existing Secret and not in the change. */
int sealing_adopt_others(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * encrypt.c: values to ciphertext in the change, of any number of Secrets in as few requests as
 * there are keys and limits; all are read back, and so is what stays.  After an error *failed is
 * the one that it is about, or NULL.
 */
int sealings_encrypt(struct sealing *const *sealings, size_t count, struct sealing **failed,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Decrypt one data value of the existing Secret. */
int sealing_decrypt(struct sealing *sealing, const struct kube_entry *entry,
    struct secret_buffer *plaintext, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* type.c: refuse a type that can't be sealed; in the second, also one that lacks data keys. */
int seal_type_check(const char *type, struct error *err)
    __attribute__((nonnull(2), warn_unused_result));
/* Of the planned Secret: the type that it has or gets, and what it then must hold. */
int sealing_check_type(const struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* marks.c: type, labels and annotations of the change. */
int sealing_check_marks(const struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));
int sealing_mark(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* In the change, remove the existing Secret's scope where the values are not bound. */
int sealing_drop_scope(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Where the existing Secret has kubectl's copy of its plaintext, the change takes it away. */
int sealing_drop_last_applied(struct sealing *sealing, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/* seal.c: free all that it owns. */
void sealing_free(struct sealing *sealing) __attribute__((nonnull));

/* write.c */
int sealing_write(struct sealing *sealing, struct seal_outcome *outcome, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Return whether to do all of it again after a conflict, on the Secret as it is now; then a random
 * time was waited, and *err is cleared.  `tries` is how often it was tried.
 */
bool sealing_try_again(const struct sealing *sealing, int tries, struct error *err)
    __attribute__((nonnull));

/*
 * manifest_to_api.c: write a manifest's Secret, `object`, with its plaintext sealed as `sealed` has
 * it, as seal() would: what the API has and it does not name stays, or is sealed by --adopt.
 */
int sealing_write_manifest(const struct sealing *sealed, const struct kube_secret *object,
    const struct seal_settings *settings, struct seal_outcome *outcome, struct error *err)
    __attribute__((nonnull, warn_unused_result));

#endif
