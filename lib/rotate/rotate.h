/*
 * rotate: give the Transit keys a new version, then bring every sealed Secret to it.
 *
 *   list -> rotate the keys -> rewrap in batches -> PATCH -> pass again until nothing old is left
 *
 * Plaintext never leaves Vault.  The state of the work is the ciphertext's own "vN", so that a run
 * can end anywhere and the next one goes on; old versions stay decryptable throughout, so that
 * every Secret decrypts at every moment.
 */
#ifndef ROTATE_ROTATE_H
#define ROTATE_ROTATE_H

#include "lib/base/strings.h"
#include "lib/kube/kube.h"
#include "lib/vault/session.h"
#include "lib/vault/vault.h"

struct rotate_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	bool all_namespaces;
	const char *transit_key; /* only this one; NULL: each that an annotation names */
};

/* What a run did, in Secrets.  listed = current + other_key + deleted + failed. */
struct rotate_summary {
	size_t keys;	  /* rotated */
	size_t listed;	  /* found by the label in the last pass */
	size_t current;	  /* of them on their key's newest version now */
	size_t other_key; /* of them sealed with a key that the run leaves alone */
	size_t deleted;	  /* of them gone while we worked */
	size_t failed;	  /* of them left on an old version, each with its reason in the log */
	size_t rewrapped; /* PATCHed, in all passes */
	size_t conflicts; /* PATCHes that came too late and were done again */
};

/*
 * 0: every Secret looked at is on its key's newest version.  -1: *err says what stopped the run, or
 * that some are left; *summary is filled in either case.
 */
int rotate(struct http_client *client, const struct rotate_settings *settings,
    struct rotate_summary *summary, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
