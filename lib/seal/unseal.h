/* unseal: decrypt sealed Secrets to edit, verify or reveal them. */
#ifndef SEAL_UNSEAL_H
#define SEAL_UNSEAL_H

#include "lib/seal/selection.h"
#include "lib/sealed/sealed.h"
#include "lib/vault/transit.h"

struct unseal_value {
	struct secret_buffer plaintext;
	char *error; /* reason why it could not be decrypted; NULL: decrypted */
};

struct unseal_result {
	struct kube_secret secret;
	struct transit_key key;
	enum sealed_scope scope;
	struct unseal_value *values; /* values[i] belongs to secret.data[i] */
};

/*
 * Decrypt the values of *secret (taken over, empty after) together.  If a value is plaintext or
 * cannot be decrypted, its `error` is set.  If `transit_key` is NULL, the annotation is used.  On
 * error there is nothing to free.
 */
int unseal_secret(struct seal_session *session, struct kube_secret *secret, const char *transit_key,
    struct unseal_result *unsealed, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
/* Read a Secret in the session's namespace and decrypt it. */
int unseal(struct seal_session *session, const char *name, const char *transit_key,
    struct unseal_result *unsealed, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));
/* Move values that are plaintext already to the plaintexts, and clear their errors. */
void unseal_accept_plaintext(struct unseal_result *unsealed) __attribute__((nonnull));
/* Fail with the error of the first value that could not be decrypted. */
int unseal_check(const struct unseal_result *unsealed, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void unseal_free(struct unseal_result *unsealed) __attribute__((nonnull));

/*
 * Append the bytes of one value, or all values in the format of lib/seal/edit_text.h if `key` is
 * NULL.  A document is appended unchanged.  The plaintexts are moved.
 */
int unseal_write(struct unseal_result *unsealed, const char *key, struct secret_buffer *out,
    struct error *err) __attribute__((nonnull(1, 3, 4), warn_unused_result));

struct unseal_reveal_settings {
	const char *name;	 /* of the Secret */
	const char *key;	 /* a data key, or a member of the only document; NULL: all */
	const char *transit_key; /* NULL: from the annotation */
};

/* Read a Secret in the session's namespace, and append its values as unseal_write does. */
int unseal_reveal(struct seal_session *session, const struct unseal_reveal_settings *settings,
    struct secret_buffer *out, struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Return true if the text is safe to print on a terminal: UTF-8, without control characters except
 * newline and tab.
 */
bool unseal_is_printable(const struct secret_buffer *text) __attribute__((nonnull));

struct unseal_verify_outcome {
	size_t secrets, values; /* checked */
	size_t failed;		/* Secrets that cannot be verified */
};

/*
 * Decrypt every value of the selected Secrets, and check that documents are JSON objects.  Failures
 * are logged and the run continues; only an outage ends it.
 */
int unseal_verify(struct seal_session *session, const struct seal_selection *selection,
    const char *transit_key, struct unseal_verify_outcome *outcome, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

#endif
