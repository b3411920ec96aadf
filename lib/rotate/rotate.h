/*
 * rotate: give the Transit keys a new version, then bring every sealed Secret to it.
 *
 *   gather the keys -> rotate -> rewrap and PATCH, pass after pass until nothing old is left
 *                                                                       -> retire old versions
 *
 * Plaintext never leaves Vault.  The state of the work is the ciphertext's own "vN", so that a run
 * can end anywhere and the next one goes on; old versions stay decryptable until they are retired,
 * so that every Secret decrypts at every moment.
 */
#ifndef ROTATE_ROTATE_H
#define ROTATE_ROTATE_H

#include "lib/base/strings.h"
#include "lib/kube/kube.h"
#include "lib/rotate/secret_filter.h"
#include "lib/rotate/summary.h"
#include "lib/vault/session.h"

enum rotate_phase {
	ROTATE_ALL, /* rotate, rewrap, verify; retire where that is asked for */
	ROTATE_ROTATE,
	ROTATE_REWRAP,
	ROTATE_VERIFY,
	ROTATE_RETIRE,
};
/* -1 for what is no phase's name. */
int rotate_phase_parse(const char *text, enum rotate_phase *phase)
    __attribute__((nonnull, warn_unused_result));

/* The versions that --retire leaves: the newest, and the one before for what reads at the moment.
 */
#define ROTATE_KEEP_VERSIONS 2

struct rotate_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	struct secret_filter_settings filter; /* its namespace is filled in */
	enum rotate_phase phase;
	const char *transit_key; /* only this one; NULL: each that an annotation names */
	int64_t min_age_ms;	 /* a newest version that is younger stays the newest */
	bool dry_run;		 /* nothing is changed anywhere; the log says what would be */
	bool retire, trim;
	int64_t keep_versions;			 /* of each key, at least 1 */
	const struct strings *retire_namespaces; /* all that hold Secrets of the keys; none: all */
};

/*
 * 0: every Secret looked at is on its key's newest version.  -1: *err says what stopped the run, or
 * that some are left; *summary is filled in either case, to be freed.
 */
int rotate(struct http_client *client, const struct rotate_settings *settings,
    struct rotate_summary *summary, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
