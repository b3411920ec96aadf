/* vault_login: the kubernetes auth method, and what a token may ask about itself. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/kube_token.h"
#include "cmd/secret-dev/vault_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/strings.h"

/* The plugin lets clocks differ by this much before it calls a token expired. */
#define CLOCK_SKEW_SECONDS 60

/* The plugin's JWT reader skips white space, such as a final newline. */
static void drop_white_space(struct secret_buffer *jwt)
{
	size_t kept = 0;

	for (size_t i = 0; i < jwt->length; i++)
		if (!isspace((unsigned char)jwt->data[i]))
			jwt->data[kept++] = jwt->data[i];
	jwt->length = kept;
	jwt->data[kept] = '\0';
}

static const struct vault_role *find_role(const struct vault_call *call, const char *name)
{
	for (const struct vault_role *role = call->server->roles; role->name; role++)
		if (strcmp(role->name, name) == 0)
			return role;
	return NULL;
}

static bool is_bound(const struct vault_role *role, const char *service_account)
{
	for (const char *const *one = role->service_accounts; *one; one++)
		if (strcmp(*one, service_account) == 0)
			return true;
	return false;
}

/* The checks of the plugin in its order: 0 passed, 1 refused and answered. */
static int check_claims(struct vault_call *call, const struct vault_role *role, const char *jwt,
    const struct kube_claims *claims)
{
	if (claims->expires_s + CLOCK_SKEW_SECONDS < time(NULL))
		vault_refuse(call, 403, "invalid expiration time (exp) claim: token is expired");
	else if (!is_bound(role, claims->service_account))
		vault_refuse(call, 403, "service account name not authorized");
	else if (strcmp(role->namespace, claims->namespace) != 0)
		vault_refuse(call, 403, "namespace not authorized");
	else if (!kube_token_is_valid(call->server->kube_tokens, jwt, claims))
		vault_refuse(call, 403, "permission denied");
	else
		return 0;
	return 1;
}

static void write_policies(
    struct json_writer *writer, const char *name, const struct vault_grant *grant)
{
	json_write_name(writer, name);
	json_write_array(writer);
	for (const char *const *policy = grant->policies; *policy; policy++)
		json_write_string(writer, *policy);
	json_write_array_end(writer);
}

static void write_metadata(
    struct json_writer *writer, const struct vault_role *role, const struct kube_claims *claims)
{
	json_write_name(writer, "metadata");
	json_write_object(writer);
	json_write_member(writer, "role", role->name);
	json_write_member(writer, "service_account_name", claims->service_account);
	json_write_member(writer, "service_account_namespace", claims->namespace);
	json_write_member(writer, "service_account_secret_name", "");
	json_write_member(writer, "service_account_uid", claims->uid);
	json_write_object_end(writer);
}

static void write_auth(struct json_writer *writer, const struct vault_grant *grant,
    const struct vault_role *role, const struct kube_claims *claims)
{
	json_write_name(writer, "auth");
	json_write_object(writer);
	json_write_name(writer, "client_token");
	json_write_string_bytes(writer, grant->token.data, grant->token.length);
	json_write_member(writer, "accessor", grant->accessor);
	write_policies(writer, "policies", grant);
	write_policies(writer, "token_policies", grant);
	write_metadata(writer, role, claims);
	json_write_name(writer, "lease_duration");
	json_write_integer(writer, grant->ttl_s);
	json_write_name(writer, "renewable");
	json_write_boolean(writer, !grant->batch);
	json_write_member(writer, "entity_id", grant->entity);
	json_write_member(writer, "token_type", grant->batch ? "batch" : "service");
	json_write_name(writer, "orphan");
	json_write_boolean(writer, true);
	json_write_name(writer, "mfa_requirement");
	json_write_null(writer);
	json_write_name(writer, "num_uses");
	json_write_integer(writer, grant->uses);
	json_write_object_end(writer);
}

/* The envelope is vault_data's, but "auth" is full and "data" empty. */
static int answer_login(struct vault_call *call, const struct vault_grant *grant,
    const struct vault_role *role, const struct kube_claims *claims, struct error *err)
{
	struct json_writer writer;

	vault_data(call, &writer);
	json_write_null(&writer);
	json_write_name(&writer, "wrap_info");
	json_write_null(&writer);
	json_write_name(&writer, "warnings");
	json_write_null(&writer);
	write_auth(&writer, grant, role, claims);
	json_write_member(&writer, "mount_type", "");
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

static struct vault_grant *grant_for(struct vault_call *call, const struct vault_role *role,
    const struct kube_claims *claims, struct error *err)
{
	char *display_name =
	    string_format(err, "kubernetes-%s-%s", claims->namespace, claims->service_account);

	if (!display_name)
		return NULL;
	struct vault_grant *grant =
	    vault_tokens_add(&call->server->tokens, role->batch, role->ttl_s, err);
	if (!grant) {
		free(display_name);
		return NULL;
	}
	grant->display_name = display_name;
	grant->path = "auth/kubernetes/login";
	memcpy(grant->policies, role->policies, sizeof(role->policies));
	grant->uses = role->uses;
	random_uuid(grant->entity);
	return grant;
}

static int log_in(
    struct vault_call *call, const char *role_name, const char *jwt, struct error *err)
{
	const struct vault_role *role = find_role(call, role_name);
	struct error reason = ERROR_INIT;
	struct kube_claims claims;

	if (!role)
		return vault_refuse(call, 400, "invalid role name \"%s\"", role_name);
	if (kube_token_read(jwt, &claims, &reason) < 0)
		return vault_refuse(call, 403, "permission denied");
	int result = check_claims(call, role, jwt, &claims);
	if (result == 0) {
		struct vault_grant *grant = grant_for(call, role, &claims, err);
		result = grant ? answer_login(call, grant, role, &claims, err) : -1;
	}
	kube_claims_free(&claims);
	return result < 0 ? -1 : 0;
}

int vault_login(struct vault_call *call, struct error *err)
{
	cleanup_free char *role = json_strdup(call->body, vault_member(call, "role"));
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	json_node member = vault_member(call, "jwt");

	if (!role || !*role)
		return vault_refuse(call, 400, "missing role");
	if (json_type(call->body, member) == JSON_STRING &&
	    json_string(call->body, member, &jwt, err) < 0)
		return -1;
	if (jwt.length)
		drop_white_space(&jwt);
	if (jwt.length == 0)
		return vault_refuse(call, 400, "missing jwt");
	return log_in(call, role, jwt.data, err);
}

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
	write_policies(&writer, "policies", grant);
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
