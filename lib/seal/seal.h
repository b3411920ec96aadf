/*
 * seal: encrypt values with Vault Transit and keep the ciphertext in a Secret.
 *
 * New ciphertext is decrypted and compared before anything is written, unless no_verify is set.  An
 * existing Secret is changed by one patch with its resourceVersion as precondition.  Other data
 * keys stay, and a failed run leaves the Secret as it was.
 */
#ifndef SEAL_SEAL_H
#define SEAL_SEAL_H

#include "lib/base/strings.h"
#include "lib/kube/secret.h"
#include "lib/sealed/variables.h"
#include "lib/vault/session.h"
#include "lib/vault/transit.h"

#define SEAL_DOCUMENT_KEY SEALED_DOCUMENT_KEY

/*
 * A session: the connections to Vault and to the Kubernetes API of one command.
 */

struct seal_session_settings {
	struct vault_settings vault;
	struct vault_session_settings vault_session;
	struct kube_settings kube;
	int64_t timeout_ms; /* from seal_session_begin or seal_session_restart_timeout */
	bool offline;	    /* do not use the Kubernetes API */
};

struct seal_session {
	const struct seal_session_settings *settings; /* borrowed */
	struct http_client *client;
	struct vault vault;
	struct kube kube; /* zeroed when offline */
	char *namespace;  /* NULL if offline and no namespace is set */
	bool logged_in;
};

/* Set up both connections without a request.  On error there is nothing to end. */
int seal_session_begin(struct seal_session *session, const struct seal_session_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Restart the time limit.  Call this before each step of work of unknown length, such as a stream.
 * A server that hangs then still ends the command in time.
 */
void seal_session_restart_timeout(struct seal_session *session) __attribute__((nonnull));
/* Log in to Vault, or renew the session's token if it is about to expire. */
int seal_session_log_in(struct seal_session *session, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Read a Secret in the session's namespace.  ERROR_USAGE: not a valid name. */
int seal_session_get_secret(struct seal_session *session, const char *name,
    struct kube_secret *secret, struct error *err) __attribute__((nonnull, warn_unused_result));
/* Revoke the token and free everything; errors are logged. */
void seal_session_end(struct seal_session *session) __attribute__((nonnull));

/*
 * Sealing.
 */

/* LAYOUT_AS_IS: the layout of the existing Secret, or per-key for a new one. */
enum seal_layout { LAYOUT_AS_IS, LAYOUT_PER_KEY, LAYOUT_DOCUMENT };
enum seal_dry_run { DRY_RUN_NONE, DRY_RUN_CLIENT, DRY_RUN_SERVER };

struct seal_settings {
	const char *name;	 /* of the Secret */
	const char *transit_key; /* [MOUNT/]NAME; NULL: the existing Secret's */
	const char *scope;	 /* with a derived key; NULL: the existing Secret's, or strict */
	int64_t key_version;	 /* to encrypt with; 0: the latest */
	enum seal_layout layout;
	const char *data_key; /* of the document; NULL: existing, or SEAL_DOCUMENT_KEY */
	const char *type;     /* of a new Secret; NULL: Opaque */
	const struct strings *labels, *annotations; /* K=V; NULL: none */
	bool immutable;	      /* create a new immutable Secret called NAME-SUFFIX */
	bool adopt;	      /* also seal plaintext values of the existing Secret */
	bool create_key;      /* create the Transit key if it is missing */
	bool force_foreign;   /* accept ciphertext of other tools, see lib/sealed/foreign.h */
	bool no_verify;	      /* do not decrypt the result: for policies that may only encrypt */
	bool must_exist;      /* fail if the Secret is missing */
	const char *based_on; /* resourceVersion that the changes are based on; NULL: any */
	enum seal_dry_run dry_run; /* client: without the API */
	bool check_only;	   /* check without writing, before prompts */
};

/*
 * The changes to a Secret.  In the per-key layout, names are data keys.  In the document layout,
 * names are members of the document, which is decrypted, changed and sealed again.  With
 * `whole_document`, the only value is the new document, byte for byte.
 */
struct seal_changes {
	struct variables values;
	/*
	 * JSON object that `values` were read from, to keep the spelling of its members in a
	 * document; empty: none.
	 */
	struct secret_buffer members;
	bool whole_document;
	struct strings unset;	/* names to remove; each must exist */
	struct strings renamed; /* OLD=NEW; OLD must exist, NEW must not */
};
void seal_changes_free(struct seal_changes *changes) __attribute__((nonnull));

enum seal_change { SEAL_NOT_WRITTEN, SEAL_CREATED, SEAL_UPDATED };

struct seal_outcome {
	struct kube_secret secret; /* as stored; in a dry run, as it would be stored */
	enum seal_change change;
};

/*
 * Seal the values and write the Secret, unless it is a dry run.  If another process changes the
 * Secret concurrently, start again from its new state.  A missing Transit key is created only after
 * all other checks.  With check_only, the outcome is empty and no key is created.  Free the outcome
 * with seal_outcome_free.
 */
int seal(struct seal_session *session, const struct seal_settings *settings,
    const struct seal_changes *changes, struct seal_outcome *outcome, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void seal_outcome_free(struct seal_outcome *outcome) __attribute__((nonnull));

#endif
