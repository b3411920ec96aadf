/* selection: read the sealed Secrets of a command one by one. */
#ifndef SEAL_SELECTION_H
#define SEAL_SELECTION_H

#include "lib/base/strings.h"
#include "lib/seal/seal.h"

struct seal_selection {
	char *const *names; /* borrowed; in the session's namespace; duplicates are read once */
	int name_count;	    /* 0: all Secrets that match the other members */
	bool all_namespaces;
	bool all_secrets;     /* also Secrets without the label, if they contain ciphertext */
	const char *selector; /* further labels, as in kubectl; NULL: none */
};

/*
 * Call `each` for every Secret, which it may take over (and leave zeroed).  An error of `each` ends
 * the walk.  The session's time limit restarts for each page and each Secret.  `what` is the title
 * for progress_begin.  ERROR_USAGE: names together with other members.
 */
int seal_selection_each(struct seal_session *session, const struct seal_selection *selection,
    const char *what, int (*each)(void *context, struct kube_secret *secret, struct error *err),
    void *context, struct error *err) __attribute__((nonnull(1, 2, 3, 4, 6), warn_unused_result));

/* Log that no Secret was selected.  This is not an error, as in kubectl. */
void seal_selection_log_empty(const struct seal_session *session,
    const struct seal_selection *selection) __attribute__((nonnull));

#endif
