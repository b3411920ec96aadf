/*
 * seal: from plaintexts to a sealed Secret, in the API or as a manifest.
 *
 * Nothing is written before every ciphertext is known to decrypt to what went in.  An existing
 * Secret is patched with its resourceVersion as precondition, in one request: what is not named
 * survives, and a failure leaves it as it was.
 */
#ifndef SEAL_SEAL_H
#define SEAL_SEAL_H

#include "lib/base/strings.h"
#include "lib/seal/servers.h"
#include "lib/sealed/variables.h"
#include "lib/vault/transit.h"

#define SEAL_DOCUMENT_KEY SEALED_DOCUMENT_KEY

/* LAYOUT_AS_IS: the existing Secret's; per-key for a new one. */
enum seal_layout { LAYOUT_AS_IS, LAYOUT_PER_KEY, LAYOUT_DOCUMENT };
enum seal_dry_run { DRY_RUN_NONE, DRY_RUN_CLIENT, DRY_RUN_SERVER };

struct seal_settings {
	const char *name;	 /* of the Secret */
	const char *transit_key; /* [MOUNT/]NAME; NULL: what the existing Secret says */
	const char *scope;	 /* of a derived key's binding; NULL: the existing one, or strict */
	int64_t key_version;	 /* to seal with; 0: the latest */
	enum seal_layout layout;
	const char *data_key; /* of the document; NULL: the existing one's, or SEAL_DOCUMENT_KEY */
	const char *type;     /* of a new Secret; NULL: Opaque */
	const struct strings *labels, *annotations; /* K=V; NULL: none */
	bool immutable;	      /* a new Secret that can't be changed, under NAME-SUFFIX */
	bool adopt;	      /* of an existing Secret, the plaintext values are sealed as well */
	bool create_key;      /* the Transit key, where there is none */
	bool force_foreign;   /* seal what other tools have encrypted, see lib/sealed/foreign.h */
	bool no_verify;	      /* skip decrypting: for a policy that may only encrypt */
	bool must_exist;      /* there is something to change, or it is an error */
	const char *based_on; /* the resourceVersion that the changes were made from; NULL: any */
	enum seal_dry_run dry_run; /* client: a manifest is made, the API not asked */
	bool rehearsal; /* all but the writing: what is in the way is known before a person is
			   asked */
};

/*
 * What is to become of the Secret.  In the per-key layout names are data keys; in the document
 * layout they are members of the document, which is decrypted, changed and sealed again, unless
 * `whole_document`: then the one value is all of it, to the last byte.
 */
struct seal_changes {
	struct variables values;
	/* JSON: where `values` come from its members, a document takes these as they are spelt. */
	struct secret_buffer members; /* empty: no values do */
	bool whole_document;
	struct strings unset;	/* names that go; each must be there */
	struct strings renamed; /* OLD=NEW; OLD must be there, and NEW must not */
};
/* *to is to be freed, after an error too. */
int seal_changes_copy(const struct seal_changes *from, struct seal_changes *to, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void seal_changes_free(struct seal_changes *changes) __attribute__((nonnull));

enum seal_change { SEAL_NOT_WRITTEN, SEAL_CREATED, SEAL_UPDATED };

struct seal_outcome {
	struct kube_secret secret; /* as it is stored now; in a dry run, as it would be */
	enum seal_change change;
};

/*
 * Seal the changes' values and write them, unless it is a dry run.  Where another process changes
 * the Secret at the same time, all of it is done again on what is there then.  The outcome
 * is to be freed with seal_outcome_free; a rehearsal has none, and makes no Transit key.
 * A missing key is made once nothing else that can be known is in the way.
 */
int seal(struct servers *servers, const struct seal_settings *settings,
    struct seal_changes *changes, struct seal_outcome *outcome, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void seal_outcome_free(struct seal_outcome *outcome) __attribute__((nonnull));

#endif
