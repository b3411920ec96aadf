#include "cmd/secret-dev/vault_token.h"

#include <openssl/mem.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"

/* As long as real ones: 24 random bytes in a service token, a sealed record in a batch token. */
#define SERVICE_BYTES 69
#define BATCH_BYTES 103

static struct vault_grant **bucket_of(struct vault_tokens *tokens, const char *token)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)token, strlen(token), digest);
	return &tokens->buckets[(digest[0] << 8 | digest[1]) % VAULT_TOKEN_BUCKETS];
}

static void grant_free(struct vault_grant *grant)
{
	secret_buffer_free(&grant->token);
	free(grant->display_name);
	free(grant);
}

/* Expired tokens go when their bucket is looked at. */
static void drop_expired(struct vault_grant **bucket)
{
	int64_t now = clock_now_ms();

	while (*bucket) {
		struct vault_grant *grant = *bucket;

		if (grant->expires_ms && grant->expires_ms <= now) {
			*bucket = grant->next;
			grant_free(grant);
		} else {
			bucket = &grant->next;
		}
	}
}

struct vault_grant *vault_tokens_add(
    struct vault_tokens *tokens, bool batch, int64_t ttl_s, struct error *err)
{
	struct vault_grant *grant = calloc(1, sizeof(*grant));

	if (!grant) {
		error_memory(err);
		return NULL;
	}
	grant->batch = batch;
	grant->created_s = time(NULL);
	grant->ttl_s = ttl_s;
	grant->expires_ms = ttl_s ? clock_now_ms() + ttl_s * 1000 : 0;
	if (!batch)
		random_uuid(grant->accessor);
	if (random_token(&grant->token, batch ? "hvb." : "hvs.",
		batch ? BATCH_BYTES : SERVICE_BYTES, err) < 0) {
		grant_free(grant);
		return NULL;
	}
	struct vault_grant **bucket = bucket_of(tokens, grant->token.data);
	drop_expired(bucket);
	grant->next = *bucket;
	*bucket = grant;
	return grant;
}

struct vault_grant *vault_tokens_find(struct vault_tokens *tokens, const char *token)
{
	struct vault_grant **bucket = bucket_of(tokens, token);
	size_t length = strlen(token);

	drop_expired(bucket);
	for (struct vault_grant *grant = *bucket; grant; grant = grant->next)
		if (grant->token.length == length &&
		    CRYPTO_memcmp(grant->token.data, token, length) == 0)
			return grant;
	return NULL;
}

void vault_tokens_revoke(struct vault_tokens *tokens, struct vault_grant *grant)
{
	struct vault_grant **place = bucket_of(tokens, grant->token.data);

	while (*place != grant)
		place = &(*place)->next;
	*place = grant->next;
	grant_free(grant);
}

void vault_tokens_free(struct vault_tokens *tokens)
{
	for (size_t i = 0; i < VAULT_TOKEN_BUCKETS; i++)
		while (tokens->buckets[i]) {
			struct vault_grant *grant = tokens->buckets[i];

			tokens->buckets[i] = grant->next;
			grant_free(grant);
		}
}
