/* vault_token: the tokens that Vault has issued, and the calls about them. */
#include <openssl/mem.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/vault_server.h"
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

/* Take the grant at *place out of its bucket and free it. */
static void grant_remove(struct vault_grant **place)
{
	struct vault_grant *grant = *place;

	*place = grant->next;
	grant_free(grant);
}

static bool grant_is_expired(const struct vault_grant *grant, int64_t now_ms)
{
	return grant->expires_ms && grant->expires_ms <= now_ms;
}

static void drop_expired(struct vault_grant **place)
{
	int64_t now_ms = clock_now_ms();

	while (*place)
		if (grant_is_expired(*place, now_ms))
			grant_remove(place);
		else
			place = &(*place)->next;
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
	grant_remove(place);
}

void vault_tokens_free(struct vault_tokens *tokens)
{
	for (size_t i = 0; i < VAULT_TOKEN_BUCKETS; i++)
		while (tokens->buckets[i])
			grant_remove(&tokens->buckets[i]);
}

int vault_append_policies(
    const struct vault_grant *grant, struct secret_buffer *out, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_write_array(&writer);
	for (const char *const *policy = grant->policies; *policy; policy++)
		json_write_string(&writer, *policy);
	json_write_array_end(&writer);
	return json_writer_finish(&writer, err);
}

/* List the service tokens that are valid; batch tokens have no accessor. */
int vault_accessors_list(struct vault_call *call, struct error *err)
{
	cleanup_secret struct secret_buffer keys = SECRET_BUFFER_INIT, data = SECRET_BUFFER_INIT;
	const struct vault_tokens *tokens = &call->server->tokens;
	int64_t now_ms = clock_now_ms();
	struct json_writer writer;

	json_writer_init(&writer, &keys);
	json_write_array(&writer);
	for (size_t i = 0; i < VAULT_TOKEN_BUCKETS; i++)
		for (const struct vault_grant *grant = tokens->buckets[i]; grant;
		     grant = grant->next)
			if (*grant->accessor && !grant_is_expired(grant, now_ms))
				json_write_string(&writer, grant->accessor);
	json_write_array_end(&writer);
	if (json_writer_finish(&writer, err) < 0 ||
	    json_format(&data, err, "{'keys':%.*s}", JSON_TEXT(&keys)) < 0)
		return -1;
	return vault_answer_data(call, &data, "token", err);
}

int vault_self_lookup(struct vault_call *call, struct error *err)
{
	cleanup_secret struct secret_buffer data = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer policies = SECRET_BUFFER_INIT;
	const struct vault_grant *grant = call->grant;
	int64_t left_s =
	    grant->expires_ms ? (grant->expires_ms - clock_now_ms()) / 1000 : INT64_C(0);

	if (vault_append_policies(grant, &policies, err) < 0 ||
	    json_format(&data, err,
		"{'accessor':%s,'creation_time':%" PRId64 ",'creation_ttl':%" PRId64
		",'display_name':%s,'entity_id':%s,'id':%s,'num_uses':%" PRId64
		",'orphan':true,'path':%s,'policies':%.*s,'renewable':%d,'ttl':%" PRId64
		",'type':%s}",
		grant->accessor, grant->created_s, grant->ttl_s, grant->display_name, grant->entity,
		grant->token.data, grant->uses > 1 ? grant->uses - 1 : grant->uses, grant->path,
		JSON_TEXT(&policies), !grant->batch && grant->ttl_s, left_s,
		grant->batch ? "batch" : "service") < 0)
		return -1;
	return vault_answer_data(call, &data, "token", err);
}

int vault_self_revoke(struct vault_call *call, struct error *err)
{
	(void)err;
	if (call->grant->batch)
		return vault_refuse(call, 400, "batch tokens cannot be revoked");
	vault_tokens_revoke(&call->server->tokens, call->grant);
	call->grant = NULL;
	return vault_answer_empty(call);
}
