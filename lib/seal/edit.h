/*
 * edit: change the values of a sealed Secret in an editor.
 *
 * No Vault token exists during the edit, because its session has ended.  Only names of values are
 * logged.
 */
#ifndef SEAL_EDIT_H
#define SEAL_EDIT_H

#include "lib/seal/seal.h"

struct edit_settings {
	const char *name;	 /* of the Secret */
	const char *file;	 /* its manifest (name NULL: its only Secret); NULL: the API */
	const char *transit_key; /* NULL: from a rule for the file, or from the annotation */
	const char *editor;	 /* see lib/seal/editor.h */
	bool force_foreign;	 /* see lib/sealed/foreign.h */
};

/*
 * Decrypt the values, run the editor on them, and seal the changes.  Set *changed if there are any.
 *
 * If another process changed the Secret during the edit, the editor opens again with both versions
 * merged (edit_text_write_merged).  After any other failure, the text stays in the editor's file
 * while the person is asked on the terminal to edit again, try again or give up.  Without a
 * terminal, the edit fails.  The file is wiped in every case.
 */
int edit(const struct seal_session_settings *session, const struct edit_settings *settings,
    bool *changed, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
