/* sources: where the secrets of a start come from, as options and environment say it. */
#ifndef LAUNCH_SOURCES_H
#define LAUNCH_SOURCES_H

#include <stdbool.h>

#include "lib/base/strings.h"
#include "lib/vault/transit.h"

/*
 * All borrowed.  The order below is the precedence, weakest first; within a list the later entry is
 * the stronger.  Two sources of one name are an error, unless `override` lets the stronger win.
 */
struct source_settings {
	/* Plaintext, for development: refused unless `allow_plaintext`. */
	struct strings documents;     /* --from-document FILE: JSON or YAML, its members */
	struct strings env_files;     /* --from-env-file FILE: NAME=value lines */
	struct strings plain_secrets; /* --from-secret [NAMESPACE/]NAME[:KEY[=VARIABLE]] */
	struct strings config_maps;   /* --from-config-map [NAMESPACE/]NAME[:KEY[=VARIABLE]] */
	const char *definition; /* --definition FILE: {"NAME the application sees": "VARIABLE"} */
	bool allow_plaintext;

	/* Ciphertext. */
	char **environment;	    /* our own, NULL-terminated: values that start with "vault:v" */
	struct strings directories; /* --secret-dir DIR: a mounted Secret, a file a data key */
	struct strings secrets;	    /* --secret [NAMESPACE/]NAME[:KEY[=VARIABLE]] */
	const char *transit_key;    /* [MOUNT/]NAME; NULL: what the Secret's annotation says */

	/* What environment and directories don't say, where the values are bound. */
	struct strings bound_to; /* --bound-to [NAMESPACE/]NAME[:PREFIX] */
	const char *scope;	 /* of bound_to; NULL: strict */

	bool override;
};

/*
 * Which values are taken, and under which names.  Patterns are fnmatch(3)'s and match the name that
 * the Secret has (data key or member).  A variable named by KEY=VARIABLE is taken as it stands, and
 * so is one of our own environment, which is decrypted in place.
 */
struct naming {
	struct strings only, exclude; /* `only` empty: all */
	struct strings documents;     /* --document: data keys with a JSON object; empty: default */
	const char *prefix;	      /* NULL: none; put before what the others made */
	bool upper_case;
	bool sanitize; /* what can't stand in a variable's name becomes '_' */
};

#endif
