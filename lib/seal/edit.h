/*
 * edit: change the values of a sealed Secret in an editor.
 *
 * The token is given back while the person edits.  Only names of values are told.
 */
#ifndef SEAL_EDIT_H
#define SEAL_EDIT_H

#include "lib/seal/seal.h"

struct edit_settings {
	const char *name; /* of the Secret */
	const char *file; /* the manifest that it stands in (name NULL: alone); NULL: the API */
	const char *transit_key; /* NULL: what the Secret says */
	const char *editor;	 /* see lib/seal/editor.h */
	bool force_foreign;	 /* see lib/sealed/foreign.h */
};

/*
 * Decrypt, let the person edit, and seal again what changed; *changed tells whether anything did.
 * What does not parse, or is refused, is kept in the editor's file where there is a terminal to ask
 * on: the person may edit it once more, try again, or give it up, and only then it is wiped. Names
 * of what changes are logged.  What somebody else changed meanwhile in other values stays; in the
 * same value it is a refusal.
 */
int edit(const struct seal_session_settings *session, const struct edit_settings *settings,
    bool *changed, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
