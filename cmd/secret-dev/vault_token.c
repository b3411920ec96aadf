/* vault_token: the tokens that have been issued, and the calls about them. */
#include <openssl/mem.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/vault_server.h"
#include "lib/base/clock.h"

/* As long as Vault's: 24 random bytes in a service token, a sealed record in a batch token. */
#define SERVICE_BYTES 69
#define BATCH_BYTES 103

static void grant_free(struct vault_grant *grant)
{
	secret_buffer_free(&grant->token);
	free(grant->display_name);
	free(grant);
}

/* Remove the grant at *place from the list, and free it. */
static void grant_remove(struct vault_grant **place)
{
	struct vault_grant *grant = *place;

	*place = grant->next;
	grant_free(grant);
}

static void drop_expired(struct vault_tokens *tokens)
{
	int64_t now_ms = clock_now_ms();

	for (struct vault_grant **place = &tokens->first; *place;)
		if ((*place)->expires_ms && (*place)->expires_ms <= now_ms)
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
	grant->next = tokens->first;
	tokens->first = grant;
	return grant;
}

struct vault_grant *vault_tokens_find(struct vault_tokens *tokens, const char *token)
{
	size_t length = strlen(token);

	drop_expired(tokens);
	for (struct vault_grant *grant = tokens->first; grant; grant = grant->next)
		if (grant->token.length == length &&
		    CRYPTO_memcmp(grant->token.data, token, length) == 0)
			return grant;
	return NULL;
}

void vault_tokens_revoke(struct vault_tokens *tokens, struct vault_grant *grant)
{
	struct vault_grant **place = &tokens->first;

	while (*place != grant)
		place = &(*place)->next;
	grant_remove(place);
}

void vault_tokens_free(struct vault_tokens *tokens)
{
	while (tokens->first)
		grant_remove(&tokens->first);
}

const char *vault_call_token(const struct vault_call *call)
{
	const char *token = server_request_header(call->request, "X-Vault-Token");

	if (!token)
		token = server_request_token(call->request);
	return token && *token ? token : NULL;
}

/* List the valid service tokens.  Batch tokens do not have an accessor. */
int vault_accessors_list(struct vault_call *call, struct error *err)
{
	struct json_writer writer;

	drop_expired(&call->server->tokens);
	vault_data_begin(call, &writer);
	json_write_object(&writer);
	json_write_name(&writer, "keys");
	json_write_array(&writer);
	for (const struct vault_grant *grant = call->server->tokens.first; grant;
	     grant = grant->next)
		if (*grant->accessor)
			json_write_string(&writer, grant->accessor);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	return vault_data_end(&writer, "token", err);
}

int vault_self_lookup(struct vault_call *call, struct error *err)
{
	const struct vault_grant *grant = call->grant;
	int64_t left_s =
	    grant->expires_ms ? (grant->expires_ms - clock_now_ms()) / 1000 : INT64_C(0);
	struct json_writer writer;

	vault_data_begin(call, &writer);
	json_format(&writer,
	    "{'accessor':%s,'creation_time':%" PRId64 ",'creation_ttl':%" PRId64
	    ",'display_name':%s,'entity_id':%s,'id':%s,'num_uses':%" PRId64
	    ",'orphan':true,'path':%s,'renewable':%d,'ttl':%" PRId64 ",'type':%s,'policies':",
	    grant->accessor, grant->created_s, grant->ttl_s, grant->display_name, grant->entity,
	    grant->token.data, grant->uses > 1 ? grant->uses - 1 : grant->uses, grant->path,
	    !grant->batch && grant->ttl_s, left_s, grant->batch ? "batch" : "service");
	vault_write_policies(grant, &writer);
	json_format(&writer, "}");
	return vault_data_end(&writer, "token", err);
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
