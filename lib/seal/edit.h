/*
 * edit: change the values of a sealed Secret in an editor.
 *
 * The session has ended while the person edits, so that no Vault token exists.  Only names of
 * values are logged.
 */
#ifndef SEAL_EDIT_H
#define SEAL_EDIT_H

#include "lib/seal/seal.h"

struct edit_settings {
	const char *name; /* of the Secret */
	const char *file; /* the manifest that has it (name NULL: as its only one); NULL: the API */
	const char *transit_key; /* NULL: the Secret's annotation */
	const char *editor;	 /* see lib/seal/editor.h */
	bool force_foreign;	 /* see lib/sealed/foreign.h */
};

/*
 * Decrypt the values, let the person edit them, and seal the changes; *changed is whether there are
 * any.
 *
 * If another process changed the Secret during the edit, the editor opens again with both versions
 * merged (edit_text_write_merged).  After any other failure the text stays in the editor's file
 * while the person is asked on the terminal: edit again, try again, or give up.  Without a terminal
 * the edit is given up.  The file is wiped in every case.
 */
int edit(const struct seal_session_settings *session, const struct edit_settings *settings,
    bool *changed, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
