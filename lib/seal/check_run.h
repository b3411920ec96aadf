/*
 * check_run: shared by the check*.c of this folder, for a run of check_files.
 *
 * The run is a job of lib/manifest/batch.h that only examines.  check.c finds the files,
 * check_secret.c checks Secrets, check_objects.c other objects and Helm values,
 * check_generators.c kustomizations, and check_rules.c the rules of the repository.  Functions that
 * return int return 0, or -1 with *err to end the run.
 */
#ifndef SEAL_CHECK_RUN_H
#define SEAL_CHECK_RUN_H

#include <stdbool.h>

#include "lib/manifest/batch.h"
#include "lib/seal/check.h"
#include "lib/seal/rule_search.h"

struct check_run {
	struct manifest_batch batch;
	struct check_summary *summary;
	int (*print)(const char *line, struct error *err);
	struct rule_search rules;
	/* The latest place of check_run_line in the document.  A List may have 10,000 problems. */
	size_t byte, line;
};

/* Return the line number of a byte of the document.  Fast if the bytes ascend. */
size_t check_run_line(struct check_run *run, const struct manifest_document *document, size_t byte)
    __attribute__((nonnull));

/* Print the problem, and count it. */
int check_run_report(struct check_run *run, const struct error *problem, struct error *err)
    __attribute__((nonnull, warn_unused_result));

/*
 * Check a value.  Return true if it is complete ciphertext, or encrypted with another tool;
 * otherwise return false and set *problem.
 */
bool check_run_value(const char *bytes, size_t length, struct error *problem)
    __attribute__((nonnull, warn_unused_result));

/* Check the v1 Secrets of a document. */
int check_secret_all(struct check_run *run, const struct manifest_document *document,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Report ciphertext in the ConfigMaps and pod templates of a document. */
int check_objects_ciphertext(struct check_run *run, const struct manifest_document *document,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Check Secrets within other objects or values, such as Helm's. */
int check_objects_values(struct check_run *run, const struct manifest_document *document,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return true if kustomize reads a file of this name as a kustomization. */
bool check_generators_name(const char *path) __attribute__((nonnull));
/* Check the generators of a kustomization, and the files that they name. */
int check_generators_all(struct check_run *run, const struct manifest_document *document,
    struct error *err) __attribute__((nonnull, warn_unused_result));

/* Return true for the name of a file of rules. */
bool check_rules_name(const char *path) __attribute__((nonnull));
/* Check a file of rules. */
int check_rules_read(struct check_run *run, const char *path, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/*
 * Set *rule to the rule for a Secret of the document, or to NULL if none matches, or if it depends
 * on a namespace that is NULL.  Check the file of rules.
 */
int check_rules_find(struct check_run *run, const struct manifest_document *document,
    const char *namespace, const struct rule **rule, struct error *err)
    __attribute__((nonnull(1, 2, 4, 5), warn_unused_result));

#endif
