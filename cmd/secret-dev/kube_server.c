#include "cmd/secret-dev/kube_server.h"

#include <openssl/mem.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/kube_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/strings.h"

#define ADMIN_TOKEN_BYTES 32
/* Where a young cluster stands: older revisions are compacted. */
#define FIRST_REVISION 200

enum route_needs {
	FOR_ANYBODY,	   /* even without a token */
	FOR_AUTHENTICATED, /* what more it takes, the answering function knows */
};

static const struct route {
	enum method method;
	const char *path;
	enum route_needs needs;
	kube_answerer answer;
} routes[] = {
    {METHOD_GET, "/version", FOR_ANYBODY, kube_version_read},
    {METHOD_GET, "/readyz", FOR_ANYBODY, kube_ready_read},
    {METHOD_GET, "/livez", FOR_ANYBODY, kube_ready_read},
    {METHOD_GET, "/healthz", FOR_ANYBODY, kube_ready_read},
    {METHOD_GET, "/api", FOR_AUTHENTICATED, kube_api_versions},
    {METHOD_GET, "/apis", FOR_AUTHENTICATED, kube_api_groups},
    {METHOD_GET, "/api/v1", FOR_AUTHENTICATED, kube_api_resources},
    {METHOD_GET, "/api/v1/namespaces", FOR_AUTHENTICATED, kube_namespaces_list},
    {METHOD_POST, "/api/v1/namespaces", FOR_AUTHENTICATED, kube_namespace_post},
    {METHOD_GET, "/api/v1/namespaces/{name}", FOR_AUTHENTICATED, kube_namespace_read},
    {METHOD_GET, "/api/v1/secrets", FOR_AUTHENTICATED, kube_secrets_list},
    {METHOD_GET, "/api/v1/namespaces/{namespace}/secrets", FOR_AUTHENTICATED, kube_secrets_list},
    {METHOD_POST, "/api/v1/namespaces/{namespace}/secrets", FOR_AUTHENTICATED, kube_secret_post},
    {METHOD_GET, "/api/v1/namespaces/{namespace}/secrets/{name}", FOR_AUTHENTICATED,
	kube_secret_read},
    {METHOD_PUT, "/api/v1/namespaces/{namespace}/secrets/{name}", FOR_AUTHENTICATED,
	kube_secret_put},
    {METHOD_PATCH, "/api/v1/namespaces/{namespace}/secrets/{name}", FOR_AUTHENTICATED,
	kube_secret_patch},
    {METHOD_DELETE, "/api/v1/namespaces/{namespace}/secrets/{name}", FOR_AUTHENTICATED,
	kube_secret_delete},
    {METHOD_GET, "/api/v1/configmaps", FOR_AUTHENTICATED, kube_config_maps_list},
    {METHOD_GET, "/api/v1/namespaces/{namespace}/configmaps", FOR_AUTHENTICATED,
	kube_config_maps_list},
    {METHOD_POST, "/api/v1/namespaces/{namespace}/configmaps", FOR_AUTHENTICATED,
	kube_config_map_post},
    {METHOD_GET, "/api/v1/namespaces/{namespace}/configmaps/{name}", FOR_AUTHENTICATED,
	kube_config_map_read},
    {METHOD_DELETE, "/api/v1/namespaces/{namespace}/configmaps/{name}", FOR_AUTHENTICATED,
	kube_config_map_delete},
    {METHOD_GET, "/api/v1/namespaces/{namespace}/serviceaccounts/{name}", FOR_AUTHENTICATED,
	kube_account_read},
    {METHOD_POST, "/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", FOR_AUTHENTICATED,
	kube_token_post},
};

/* What a kind is served with that has no functions of its own. */
#define RESOURCE(api, resource, kind)                                                              \
	{{METHOD_GET, api "/" resource, FOR_AUTHENTICATED, kube_resources_list}, &(kind)},         \
	    {{METHOD_GET, api "/namespaces/{namespace}/" resource, FOR_AUTHENTICATED,              \
		 kube_resources_list},                                                             \
		&(kind)},                                                                          \
	    {{METHOD_POST, api "/namespaces/{namespace}/" resource, FOR_AUTHENTICATED,             \
		 kube_resource_post},                                                              \
		&(kind)},                                                                          \
	    {{METHOD_GET, api "/namespaces/{namespace}/" resource "/{name}", FOR_AUTHENTICATED,    \
		 kube_resource_read},                                                              \
		&(kind)},                                                                          \
	    {{METHOD_PATCH, api "/namespaces/{namespace}/" resource "/{name}", FOR_AUTHENTICATED,  \
		 kube_resource_patch},                                                             \
		&(kind)},                                                                          \
	{                                                                                          \
		{METHOD_DELETE, api "/namespaces/{namespace}/" resource "/{name}",                 \
		    FOR_AUTHENTICATED, kube_resource_delete},                                      \
		    &(kind)                                                                        \
	}

static const struct resource_route {
	struct route route;
	const struct kube_kind *kind;
} resource_routes[] = {
    RESOURCE("/apis/coordination.k8s.io/v1", "leases", kube_lease_kind),
    RESOURCE("/api/v1", "events", kube_event_kind),
    RESOURCE("/apis/apps/v1", "deployments", kube_deployment_kind),
    RESOURCE("/apis/apps/v1", "statefulsets", kube_stateful_set_kind),
    RESOURCE("/apis/apps/v1", "daemonsets", kube_daemon_set_kind),
    RESOURCE("/apis/batch/v1", "jobs", kube_job_kind),
    RESOURCE("/apis/batch/v1", "cronjobs", kube_cron_job_kind),
    RESOURCE("/api/v1", "pods", kube_pod_kind),
};

int kube_server_init(struct kube_server *server, struct error *err)
{
	memset(server, 0, sizeof(*server));
	pthread_mutex_init(&server->lock, NULL);
	server->revision = server->compacted = FIRST_REVISION;
	if (kube_tokens_init(&server->tokens, err) < 0)
		return -1;
	return random_token(&server->admin_token, "", ADMIN_TOKEN_BYTES, err);
}

void kube_server_free(struct kube_server *server)
{
	for (size_t i = 0; i < server->secret_count; i++)
		stored_secret_free(server->secrets[i]);
	free(server->secrets);
	for (size_t i = 0; i < server->config_map_count; i++)
		stored_config_map_free(server->config_maps[i]);
	free(server->config_maps);
	for (size_t i = 0; i < KUBE_KINDS; i++)
		stored_resources_free(&server->resources[i]);
	for (size_t i = 0; i < server->namespace_count; i++)
		free(server->namespaces[i].name);
	free(server->namespaces);
	free(server->accounts);
	kube_tokens_free(&server->tokens);
	secret_buffer_free(&server->admin_token);
	pthread_mutex_destroy(&server->lock);
}

int kube_namespace_add(struct kube_server *server, const char *name, struct error *err)
{
	struct stored_namespace *grown =
	    reallocarray(server->namespaces, server->namespace_count + 1, sizeof(*grown));

	if (!grown)
		return error_memory(err);
	server->namespaces = grown;
	struct stored_namespace *added = &grown[server->namespace_count];
	*added = (struct stored_namespace){.name = strdup(name), .created_s = time(NULL)};
	if (!added->name)
		return error_memory(err);
	random_uuid(added->uid);
	added->revision = ++server->revision;
	server->namespace_count++;
	return 0;
}

struct stored_namespace *kube_namespace_find(struct kube_server *server, const char *name)
{
	for (size_t i = 0; i < server->namespace_count; i++)
		if (strcmp(server->namespaces[i].name, name) == 0)
			return &server->namespaces[i];
	return NULL;
}

int kube_account_add(
    struct kube_server *server, const char *namespace, const char *name, struct error *err)
{
	struct stored_account *grown =
	    reallocarray(server->accounts, server->account_count + 1, sizeof(*grown));

	if (!grown)
		return error_memory(err);
	server->accounts = grown;
	grown[server->account_count] =
	    (struct stored_account){.namespace = namespace, .name = name};
	random_uuid(grown[server->account_count++].uid);
	return 0;
}

const struct stored_account *kube_account_find(
    const struct kube_server *server, const char *namespace, const char *name)
{
	for (size_t i = 0; i < server->account_count; i++)
		if (strcmp(server->accounts[i].namespace, namespace) == 0 &&
		    strcmp(server->accounts[i].name, name) == 0)
			return &server->accounts[i];
	return NULL;
}

/* The part of the call that a placeholder fills. */
static char **placeholder(struct kube_call *call, const char **pattern)
{
	static const char namespace[] = "{namespace}", name[] = "{name}";

	if (strncmp(*pattern, namespace, strlen(namespace)) == 0) {
		*pattern += strlen(namespace);
		return &call->namespace;
	}
	if (strncmp(*pattern, name, strlen(name)) == 0) {
		*pattern += strlen(name);
		return &call->name;
	}
	return NULL;
}

static void forget_names(struct kube_call *call)
{
	free(call->namespace);
	free(call->name);
	call->namespace = call->name = NULL;
}

static bool path_matches(struct kube_call *call, const char *pattern)
{
	const char *path = call->request->path;

	forget_names(call);
	while (*pattern) {
		char **part = placeholder(call, &pattern);

		if (!part) {
			if (*path++ != *pattern++)
				return false;
			continue;
		}
		size_t length = strcspn(path, "/");
		if (length == 0 || !(*part = strndup(path, length)))
			return false;
		path += length;
	}
	return *path == '\0';
}

/* The path is the route's: *known.  True when the method is, too. */
static bool route_matches(struct kube_call *call, const struct route *route, bool *known)
{
	if (!path_matches(call, route->path))
		return false;
	*known = true;
	return route->method == call->request->method;
}

static const struct route *find_route(struct kube_call *call, bool *known)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (route_matches(call, &routes[i], known))
			return &routes[i];
	for (size_t i = 0; i < sizeof(resource_routes) / sizeof(*resource_routes); i++) {
		if (!route_matches(call, &resource_routes[i].route, known))
			continue;
		call->kind = resource_routes[i].kind;
		return &resource_routes[i].route;
	}
	return NULL;
}

static int refuse_path(struct kube_call *call, bool known, struct error *err)
{
	static const char none[] = "404 page not found\n", api[] = "/api/";

	if (known)
		return kube_refuse(call,
		    &(struct kube_status){405, "MethodNotAllowed", NULL, NULL, NULL},
		    "the server does not allow this method on the requested resource");
	if (!call->admin)
		return kube_refuse(call, &(struct kube_status){403, "Forbidden", NULL, NULL, NULL},
		    "forbidden: User \"%s\" cannot get path \"%s\"", call->user,
		    call->request->path);
	if (strncmp(call->request->path, api, strlen(api)) == 0)
		return kube_refuse(call, &(struct kube_status){404, "NotFound", NULL, NULL, NULL},
		    "the server could not find the requested resource");
	call->answer->status = 404;
	call->answer->content_type = "text/plain; charset=utf-8";
	return secret_buffer_append_string(&call->answer->body, none, err);
}

/* A part of the API that would be ignored here must not look as if it were honoured. */
static const char *unserved_parameter(const struct request *request)
{
	static const char *const names[] = {"watch", "fieldSelector"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = request_query(request, names[i]);

		if (value && *value && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
			return names[i];
	}
	return NULL;
}

/* dryRun=All is for what writes Secrets; 1: refused and answered. */
static int check_dry_run(struct kube_call *call, const struct route *route)
{
	const char *value = request_query(call->request, "dryRun");
	bool served = route->answer == kube_secret_post || route->answer == kube_secret_put ||
		      route->answer == kube_secret_patch;

	if (!value)
		return 0;
	call->dry_run = strcmp(value, "All") == 0;
	if (!call->dry_run)
		kube_refuse(call, &(struct kube_status){422, "Invalid", NULL, NULL, NULL},
		    "dryRun: Unsupported value: [\"%s\"]: supported values: \"All\"", value);
	else if (!served)
		kube_bad_request(call, "secret-dev serves dryRun for writing Secrets only");
	else
		return 0;
	return 1;
}

static const char *token_of(const struct request *request)
{
	static const char scheme[] = "Bearer ";
	const char *authorization = request_header(request, "Authorization");

	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return NULL;
	return authorization + strlen(scheme);
}

static bool is_admin(const struct kube_server *server, const char *token)
{
	return strlen(token) == server->admin_token.length &&
	       CRYPTO_memcmp(token, server->admin_token.data, server->admin_token.length) == 0;
}

/* Whose token it is: 0, or -1 when it is nobody's (any more). */
static int authenticate_account(
    struct kube_call *call, const char *token, char **user, struct error *err)
{
	struct kube_claims claims;
	const struct stored_account *account = NULL;

	if (kube_token_read(token, &claims, err) < 0)
		return -1;
	if (strcmp(claims.audience, KUBE_AUDIENCE) == 0 &&
	    kube_token_is_valid(&call->server->tokens, token, &claims))
		account = kube_account_find(call->server, claims.namespace, claims.service_account);
	kube_claims_free(&claims);
	if (!account)
		return -1;
	call->account = account->name;
	*user =
	    string_format(err, "system:serviceaccount:%s:%s", account->namespace, account->name);
	return *user ? 0 : -1;
}

/* Fill in the user; *user is what is to be freed.  1: refused and answered. */
static int authenticate(struct kube_call *call, char **user)
{
	const char *token = token_of(call->request);
	struct error ignored = ERROR_INIT;

	call->user = "system:anonymous";
	if (!token)
		return 0;
	if (is_admin(call->server, token)) {
		call->admin = true;
		call->user = "admin";
		return 0;
	}
	if (authenticate_account(call, token, user, &ignored) == 0) {
		call->user = *user;
		return 0;
	}
	kube_refuse(
	    call, &(struct kube_status){401, "Unauthorized", NULL, NULL, NULL}, "Unauthorized");
	return 1;
}

/* 0: *body is the document or NULL; 1: the answer is written. */
static int parse_body(struct kube_call *call, struct json **body)
{
	const struct secret_buffer *text = &call->request->body;
	struct error err = ERROR_INIT;

	if (call->request->too_large)
		return kube_refuse(call,
			   &(struct kube_status){413, "RequestEntityTooLarge", NULL, NULL, NULL},
			   "Request entity too large: limit is %zu", KUBE_BODY_MAX),
		       1;
	if (text->length == 0)
		return 0;
	const char *type = request_header(call->request, "Content-Type");
	if (type && strcmp(type, "application/vnd.kubernetes.protobuf") == 0) {
		kube_refuse(call,
		    &(struct kube_status){415, "UnsupportedMediaType", NULL, NULL, NULL},
		    "the body of the request was in an unknown format - accepted media types "
		    "include: application/json");
		return 1;
	}
	*body = json_parse(text->data, text->length, "body", &err);
	if (*body)
		return 0;
	kube_bad_request(call, "%s: %s",
	    call->request->method == METHOD_PATCH ? "error decoding patch"
						  : "the object provided is unrecognized",
	    err.message);
	return 1;
}

static int route_call(struct kube_call *call, struct error *err)
{
	const char *unserved = unserved_parameter(call->request);
	bool known = false;
	const struct route *route = find_route(call, &known);

	if (!route)
		return refuse_path(call, known, err);
	if (unserved)
		return kube_bad_request(
		    call, "secret-dev does not serve the parameter %s", unserved);
	if (check_dry_run(call, route))
		return 0;
	if (route->needs == FOR_AUTHENTICATED && !call->admin && !call->account && !call->name &&
	    !call->namespace && route->answer != kube_secrets_list &&
	    route->answer != kube_config_maps_list && !call->kind)
		return refuse_path(call, false, err);
	pthread_mutex_lock(&call->server->lock);
	int result = route->answer(call, err);
	pthread_mutex_unlock(&call->server->lock);
	return result;
}

int kube_serve(
    void *server, const struct request *request, struct answer *answer, struct error *err)
{
	struct kube_call call = {.server = server, .request = request, .answer = answer};
	cleanup_json struct json *body = NULL;
	cleanup_free char *user = NULL;

	if (authenticate(&call, &user) != 0 || parse_body(&call, &body) != 0)
		return 0;
	call.body = body;
	int result = route_call(&call, err);
	forget_names(&call);
	return result;
}
