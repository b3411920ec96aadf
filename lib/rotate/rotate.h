/*
 * rotate: give the Transit keys a new version, then bring every sealed Secret to it.
 *
 *   find the keys -> rotate -> rewrap and PATCH, until a pass finds nothing old -> retire
 *
 * Plaintext never leaves Vault.  The state of the work is the ciphertext's "vN", so that a run can
 * end anywhere and the next one goes on.  Old versions can be decrypted until they are retired, so
 * that every Secret can be decrypted at every moment.
 */
#ifndef ROTATE_ROTATE_H
#define ROTATE_ROTATE_H

#include "lib/base/strings.h"
#include "lib/kube/kube.h"
#include "lib/rotate/secret_filter.h"
#include "lib/rotate/summary.h"
#include "lib/vault/session.h"
#include "lib/vault/vault.h"

enum rotate_phase {
	ROTATE_ALL, /* rotate, rewrap, verify; and retire, if that is set */
	ROTATE_ROTATE,
	ROTATE_REWRAP,
	ROTATE_VERIFY,
	ROTATE_RETIRE,
};
/* Parse the name of a phase; -1 for any other text. */
int rotate_phase_parse(const char *text, enum rotate_phase *phase)
    __attribute__((nonnull, warn_unused_result));

/* Versions kept when others are retired: the newest, and the one before for concurrent readers. */
#define ROTATE_KEEP_VERSIONS 2

/* All pointers are borrowed. */
struct rotate_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	struct secret_filter_settings filter; /* rotate() sets its namespace */
	enum rotate_phase phase;
	const char *transit_key; /* the only one; NULL: each that an annotation names */
	int64_t min_age_ms;	 /* keys with a younger newest version are not rotated */
	bool dry_run;		 /* change nothing, and log what would be done */
	bool retire, trim;
	int64_t keep_versions; /* of each key, at least 1 */
	/* All namespaces with Secrets of the keys; empty: look at all namespaces before retiring.
	 */
	const struct strings *retire_namespaces;
};

/*
 * Run the phases.  Return 0 if all Secrets looked at are on the newest version of their key, else
 * -1 with *err.  *summary is filled in either case, to be freed by the caller.
 */
int rotate(struct http_client *client, const struct rotate_settings *settings,
    struct rotate_summary *summary, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
