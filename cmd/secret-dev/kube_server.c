#include "cmd/secret-dev/kube_server.h"

#include <ctype.h>
#include <openssl/mem.h>
#include <stdio.h>
#include <string.h>

/* -- discovery -------------------------------------------------------------------------------- */

static void write_resource(const struct kube_kind *kind, struct json_writer *writer)
{
	char singular[64] = "";

	for (size_t i = 0; kind->kind[i]; i++)
		singular[i] = (char)tolower((unsigned char)kind->kind[i]);
	json_write_object(writer);
	json_format(writer, "'name':%s,'singularName':%s,'namespaced':%d,'kind':%s,",
	    kind->resource, singular, !kind->cluster, kind->kind);
	if (kind->short_name)
		json_format(writer, "'shortNames':[%s],", kind->short_name);
	json_write_name(writer, "verbs");
	json_write_array(writer);
	for (unsigned int verb = KUBE_GET; verb <= KUBE_DELETE; verb <<= 1)
		if (kind->verbs & verb)
			json_write_string(writer, kube_verb_name(verb));
	json_write_array_end(writer);
	json_write_object_end(writer);
}

static int answer_resources(struct kube_call *call, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	json_format(&writer, "'kind':'APIResourceList','groupVersion':'v1',");
	json_write_name(&writer, "resources");
	json_write_array(&writer);
	for (size_t i = 0; i < KUBE_KINDS; i++)
		if (!*kube_kinds[i].group)
			write_resource(&kube_kinds[i], &writer);
	json_format(&writer, ",{'name':'serviceaccounts/token','singularName':'','namespaced':true,"
			     "'group':'authentication.k8s.io','version':'v1','kind':'TokenRequest',"
			     "'verbs':['create']}");
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

/* -- routes ----------------------------------------------------------------------------------- */

struct kube_route {
	struct route route;
	enum kube_verb verb; /* 0: not about an object */
	int (*answer)(struct kube_call *call, struct error *err);
	const char *text; /* a constant answer, or NULL */
	bool open;	  /* also for clients without a token */
};

/* clang-format off */
#define TEXT(path, open, text) {{METHOD_GET, path}, 0, NULL, text, open}
#define CALL(method, pattern, verb, answer) {{method, pattern}, verb, answer, NULL, false}
#define OBJECTS "/namespaces/{namespace}/{resource}"
#define OBJECT_CALLS(api) \
	CALL(METHOD_GET, api "/{resource}", KUBE_LIST, kube_object_list), \
	CALL(METHOD_POST, api "/{resource}", KUBE_CREATE, kube_object_create), \
	CALL(METHOD_GET, api "/{resource}/{name}", KUBE_GET, kube_object_read), \
	CALL(METHOD_GET, api OBJECTS, KUBE_LIST, kube_object_list), \
	CALL(METHOD_POST, api OBJECTS, KUBE_CREATE, kube_object_create), \
	CALL(METHOD_GET, api OBJECTS "/{name}", KUBE_GET, kube_object_read), \
	CALL(METHOD_PUT, api OBJECTS "/{name}", KUBE_UPDATE, kube_object_replace), \
	CALL(METHOD_PATCH, api OBJECTS "/{name}", KUBE_PATCH, kube_object_patch), \
	CALL(METHOD_DELETE, api OBJECTS "/{name}", KUBE_DELETE, kube_object_delete)

static const struct kube_route routes[] = {
	TEXT("/version", true, "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.3\","
		"\"gitCommit\":\"\",\"gitTreeState\":\"clean\",\"buildDate\":\"\","
		"\"goVersion\":\"\",\"compiler\":\"\",\"platform\":\"\"}"),
	TEXT("/readyz", true, "ok"),
	TEXT("/livez", true, "ok"),
	TEXT("/healthz", true, "ok"),
	TEXT("/api", false, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],"
		"\"serverAddressByClientCIDRs\":[]}"),
	TEXT("/apis", false, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[]}"),
	CALL(METHOD_GET, "/api/v1", 0, answer_resources),
	CALL(METHOD_POST, "/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token",
		KUBE_CREATE, kube_token_create),
	OBJECT_CALLS("/api/v1"),
	OBJECT_CALLS("/apis/{group}/v1"),
};
/* clang-format on */

static int answer_text(struct kube_call *call, const char *text, struct error *err)
{
	if (*text != '{')
		call->answer->content_type = "text/plain; charset=utf-8";
	return secret_buffer_append_string(&call->answer->body, text, err);
}

/* Set the kind and the names from the path.  Return false if the path does not exist. */
static bool resolve_object(struct kube_call *call)
{
	const struct route_values *values = &call->values;
	const char *resource = values->resource ? values->resource : "serviceaccounts";

	call->kind = kube_kind_find(values->group ? values->group : "", resource);
	if (!call->kind ||
	    (call->kind->cluster ? values->namespace != NULL : values->name && !values->namespace))
		return false;
	call->store = &call->server->stores[call->kind - kube_kinds];
	call->namespace = values->namespace;
	call->name = values->name;
	return true;
}

/* Return whether the kind is served.  Without a namespace, only lists and cluster kinds are. */
static bool is_served(const struct kube_call *call, const struct kube_route *route)
{
	if (route->answer == kube_token_create)
		return true;
	return (call->kind->verbs & route->verb) &&
	       (call->namespace || call->kind->cluster || route->verb == KUBE_LIST);
}

static int answer_object(struct kube_call *call, const struct kube_route *route, struct error *err)
{
	const char *resource =
	    route->answer == kube_token_create ? "serviceaccounts/token" : call->kind->resource;

	call->verb = route->verb;
	if (call->admin || (call->account && kube_access(call->account, call->verb, resource,
						 call->namespace, call->name)))
		return route->answer(call, err);
	return kube_refuse_forbidden(call, resource);
}

/* Return a parameter that is not supported, or NULL.  Ignoring it would give wrong results. */
static const char *unserved_parameter(const struct server_request *request)
{
	static const char *const names[] = {"watch", "fieldSelector"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = server_request_query(request, names[i]);

		if (value && *value && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
			return names[i];
	}
	return NULL;
}

/* Return whether the options in the body of a deletion request a dry run. */
static bool is_dry_deletion(const struct kube_call *call)
{
	if (call->request->method != METHOD_DELETE || !call->body)
		return false;
	json_node dry_run = json_member(call->body, JSON_ROOT, "dryRun");
	return json_string_is(call->body, json_first(call->body, dry_run), "All");
}

static int answer_call(struct kube_call *call, struct error *err)
{
	const char *dry_run = server_request_query(call->request, "dryRun");
	const char *unserved = unserved_parameter(call->request);
	bool known = false;
	const struct kube_route *route =
	    route_find(routes, sizeof(*routes), sizeof(routes) / sizeof(*routes),
		call->request->method, call->request->path, &call->values, &known);

	if ((!route && !known) || (route && route->verb && !resolve_object(call)))
		return kube_refuse_path(call, err);
	if (!route || (route->verb && !is_served(call, route)))
		return kube_refuse(call, KUBE_METHOD_NOT_ALLOWED, NULL,
		    "the server does not allow this method on the requested resource");
	if (unserved)
		return kube_refuse(call, KUBE_BAD_REQUEST, NULL,
		    "secret-dev does not serve the parameter %s", unserved);
	call->dry_run = dry_run || is_dry_deletion(call);
	if (dry_run && strcmp(dry_run, "All") != 0)
		return kube_refuse(call, KUBE_INVALID, NULL,
		    "dryRun: Unsupported value: [\"%s\"]: supported values: \"All\"", dry_run);
	if (route->verb)
		return answer_object(call, route, err);
	if (!route->open && !call->admin && !call->account)
		return kube_refuse_path(call, err);
	return route->text ? answer_text(call, route->text, err) : route->answer(call, err);
}

/* -- users and bodies ------------------------------------------------------------------------- */

static bool is_admin(const struct kube_server *server, const char *token)
{
	return strlen(token) == server->admin_token.length &&
	       CRYPTO_memcmp(token, server->admin_token.data, server->admin_token.length) == 0;
}

/* Return whether the token is valid for a service account.  If so, set the user. */
static bool authenticate_account(struct kube_call *call, const char *token)
{
	cleanup_claims struct kube_claims claims = {NULL};
	struct error ignored = ERROR_INIT;

	if (kube_token_read(token, &claims, &ignored) < 0 ||
	    strcmp(claims.audience, KUBE_AUDIENCE) != 0 ||
	    !kube_token_is_valid(&call->server->token_key, token, &claims) ||
	    !kube_account_identity(call->server, claims.namespace, claims.service_account).uid)
		return false;
	snprintf(call->user, sizeof(call->user), "system:serviceaccount:%s:%s", claims.namespace,
	    claims.service_account);
	call->account = strrchr(call->user, ':') + 1;
	return true;
}

/* Set the user.  Return false after the token was refused. */
static bool authenticate(struct kube_call *call)
{
	const char *token = server_request_token(call->request);

	if (!token) {
		snprintf(call->user, sizeof(call->user), "system:anonymous");
		return true;
	}
	call->admin = is_admin(call->server, token);
	if (call->admin)
		snprintf(call->user, sizeof(call->user), "admin");
	else if (!authenticate_account(call, token))
		return kube_refuse(call, KUBE_UNAUTHORIZED, NULL, "Unauthorized"), false;
	return true;
}

/* Set *body to the parsed body, or NULL if it is empty.  Return 0, or 1 after it was refused. */
static int parse_body(struct kube_call *call, struct json **body)
{
	const struct secret_buffer *text = &call->request->body;
	const char *type = server_request_header(call->request, "Content-Type");
	struct error err = ERROR_INIT;

	if (call->request->too_large) {
		kube_refuse(call, KUBE_TOO_LARGE, NULL, "Request entity too large: limit is %zu",
		    KUBE_BODY_MAX);
		return 1;
	}
	if (text->length == 0)
		return 0;
	if (type && strcmp(type, "application/vnd.kubernetes.protobuf") == 0) {
		kube_refuse(call, KUBE_UNSUPPORTED_MEDIA_TYPE, NULL,
		    "the body of the request was in an unknown format - accepted media types "
		    "include: application/json");
		return 1;
	}
	*body = json_parse(text->data, text->length, "body", &err);
	if (*body)
		return 0;
	kube_refuse(call, KUBE_BAD_REQUEST, NULL, "%s: %s",
	    call->request->method == METHOD_PATCH ? "error decoding patch"
						  : "the object provided is unrecognized",
	    err.message);
	return 1;
}

int kube_serve(void *server, const struct server_request *request, struct server_answer *answer,
    struct error *err)
{
	struct kube_call call = {.server = server, .request = request, .answer = answer};
	cleanup_json struct json *body = NULL;

	if (!authenticate(&call) || parse_body(&call, &body) != 0)
		return 0;
	call.body = body;
	int result = answer_call(&call, err);
	route_values_free(&call.values);
	return result;
}
