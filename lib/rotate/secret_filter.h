/* secret_filter: the selection of the Secrets of a run, and of its shard. */
#ifndef ROTATE_SECRET_FILTER_H
#define ROTATE_SECRET_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"
#include "lib/base/strings.h"

#define SECRET_SHARD_COUNT_MAX 10000
/* The environment variable that contains the index of a pod in an Indexed Job. */
#define SECRET_SHARD_VARIABLE "JOB_COMPLETION_INDEX"

struct secret_shard {
	int64_t index; /* from 0 */
	int64_t count; /* 0: not sharded */
};

struct secret_filter {
	struct strings namespaces; /* empty: all namespaces */
	struct strings names;	   /* NAMESPACE/NAME; if not empty, only these Secrets */
	char *selector;		   /* label selector; NULL: every Secret */
	struct strings data_keys;  /* empty: all data keys */
	struct secret_shard shard;
};

/* The options; all borrowed. */
struct secret_filter_settings {
	const char *namespace; /* the default, also for names without a namespace */
	bool all_namespaces;
	bool all_secrets;	     /* include Secrets without the label */
	const char *selector;	     /* additional labels */
	const struct strings *names; /* [NAMESPACE/]NAME */
	const struct strings *data_keys;
	struct secret_shard shard;
};

/*
 * Build the filter from the options.  ERROR_USAGE if options exclude each other, or a name is not
 * valid.  Call secret_filter_free after a failure too.
 */
int secret_filter_init(struct secret_filter *filter, const struct secret_filter_settings *settings,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/*
 * Select every Secret of these namespaces, or of all namespaces if the list is empty.  An entry may
 * contain several names separated by commas.  Call secret_filter_free after a failure too.
 */
int secret_filter_init_all(struct secret_filter *filter, const struct strings *namespaces,
    struct error *err) __attribute__((nonnull, warn_unused_result));
/* Return a description such as "Secrets in all namespaces", newly allocated. */
char *secret_filter_describe(const struct secret_filter *filter, struct error *err)
    __attribute__((nonnull, warn_unused_result));
void secret_filter_free(struct secret_filter *filter) __attribute__((nonnull));

/* Parse "I/N", or "/N" with I from SECRET_SHARD_VARIABLE.  ERROR_USAGE for any other text. */
int secret_shard_parse(const char *text, struct secret_shard *shard, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Return whether the Secret is in the shard.  The hash is the same in every release. */
bool secret_shard_has(const struct secret_shard *shard, const char *namespace, const char *name)
    __attribute__((nonnull));

#endif
