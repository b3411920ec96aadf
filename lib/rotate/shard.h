/* shard: which of several runs beside each other a Secret belongs to. */
#ifndef ROTATE_SHARD_H
#define ROTATE_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/error.h"

#define SHARD_COUNT_MAX 10000
/* Where an Indexed Job says which of its pods this is. */
#define SHARD_VARIABLE "JOB_COMPLETION_INDEX"

struct shard {
	int64_t index; /* from 0 */
	int64_t count; /* 0: no shards, all is ours */
};

/* "I/N", or "/N" with I from SHARD_VARIABLE.  ERROR_USAGE says what is wrong. */
int shard_parse(const char *text, struct shard *shard, struct error *err)
    __attribute__((nonnull, warn_unused_result));
/* Is this Secret ours?  By a hash of namespace and name, the same in every version. */
bool shard_has(const struct shard *shard, const char *namespace, const char *name)
    __attribute__((nonnull));

#endif
