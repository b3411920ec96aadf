/*
 * rule_search: find the rules for manifest files.
 *
 * The rules of a manifest are in the file .secretmanager.yaml of its folder, or of the nearest
 * folder above that has one.  The search ends at the folder with .git.  Links in the manifest's
 * path are resolved first.  Standard input and pipes have no rules.
 *
 * A rule decides which key protects plaintext, so the file must belong to the user, to root or to
 * the owner of the manifest's folder.  It may not be a link.
 */
#ifndef SEAL_RULE_SEARCH_H
#define SEAL_RULE_SEARCH_H

#include "lib/seal/rule.h"

/* The files that a run has read.  Zeroed: none. */
struct rule_search {
	struct rule_file *files;
	char *path;		 /* real path of the latest manifest */
	char *folder;		 /* its folder */
	struct rule_file *found; /* the file for this folder; NULL: none */
};

void rule_search_free(struct rule_search *search) __attribute__((nonnull));

/*
 * Set *file to the rules for the manifest `path`, and *relative to the manifest's path from their
 * folder; or *file to NULL.  Both are borrowed, *relative until the next call.  A file that cannot
 * be used is an error once; later it counts as missing.
 */
int rule_search_find(struct rule_search *search, const char *path, struct rule_file **file,
    const char **relative, struct error *err) __attribute__((nonnull, warn_unused_result));

/* Read the file `path` itself, unless it was read before. */
int rule_search_read(struct rule_search *search, const char *path, struct rule_file **file,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/*
 * Complete the settings of a Secret in the manifest `path` (NULL: standard input) with rule_apply.
 * Set *rule, unless it is NULL, to the rule that matches, or to NULL.
 */
int rule_search_apply(struct rule_search *search, const char *path, const char *namespace,
    const struct kube_secret *secret, struct seal_settings *settings, const struct rule **rule,
    struct error *err) __attribute__((nonnull(1, 4, 5, 7), warn_unused_result));

#endif
