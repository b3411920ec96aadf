/* selection: the sealed Secrets that a command looks at, one after the other. */
#ifndef SEAL_SELECTION_H
#define SEAL_SELECTION_H

#include "lib/base/strings.h"
#include "lib/seal/seal.h"

struct seal_selection {
	char *const *names; /* borrowed; of the session's namespace; a repeated one counts once */
	int name_count;	    /* 0: all that the rest selects */
	bool all_namespaces;
	bool all_secrets;     /* that hold any ciphertext, whether or not they have our label */
	const char *selector; /* further labels, as kubectl has them; NULL: none */
};

/*
 * Call `each` for every Secret; it may take the Secret over (leaving it zeroed).  A failure of
 * `each` ends it.  Each page and each Secret is a step of the servers'; `what` is told of it to
 * progress_begin.  ERROR_USAGE where the selection contradicts itself.
 */
int seal_selection_each(struct seal_session *session, const struct seal_selection *selection,
    const char *what, int (*each)(void *context, struct kube_secret *secret, struct error *err),
    void *context, struct error *err) __attribute__((nonnull(1, 2, 3, 4, 6), warn_unused_result));

/* Log that the selection was empty, as kubectl does: that is no failure. */
void seal_selection_log_empty(const struct seal_session *session,
    const struct seal_selection *selection) __attribute__((nonnull));

#endif
