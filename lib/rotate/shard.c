#include "lib/rotate/shard.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

/* Digits up to `end`; -1 for anything else. */
static int64_t number(const char *text, const char *end)
{
	int64_t value = 0;

	if (text == end)
		return -1;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9' || value > SHARD_COUNT_MAX)
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value;
}

static int refuse(const char *text, struct error *err)
{
	return error_set(err, ERROR_USAGE,
	    "--shard %s: write I/N, the I-th of N runs counted from 0 (N up to %d), or /N with I "
	    "in " SHARD_VARIABLE,
	    text, SHARD_COUNT_MAX);
}

int shard_parse(const char *text, struct shard *shard, struct error *err)
{
	const char *slash = strchr(text, '/');
	const char *index = text, *index_end = slash;

	if (!slash)
		return refuse(text, err);
	if (slash == text) {
		index = getenv(SHARD_VARIABLE);
		if (!index)
			return error_set(err, ERROR_USAGE,
			    "--shard %s: " SHARD_VARIABLE " is not set: it is in the pods of an "
			    "Indexed Job; elsewhere write I/N",
			    text);
		index_end = index + strlen(index);
	}
	shard->index = number(index, index_end);
	shard->count = number(slash + 1, slash + strlen(slash));
	if (shard->index < 0 || shard->count < 1 || shard->count > SHARD_COUNT_MAX ||
	    shard->index >= shard->count)
		return refuse(text, err);
	return 0;
}

bool shard_has(const struct shard *shard, const char *namespace, const char *name)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	uint64_t hash = 0;
	SHA256_CTX context;

	if (shard->count == 0)
		return true;
	SHA256_Init(&context);
	SHA256_Update(&context, namespace, strlen(namespace));
	SHA256_Update(&context, "/", 1);
	SHA256_Update(&context, name, strlen(name));
	SHA256_Final(digest, &context);
	for (size_t i = 0; i < sizeof(hash); i++)
		hash = hash << 8 | digest[i];
	return hash % (uint64_t)shard->count == (uint64_t)shard->index;
}
