/* vault_self: what a token may ask about itself, and what the root token about all. */
#include "cmd/secret-dev/vault_login.h"
#include "lib/base/clock.h"
#include "lib/base/json_writer.h"

static int64_t seconds_left(const struct vault_grant *grant)
{
	return grant->expires_ms ? (grant->expires_ms - clock_now_ms()) / 1000 : 0;
}

/* The service tokens that live; batch tokens have no accessor. */
int vault_accessors_list(struct vault_call *call, struct error *err)
{
	const struct vault_tokens *tokens = &call->server->tokens;
	int64_t now = clock_now_ms();
	struct json_writer writer;

	vault_data(call, &writer);
	json_write_object(&writer);
	json_write_name(&writer, "keys");
	json_write_array(&writer);
	for (size_t i = 0; i < VAULT_TOKEN_BUCKETS; i++)
		for (const struct vault_grant *grant = tokens->buckets[i]; grant;
		     grant = grant->next)
			if (*grant->accessor && (!grant->expires_ms || grant->expires_ms > now))
				json_write_string(&writer, grant->accessor);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	return vault_data_end(&writer, "token", err);
}

int vault_lookup_self_call(struct vault_call *call, struct error *err)
{
	const struct vault_grant *grant = call->grant;
	struct json_writer writer;

	vault_data(call, &writer);
	json_write_object(&writer);
	json_write_member(&writer, "accessor", grant->accessor);
	json_write_name(&writer, "creation_time");
	json_write_integer(&writer, grant->created_s);
	json_write_name(&writer, "creation_ttl");
	json_write_integer(&writer, grant->ttl_s);
	json_write_member(&writer, "display_name", grant->display_name);
	json_write_member(&writer, "entity_id", grant->entity);
	json_write_name(&writer, "id");
	json_write_string_bytes(&writer, grant->token.data, grant->token.length);
	json_write_name(&writer, "num_uses");
	json_write_integer(&writer, grant->uses > 1 ? grant->uses - 1 : grant->uses);
	json_write_name(&writer, "orphan");
	json_write_boolean(&writer, true);
	json_write_member(&writer, "path", grant->path);
	vault_write_policies(&writer, "policies", grant);
	json_write_name(&writer, "renewable");
	json_write_boolean(&writer, !grant->batch && grant->ttl_s);
	json_write_name(&writer, "ttl");
	json_write_integer(&writer, seconds_left(grant));
	json_write_member(&writer, "type", grant->batch ? "batch" : "service");
	json_write_object_end(&writer);
	return vault_data_end(&writer, "token", err);
}

int vault_revoke_self_call(struct vault_call *call, struct error *err)
{
	(void)err;
	if (call->grant->batch)
		return vault_refuse(call, 400, "batch tokens cannot be revoked");
	vault_tokens_revoke(&call->server->tokens, call->grant);
	call->grant = NULL;
	return vault_done(call);
}
