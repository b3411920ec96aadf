/*
 * rule: the rules of a repository, in the file .secretmanager.yaml.
 *
 * A rule names the Transit key, the scope and the layout of the Secrets whose path and namespace
 * match its patterns.  The first rule that matches counts.  The file contains neither addresses nor
 * credentials: any member that is not listed below is an error.
 */
#ifndef SEAL_RULE_H
#define SEAL_RULE_H

#include <sys/types.h>

#include "lib/seal/seal.h"

/* A file that a person writes: one rule has about 100 bytes. */
#define RULE_FILE_BYTES_MAX ((size_t)64 * 1024)

/* The members are as written and valid; NULL: not set. */
struct rule {
	const char *file; /* rule_file.name */
	size_t line;
	/*
	 * A pattern of fnmatch(3) for each name of the path from the file's folder; "**" matches
	 * any number of folders.
	 */
	char *path;
	char *namespace;   /* a pattern of fnmatch(3) */
	char *transit_key; /* never NULL */
	char *scope, *layout;
};

struct rule_file {
	char *name; /* for messages */
	struct rule *rules;
	size_t count;

	/* For rule_search.h. */
	char *folder; /* its real path, or "" for the root of the file system */
	uid_t owner;  /* of the file that was read */
	bool checked; /* by check_rules.c */
	struct rule_file *next;
};

/*
 * Parse the text of a file, of which file->name is set.  On error there are no rules, and the
 * message contains line and column but never text of the file except a Transit key.
 */
int rule_file_parse(struct rule_file *file, const struct secret_buffer *text, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void rule_file_free(struct rule_file *file) __attribute__((nonnull));

/*
 * Set *rule to the first rule that matches, or to NULL.  `path` is relative to the file's folder.
 * ERROR_USAGE if `namespace` is NULL, and the result depends on it.
 */
int rule_file_match(const struct rule_file *file, const char *path, const char *namespace,
    const struct rule **rule, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

/* Return the first earlier rule that matches whatever this rule matches, as far as known. */
const struct rule *rule_file_covering(const struct rule_file *file, const struct rule *rule)
    __attribute__((nonnull));

/*
 * Check that the Secret's annotations do not contradict the values of the rule.  A missing
 * annotation does not.  ERROR_USAGE.
 */
int rule_check(const struct rule *rule, const struct kube_secret *secret, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Complete the Transit key, the scope and the layout in the settings with the values of the rule.
 * They borrow from the rule.  ERROR_USAGE if an annotation of the Secret contradicts a value that
 * is used.
 */
int rule_apply(const struct rule *rule, const struct kube_secret *secret,
    struct seal_settings *settings, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
