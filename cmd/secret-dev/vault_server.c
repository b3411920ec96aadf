#include "cmd/secret-dev/vault_server.h"

#include <stdlib.h>
#include <string.h>

#define UNSEAL_KEY_BYTES 32

/* -- routes ----------------------------------------------------------------------------------- */

enum vault_needs {
	NEEDS_TOKEN = 1,    /* and a policy that allows the call */
	NEEDS_UNSEALED = 2, /* otherwise 503 */
	GUARDED = NEEDS_TOKEN | NEEDS_UNSEALED
};

struct vault_route {
	struct route route;
	unsigned int needs;
	int (*answer)(struct vault_call *call, struct error *err);
};

static const struct vault_route system_routes[] = {
    {{METHOD_GET, "sys/health"}, 0, vault_health},
    {{METHOD_GET, "sys/seal-status"}, 0, vault_seal_status},
    {{METHOD_POST, "sys/unseal"}, 0, vault_unseal},
    {{METHOD_POST, "sys/seal"}, GUARDED, vault_seal},
    {{METHOD_GET, "sys/mounts"}, GUARDED, vault_mounts_list},
    {{METHOD_POST, "sys/mounts/{path}"}, GUARDED, vault_mount_create},
    {{METHOD_DELETE, "sys/mounts/{path}"}, GUARDED, vault_mount_delete},
    {{METHOD_POST, "auth/kubernetes/login"}, NEEDS_UNSEALED, vault_login},
    {{METHOD_POST, "auth/jwt/login"}, NEEDS_UNSEALED, vault_login},
    {{METHOD_POST, "auth/approle/login"}, NEEDS_UNSEALED, vault_login},
    {{METHOD_POST, "auth/cert/login"}, NEEDS_UNSEALED, vault_login},
    {{METHOD_LIST, "auth/token/accessors"}, GUARDED, vault_accessors_list},
    {{METHOD_GET, "auth/token/lookup-self"}, GUARDED, vault_self_lookup},
    {{METHOD_POST, "auth/token/revoke-self"}, GUARDED, vault_self_revoke},
};

/* Routes under the path of a mount, for each kind of engine. */
static const struct vault_route transit_routes[] = {
    {{METHOD_POST, "encrypt/{name}"}, GUARDED, vault_encrypt},
    {{METHOD_POST, "decrypt/{name}"}, GUARDED, vault_decrypt},
    {{METHOD_POST, "rewrap/{name}"}, GUARDED, vault_rewrap},
    {{METHOD_LIST, "keys"}, GUARDED, vault_keys_list},
    {{METHOD_POST, "keys/{name}"}, GUARDED, vault_key_create},
    {{METHOD_GET, "keys/{name}"}, GUARDED, vault_key_read},
    {{METHOD_DELETE, "keys/{name}"}, GUARDED, vault_key_delete},
    {{METHOD_POST, "keys/{name}/rotate"}, GUARDED, vault_key_rotate},
    {{METHOD_POST, "keys/{name}/config"}, GUARDED, vault_key_config},
    {{METHOD_POST, "keys/{name}/trim"}, GUARDED, vault_key_trim},
};

static const struct vault_route kv1_routes[] = {
    {{METHOD_GET, "{path}"}, GUARDED, vault_kv1_read},
    {{METHOD_POST, "{path}"}, GUARDED, vault_kv1_write},
    {{METHOD_DELETE, "{path}"}, GUARDED, vault_kv1_delete},
};

static const struct vault_route kv2_routes[] = {
    {{METHOD_GET, "data/{path}"}, GUARDED, vault_kv2_read},
    {{METHOD_POST, "data/{path}"}, GUARDED, vault_kv2_write},
    {{METHOD_DELETE, "data/{path}"}, GUARDED, vault_kv2_delete},
    {{METHOD_GET, "{path}"}, GUARDED, vault_kv2_refuse},
};

#define FIND(routes, method, path, call, known)                                                    \
	route_find(routes, sizeof(*(routes)), sizeof(routes) / sizeof(*(routes)), method, path,    \
	    &(call)->values, known)

/* Return the method.  PUT is POST, and GET with ?list=true is LIST. */
static enum server_method method_of(const struct server_request *request)
{
	const char *list = server_request_query(request, "list");

	if (request->method == METHOD_PUT)
		return METHOD_POST;
	if (request->method == METHOD_GET && list && strcmp(list, "true") == 0)
		return METHOD_LIST;
	return request->method;
}

static const struct vault_route *find_route(struct vault_call *call, bool *known)
{
	enum server_method method = method_of(call->request);
	const struct vault_route *route = FIND(system_routes, method, call->path, call, known);

	if (route || *known)
		return route;
	call->mount = vault_mount_of(call->server, call->path);
	if (!call->mount)
		return NULL;
	const char *path = call->path + strlen(call->mount->path);
	if (call->mount->kv_version == 1)
		return FIND(kv1_routes, method, path, call, known);
	if (call->mount->kv_version == 2)
		return FIND(kv2_routes, method, path, call, known);
	return FIND(transit_routes, method, path, call, known);
}

static int refuse_path(struct vault_call *call, bool known)
{
	if (known)
		return vault_refuse(call, 405, "1 error occurred:\n\t* unsupported operation\n\n");
	if (call->mount)
		return vault_refuse(call, 404, "1 error occurred:\n\t* unsupported path\n\n");
	return vault_refuse(
	    call, 404, "no handler for route \"%s\". route entry not found.", call->path);
}

/* -- rights ----------------------------------------------------------------------------------- */

static enum vault_capability capability_for(
    const struct vault_call *call, const struct vault_route *route)
{
	/* Encrypting with a key that does not exist creates the key. */
	if (route && route->answer == vault_encrypt &&
	    !vault_key_find(call->mount, call->values.name))
		return CAPABILITY_CREATE;
	switch (method_of(call->request)) {
	case METHOD_GET:
		return CAPABILITY_READ;
	case METHOD_LIST:
		return CAPABILITY_LIST;
	case METHOD_POST:
		return CAPABILITY_UPDATE;
	case METHOD_DELETE:
		return CAPABILITY_DELETE;
	default:
		return 0;
	}
}

/* Set call->grant to the token's.  If there is none, refuse the call. */
static void find_grant(struct vault_call *call)
{
	const char *token = vault_call_token(call);

	if (!token) {
		vault_refuse(call, 403, "permission denied");
		return;
	}
	call->grant = vault_tokens_find(&call->server->tokens, token);
	if (!call->grant)
		vault_refuse(
		    call, 403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n");
}

/* Return whether the token's policies allow the call.  If not, refuse the call. */
static bool check_policies(struct vault_call *call, const struct vault_route *route)
{
	if (vault_policy_allows(call->grant->policies, call->path, capability_for(call, route)))
		return true;
	vault_refuse(call, 403, "1 error occurred:\n\t* permission denied\n\n");
	return false;
}

/* Count the use of a token by an authorized call, whatever the result of the call. */
static void count_use(struct vault_call *call)
{
	if (!call->grant || !call->grant->uses || --call->grant->uses > 0)
		return;
	vault_tokens_revoke(&call->server->tokens, call->grant);
	call->grant = NULL;
}

/* Answer a call with a token, or with a login instead, whose token ends with the call. */
static int answer_guarded(
    struct vault_call *call, const struct vault_route *route, bool known, struct error *err)
{
	bool inline_login = vault_inline_is_used(call);
	int result = 0;

	if (!inline_login)
		find_grant(call);
	else if (vault_inline_login(call, err) < 0)
		return -1;
	if (!call->grant)
		return 0;
	if (check_policies(call, route)) {
		result = route ? route->answer(call, err) : refuse_path(call, known);
		count_use(call);
	}
	if (inline_login && call->grant)
		vault_tokens_revoke(&call->server->tokens, call->grant);
	return result;
}

static int answer_call(struct vault_call *call, struct error *err)
{
	bool known = false;
	const struct vault_route *route = find_route(call, &known);
	unsigned int needs = route ? route->needs : GUARDED;

	if ((needs & NEEDS_UNSEALED) && call->server->sealed)
		return vault_refuse(call, 503, "Vault is sealed");
	if (needs & NEEDS_TOKEN)
		return answer_guarded(call, route, known, err);
	return route->answer(call, err);
}

/* -- bodies ----------------------------------------------------------------------------------- */

/* Return the first control character inside a string of the text, or 0. */
static unsigned char control_in_string(const struct secret_buffer *text)
{
	bool inside = false;

	for (size_t i = 0; i < text->length; i++) {
		unsigned char c = (unsigned char)text->data[i];

		if (inside && c < 0x20)
			return c;
		if (inside && c == '\\')
			i++;
		else if (c == '"')
			inside = !inside;
	}
	return 0;
}

/* Refuse invalid JSON.  For a JWT with a final newline, a common mistake, send Vault's message. */
static int refuse_syntax(struct vault_call *call, const struct error *err)
{
	unsigned char control = control_in_string(&call->request->body);

	if (err->code == ERROR_TOO_LARGE)
		return vault_refuse(call, 500, "JSON input exceeds allowed nesting depth");
	if (control == '\n' || control == '\r' || control == '\t')
		return vault_refuse(call, 400,
		    "failed to parse JSON input: invalid character '\\%c' in string literal",
		    control == '\n'   ? 'n'
		    : control == '\r' ? 'r'
				      : 't');
	return vault_refuse(call, 400, "failed to parse JSON input: %s", err->message);
}

/* Set *body to the parsed body, or NULL if it is empty.  Return 0, or 1 after it was refused. */
static int parse_body(struct vault_call *call, struct json **body)
{
	const struct secret_buffer *text = &call->request->body;
	size_t strings_max = call->server->strings_max;
	struct error err = ERROR_INIT;

	if (call->request->too_large)
		return vault_refuse(call, 413, "http: request body too large"), 1;
	if (text->length == 0)
		return 0;
	*body = json_parse(text->data, text->length, "body", &err);
	if (!*body)
		return refuse_syntax(call, &err), 1;
	const char *excess = vault_json_excess(*body);
	if (excess)
		vault_refuse(call, 500, "%s", excess);
	else if (strings_max > 0 && vault_json_strings(*body, JSON_ROOT) > strings_max)
		vault_refuse(call, 400,
		    "refused JSON input due to high complexity: exceeded maximum number of strings");
	else if (json_type(*body, JSON_ROOT) != JSON_OBJECT)
		vault_refuse(call, 400, "failed to parse JSON input: the body is not an object");
	else
		return 0;
	return 1;
}

int vault_serve(void *context, const struct server_request *request, struct server_answer *answer,
    struct error *err)
{
	static const char api[] = "/v1/";
	struct vault_call call = {.server = context, .request = request, .answer = answer};
	cleanup_json struct json *body = NULL;

	if (strncmp(request->path, api, strlen(api)) != 0)
		return vault_refuse(&call, 404, VAULT_NO_TEXT);
	call.path = request->path + strlen(api);
	if (parse_body(&call, &body) != 0)
		return 0;
	call.body = body;
	int result = answer_call(&call, err);
	route_values_free(&call.values);
	return result;
}

/* -- the server ------------------------------------------------------------------------------- */

int vault_server_init(struct vault_server *server, struct error *err)
{
	memset(server, 0, sizeof(*server));
	struct vault_grant *root = vault_tokens_add(&server->tokens, false, 0, err);
	if (!root || secret_buffer_append(
			 &server->root_token, root->token.data, root->token.length, err) < 0)
		return -1;
	root->policies[0] = VAULT_POLICY_ROOT;
	root->path = "auth/token/root";
	root->display_name = strdup("root");
	if (!root->display_name)
		return error_memory(err);
	return random_token(&server->unseal_key, "", UNSEAL_KEY_BYTES, err);
}

void vault_server_free(struct vault_server *server)
{
	for (size_t i = 0; i < server->mount_count; i++)
		vault_mount_free(&server->mounts[i]);
	free(server->mounts);
	vault_tokens_free(&server->tokens);
	secret_buffer_free(&server->root_token);
	secret_buffer_free(&server->unseal_key);
}
