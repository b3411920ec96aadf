/*
 * check: find plaintext in Secrets, ciphertext that no rotation finds, and contradictions to the
 * rules of the repository, in files.
 *
 * The files are a Git checkout, before a commit or in a pipeline.  No server is contacted, nothing
 * is changed, and no value is printed.  Only the document that is being read is in memory.
 */
#ifndef SEAL_CHECK_H
#define SEAL_CHECK_H

#include <stddef.h>

#include "lib/base/error.h"

struct check_summary {
	size_t files;	 /* read */
	size_t secrets;	 /* Secrets, generators of Secrets, and Helm values of Secrets */
	size_t problems; /* printed */
};

/*
 * Check these files, and all .yaml, .yml and .json files and kustomizations in these folders,
 * except in hidden folders.  "-" is standard input.  Call `print` with a line for each problem,
 * "FILE:LINE: OBJECT: PROBLEM; ADVICE".
 *
 * Return 0 without a problem.  Return -1 with problems (ERROR_INVALID), or if the run was aborted.
 * *summary is filled in either case.
 */
int check_files(char *const *paths, size_t count, int (*print)(const char *line, struct error *err),
    struct check_summary *summary, struct error *err) __attribute__((nonnull, warn_unused_result));

#endif
