/*
 * seal: from plaintexts to a sealed Secret, in the API or as a manifest.
 *
 * Nothing is written before every ciphertext is known to decrypt to what went in.  An existing
 * Secret is patched with its resourceVersion as precondition: what is not named survives, and a
 * failure leaves it as it was.
 */
#ifndef SEAL_SEAL_H
#define SEAL_SEAL_H

#include "lib/kube/kube.h"
#include "lib/sealed/variables.h"
#include "lib/vault/session.h"
#include "lib/vault/vault.h"

#define SEAL_DOCUMENT_KEY "secrets.json" /* the original project's data key */

struct seal_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	const char *name;	 /* of the Secret */
	const char *transit_key; /* [MOUNT/]NAME; NULL: what the existing Secret says */
	const char *scope;	 /* of a derived key's binding; NULL: the existing one, or strict */
	bool document;		 /* the values are documents, one a data key */
	bool whole_document; /* given as a whole, so that replacing one loses none of its members */
	bool no_verify;	     /* skip decrypting: for a policy that may only encrypt */
	bool offline;	     /* make a manifest: the Kubernetes API is not asked */
};

enum seal_change { SEAL_NOT_WRITTEN, SEAL_CREATED, SEAL_UPDATED };

struct seal_outcome {
	struct kube_secret secret; /* only what was sealed now; ciphertext */
	enum seal_change change;
};

/*
 * Seal `values` (data key -> plaintext) and write them, unless settings->offline.  The outcome is
 * to be freed with seal_outcome_free.
 */
int seal(struct http_client *client, const struct seal_settings *settings,
    const struct variables *values, struct seal_outcome *outcome, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void seal_outcome_free(struct seal_outcome *outcome) __attribute__((nonnull));

#endif
