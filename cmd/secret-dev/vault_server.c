#include "cmd/secret-dev/vault_server.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/policy.h"
#include "cmd/secret-dev/vault_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"

#define UNSEAL_KEY_BYTES 32

enum route_needs {
	NEEDS_TOKEN = 1,    /* and a policy that allows it */
	NEEDS_UNSEALED = 2, /* else 503 */
};

/* '*' stands for a name without a slash, or for all of the rest at the end of a sys/ path. */
struct route {
	enum capability operation;
	const char *path;
	unsigned int needs;
	vault_answerer answer;
};

#define GUARDED (NEEDS_TOKEN | NEEDS_UNSEALED)

static const struct route system_routes[] = {
    {CAPABILITY_READ, "sys/health", 0, vault_health},
    {CAPABILITY_READ, "sys/seal-status", 0, vault_seal_status},
    {CAPABILITY_UPDATE, "sys/unseal", 0, vault_unseal},
    {CAPABILITY_UPDATE, "sys/seal", GUARDED, vault_seal},
    {CAPABILITY_READ, "sys/mounts", GUARDED, vault_mounts_list},
    {CAPABILITY_UPDATE, "sys/mounts/*", GUARDED, vault_mount_create},
    {CAPABILITY_DELETE, "sys/mounts/*", GUARDED, vault_mount_delete},
    {CAPABILITY_UPDATE, "auth/kubernetes/login", NEEDS_UNSEALED, vault_login_kubernetes},
    {CAPABILITY_UPDATE, "auth/jwt/login", NEEDS_UNSEALED, vault_login_jwt},
    {CAPABILITY_UPDATE, "auth/approle/login", NEEDS_UNSEALED, vault_login_approle},
    {CAPABILITY_UPDATE, "auth/cert/login", NEEDS_UNSEALED, vault_login_cert},
    {CAPABILITY_LIST, "auth/token/accessors", GUARDED, vault_accessors_list},
    {CAPABILITY_READ, "auth/token/lookup-self", GUARDED, vault_lookup_self_call},
    {CAPABILITY_UPDATE, "auth/token/revoke-self", GUARDED, vault_revoke_self_call},
    {0, NULL, 0, NULL},
};

static const struct route transit_routes[] = {
    {CAPABILITY_UPDATE, "encrypt/*", GUARDED, vault_encrypt},
    {CAPABILITY_UPDATE, "decrypt/*", GUARDED, vault_decrypt},
    {CAPABILITY_UPDATE, "rewrap/*", GUARDED, vault_rewrap},
    {CAPABILITY_LIST, "keys", GUARDED, vault_keys_list},
    {CAPABILITY_UPDATE, "keys/*", GUARDED, vault_key_create},
    {CAPABILITY_READ, "keys/*", GUARDED, vault_key_read},
    {CAPABILITY_DELETE, "keys/*", GUARDED, vault_key_delete},
    {CAPABILITY_UPDATE, "keys/*/rotate", GUARDED, vault_key_rotate},
    {CAPABILITY_UPDATE, "keys/*/config", GUARDED, vault_key_config},
    {CAPABILITY_UPDATE, "keys/*/trim", GUARDED, vault_key_trim},
    {0, NULL, 0, NULL},
};

static char *token_copy(
    const struct secret_buffer *token, struct secret_buffer *copy, struct error *err)
{
	return secret_buffer_append(copy, token->data, token->length, err) < 0 ? NULL : copy->data;
}

int vault_server_init(struct vault_server *server, struct error *err)
{
	memset(server, 0, sizeof(*server));
	pthread_mutex_init(&server->lock, NULL);
	struct vault_grant *root = vault_tokens_add(&server->tokens, false, 0, err);
	if (!root || !token_copy(&root->token, &server->root_token, err))
		return -1;
	root->policies[0] = POLICY_ROOT;
	root->path = "auth/token/root";
	root->display_name = strdup("root");
	if (!root->display_name)
		return error_memory(err);
	return random_token(&server->unseal_key, "", UNSEAL_KEY_BYTES, err);
}

static void mount_free(struct vault_mount *mount)
{
	for (size_t i = 0; i < mount->count; i++)
		keyring_free(&mount->keys[i]);
	free(mount->keys);
	free(mount->path);
}

void vault_server_free(struct vault_server *server)
{
	for (size_t i = 0; i < server->mount_count; i++)
		mount_free(&server->mounts[i]);
	free(server->mounts);
	vault_tokens_free(&server->tokens);
	secret_buffer_free(&server->root_token);
	secret_buffer_free(&server->unseal_key);
	pthread_mutex_destroy(&server->lock);
}

struct vault_mount *vault_mount_add(
    struct vault_server *server, const char *path, struct error *err)
{
	struct vault_mount *grown =
	    reallocarray(server->mounts, server->mount_count + 1, sizeof(*grown));
	char *copy = strdup(path);

	if (grown)
		server->mounts = grown;
	if (!grown || !copy) {
		free(copy);
		error_memory(err);
		return NULL;
	}
	grown[server->mount_count] = (struct vault_mount){.path = copy};
	return &grown[server->mount_count++];
}

void vault_mount_remove(struct vault_server *server, struct vault_mount *mount)
{
	mount_free(mount);
	*mount = server->mounts[--server->mount_count];
}

struct vault_mount *vault_mount_find(struct vault_server *server, const char *path)
{
	for (size_t i = 0; i < server->mount_count; i++)
		if (strcmp(server->mounts[i].path, path) == 0)
			return &server->mounts[i];
	return NULL;
}

/* The mount that a path lies under: the longest, as Vault's router has it. */
static struct vault_mount *mount_of(struct vault_server *server, const char *path)
{
	struct vault_mount *found = NULL;

	for (size_t i = 0; i < server->mount_count; i++) {
		struct vault_mount *mount = &server->mounts[i];

		if (strncmp(path, mount->path, strlen(mount->path)) == 0 &&
		    (!found || strlen(mount->path) > strlen(found->path)))
			found = mount;
	}
	return found;
}

struct keyring *vault_key_add(
    struct vault_mount *mount, const char *name, bool derived, struct error *err)
{
	struct keyring *grown = reallocarray(mount->keys, mount->count + 1, sizeof(*grown));

	if (!grown) {
		error_memory(err);
		return NULL;
	}
	mount->keys = grown;
	if (keyring_init(&grown[mount->count], name, derived, err) < 0) {
		keyring_free(&grown[mount->count]);
		return NULL;
	}
	return &grown[mount->count++];
}

struct keyring *vault_key_find(struct vault_mount *mount, const char *name)
{
	for (size_t i = 0; i < mount->count; i++)
		if (strcmp(mount->keys[i].name, name) == 0)
			return &mount->keys[i];
	return NULL;
}

static enum capability operation_of(const struct request *request)
{
	const char *list = request_query(request, "list");

	switch (request->method) {
	case METHOD_GET:
		return list && strcmp(list, "true") == 0 ? CAPABILITY_LIST : CAPABILITY_READ;
	case METHOD_LIST:
		return CAPABILITY_LIST;
	case METHOD_POST:
	case METHOD_PUT:
		return CAPABILITY_UPDATE;
	case METHOD_DELETE:
		return CAPABILITY_DELETE;
	default:
		return 0;
	}
}

/* Compare a path with a route's; what '*' stands for becomes the call's name. */
static bool path_matches(const char *pattern, const char *path, struct vault_call *call)
{
	size_t before = strcspn(pattern, "*");

	if (!pattern[before])
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, before) != 0)
		return false;
	bool open_ended = strncmp(pattern, "sys/", 4) == 0;
	call->name = path + before;
	call->name_length = open_ended ? strlen(call->name) : strcspn(call->name, "/");
	return call->name_length &&
	       strcmp(call->name + call->name_length, pattern + before + 1) == 0;
}

/*
 * The route for a path and an operation.  *known becomes true when the path exists with another
 * operation.
 */
static const struct route *find_route(const struct route *routes, const char *path,
    enum capability operation, struct vault_call *call, bool *known)
{
	for (const struct route *route = routes; route->path; route++) {
		if (!path_matches(route->path, path, call))
			continue;
		*known = true;
		if (route->operation == operation)
			return route;
	}
	return NULL;
}

/* Encrypting with a key that does not exist would make it, which takes another capability. */
static enum capability capability_for(const struct vault_call *call, const struct route *route)
{
	if (!route || route->answer != vault_encrypt)
		return operation_of(call->request);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): encrypting has a mount */
	for (size_t i = 0; i < call->mount->count; i++)
		if (strlen(call->mount->keys[i].name) == call->name_length &&
		    strncmp(call->mount->keys[i].name, call->name, call->name_length) == 0)
			return CAPABILITY_UPDATE;
	return CAPABILITY_CREATE;
}

static const char *token_of(const struct request *request)
{
	static const char scheme[] = "Bearer ";
	const char *token = request_header(request, "X-Vault-Token");
	const char *authorization = request_header(request, "Authorization");

	if (!token && authorization && strncasecmp(authorization, scheme, strlen(scheme)) == 0)
		token = authorization + strlen(scheme);
	return token && *token ? token : NULL;
}

static int deny(struct vault_call *call)
{
	return vault_refuse(call, 403, "1 error occurred:\n\t* permission denied\n\n");
}

/* True when the token allows the call; else the answer is written. */
static bool authorize(struct vault_call *call, const struct route *route)
{
	const char *token = token_of(call->request);

	if (!token) {
		vault_refuse(call, 403, "permission denied");
		return false;
	}
	call->grant = vault_tokens_find(&call->server->tokens, token);
	if (!call->grant) {
		vault_refuse(
		    call, 403, "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n");
		return false;
	}
	if (!policy_allows(call->grant->policies, call->path, capability_for(call, route))) {
		deny(call);
		return false;
	}
	return true;
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

/* A token for so many uses is spent by each authorized call, whatever comes of it. */
static void count_use(struct vault_call *call)
{
	if (call->grant && call->grant->uses && --call->grant->uses == 0)
		vault_tokens_revoke(&call->server->tokens, call->grant);
}

static int route_call(struct vault_call *call, struct error *err)
{
	enum capability operation = operation_of(call->request);
	bool known = false;
	const struct route *route = find_route(system_routes, call->path, operation, call, &known);

	if (!route && !known && (call->mount = mount_of(call->server, call->path)))
		route = find_route(transit_routes, call->path + strlen(call->mount->path),
		    operation, call, &known);
	unsigned int needs = route ? route->needs : GUARDED;
	if ((needs & NEEDS_UNSEALED) && call->server->sealed)
		return vault_refuse(call, 503, "Vault is sealed");
	if ((needs & NEEDS_TOKEN) && !authorize(call, route))
		return 0;
	int result = route ? route->answer(call, err) : refuse_path(call, known);
	count_use(call);
	return result;
}

/* The first raw control character inside a string of the text, or 0. */
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

/* A JWT with its final newline is what people send: that one fault is told in Vault's own words. */
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

/* 0: *body is the document or NULL; 1: the answer is written. */
static int parse_body(struct vault_call *call, struct json **body)
{
	const struct secret_buffer *text = &call->request->body;
	struct error err = ERROR_INIT;

	if (call->request->too_large) {
		vault_refuse(call, 413, "http: request body too large");
		return 1;
	}
	if (text->length == 0)
		return 0;
	*body = json_parse(text->data, text->length, "body", &err);
	if (!*body)
		return refuse_syntax(call, &err), 1;
	const char *excess = vault_json_excess(*body);
	size_t strings_max = call->server->strings_max;
	if (excess)
		vault_refuse(call, 500, "%s", excess);
	else if (strings_max > 0 && vault_json_strings(*body, JSON_ROOT) > strings_max)
		vault_refuse(call, 400,
		    "refused JSON input due to high complexity: exceeded maximum number of "
		    "strings");
	else if (json_type(*body, JSON_ROOT) != JSON_OBJECT)
		vault_refuse(call, 400, "failed to parse JSON input: the body is no object");
	else
		return 0;
	return 1;
}

int vault_serve(
    void *context, const struct request *request, struct answer *answer, struct error *err)
{
	static const char api[] = "/v1/";
	struct vault_server *server = context;
	struct vault_call call = {.server = server, .request = request, .answer = answer};
	cleanup_json struct json *body = NULL;

	if (strncmp(request->path, api, strlen(api)) != 0)
		return vault_refuse(&call, 404, VAULT_NO_TEXT);
	call.path = request->path + strlen(api);
	if (parse_body(&call, &body) != 0)
		return 0;
	call.body = body;
	pthread_mutex_lock(&server->lock);
	int result = route_call(&call, err);
	pthread_mutex_unlock(&server->lock);
	return result;
}
