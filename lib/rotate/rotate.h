/*
 * rotate: give the Transit keys a new version, then rewrap every sealed Secret to it.
 *
 *   find the keys -> rotate -> rewrap and PATCH, until a pass finds nothing old -> retire
 *
 * Plaintext never leaves Vault.  The only state of the work is the "vN" of each ciphertext, so a
 * run can end at any point and the next run continues.  Old versions can be decrypted until they
 * are retired, so every Secret can be decrypted at any time.
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
	ROTATE_ALL, /* rotate, rewrap, verify; also retire, if that is set */
	ROTATE_ROTATE,
	ROTATE_REWRAP,
	ROTATE_VERIFY,
	ROTATE_RETIRE,
};
/* Parse the name of a phase.  Return -1 for any other text. */
int rotate_phase_parse(const char *text, enum rotate_phase *phase)
    __attribute__((nonnull, warn_unused_result));

/* The versions to keep when retiring: the newest, and the previous one for concurrent readers. */
#define ROTATE_KEEP_VERSIONS 2

/* The objects that a run would change. */
struct rotate_plan {
	const char *server; /* URL of the Kubernetes API */
	const char *where;  /* such as "Secrets in namespace demo" */
	size_t secrets;	    /* sealed ones among them, also of other keys */
	const struct keyset *keys;
};

struct rotate_settings;
/* Return 0 to continue, or -1 with *err to end the run. */
typedef int rotate_confirm(
    const struct rotate_settings *settings, const struct rotate_plan *plan, struct error *err);

/* The settings of a run.  All pointers are borrowed. */
struct rotate_settings {
	struct vault_settings vault;
	struct vault_session_settings session;
	struct kube_settings kube;
	struct secret_filter_settings filter; /* rotate() sets its namespace */
	enum rotate_phase phase;
	const char *transit_key; /* the only key; NULL: all keys that annotations name */
	int64_t min_age_ms;	 /* keys with a younger newest version are not rotated */
	bool dry_run;		 /* change nothing; log the changes that a run would make */
	bool retire, trim;
	int64_t keep_versions; /* of each key, at least 1 */
	/* All namespaces with Secrets of the keys; empty: search all namespaces before retiring. */
	const struct strings *retire_namespaces;
	/* Called before the login to Vault, if there is a key; or NULL. */
	rotate_confirm *confirm;
};

/*
 * Run the phases.  Return -1 with *err if that failed, also if a rewrap or a verification leaves a
 * selected Secret on an old version.  *summary is filled in either case; free it with summary_free.
 */
int rotate(struct http_client *client, const struct rotate_settings *settings,
    struct rotate_summary *summary, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
