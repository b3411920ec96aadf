/* unseal: the decrypted values of sealed Secrets, to edit, verify or reveal them. */
#ifndef SEAL_UNSEAL_H
#define SEAL_UNSEAL_H

#include "lib/seal/selection.h"
#include "lib/sealed/sealed.h"
#include "lib/vault/transit.h"

struct unseal_value {
	struct secret_buffer plaintext;
	char *error; /* why the value could not be decrypted; NULL: it was */
};

struct unseal_result {
	struct kube_secret secret;
	struct transit_key key;
	enum sealed_scope scope;
	struct unseal_value *values; /* one for each of secret.data, in the same order */
};

/*
 * Decrypt the values of *secret (taken over, empty after) in one batch.  A value that is plaintext
 * or cannot be decrypted gets its own `error`.  `transit_key` NULL: the annotation's.  After an
 * error there is nothing to free.
 */
int unseal_secret(struct seal_session *session, struct kube_secret *secret, const char *transit_key,
    struct unseal_result *unsealed, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
/* Read a Secret of the session's namespace and decrypt it. */
int unseal(struct seal_session *session, const char *name, const char *transit_key,
    struct unseal_result *unsealed, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
/* Fail with the first value that could not be decrypted. */
int unseal_check(const struct unseal_result *unsealed, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void unseal_free(struct unseal_result *unsealed) __attribute__((nonnull));

struct unseal_reveal_settings {
	const char *name;	 /* of the Secret */
	const char *key;	 /* a data key, or a member of its only document; NULL: all */
	const char *transit_key; /* NULL: the annotation's */
};

/*
 * Append the bytes of one value, or all values in the form of lib/seal/edit_text.h (a document as
 * it is).
 */
int unseal_reveal(struct seal_session *session, const struct unseal_reveal_settings *settings,
    struct secret_buffer *out, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return whether text is safe to print on a terminal: UTF-8, no controls but newline and tab. */
bool unseal_is_printable(const struct secret_buffer *text) __attribute__((nonnull));

struct unseal_verify_outcome {
	size_t secrets, values; /* checked */
	size_t failed;		/* Secrets with a value that does not decrypt */
};

/*
 * Decrypt every value of the selected Secrets, and check that a document is a JSON object.  Each
 * failing value is logged and the run goes on; only an outage ends it.
 */
int unseal_verify(struct seal_session *session, const struct seal_selection *selection,
    const char *transit_key, struct unseal_verify_outcome *outcome, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

#endif
