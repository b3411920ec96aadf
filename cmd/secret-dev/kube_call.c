/* kube_call: read, create, replace, patch and delete objects; TokenRequest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/kube_server.h"
#include "lib/base/cleanup.h"

#define TOKEN_SECONDS 3600
#define TOKEN_SECONDS_MIN 600

#define MERGE_PATCH "application/merge-patch+json"
#define STRATEGIC_PATCH "application/strategic-merge-patch+json"

/* Return the namespace of the objects, which is "" for kinds without namespaces. */
static const char *namespace_of(const struct kube_call *call)
{
	return call->namespace ? call->namespace : "";
}

static struct kube_object *named_object(const struct kube_call *call)
{
	return kube_store_find(call->store, namespace_of(call), call->name);
}

static int refuse_missing_object(struct kube_call *call)
{
	return kube_refuse_missing(call, call->kind, call->name);
}

static int answer_object(struct kube_call *call, unsigned int status,
    const struct kube_object *object, struct error *err)
{
	struct json_writer writer;

	call->answer->status = status;
	json_writer_init(&writer, &call->answer->body);
	kube_object_write(
	    object, call->kind, kube_wants_metadata(call) ? KUBE_METADATA : KUBE_WHOLE, &writer);
	return json_writer_finish(&writer, err);
}

int kube_object_read(struct kube_call *call, struct error *err)
{
	const struct kube_object *object = named_object(call);

	return object ? answer_object(call, 200, object, err) : refuse_missing_object(call);
}

/* -- checks of the body, which return false after they have refused the call ------------------ */

static json_node metadata_member(const struct kube_call *call, const char *name)
{
	return json_path(call->body, JSON_ROOT, "metadata", name, NULL);
}

static bool has_body(struct kube_call *call)
{
	if (!call->body)
		kube_refuse(call, KUBE_BAD_REQUEST, NULL, "the body of the request was empty");
	return call->body != NULL;
}

/* Check that the namespace and the name in the body match the path. */
static bool has_path_names(struct kube_call *call)
{
	cleanup_free char *namespace = json_strdup(call->body, metadata_member(call, "namespace"));
	cleanup_free char *name = json_strdup(call->body, metadata_member(call, "name"));

	if (namespace && *namespace && strcmp(namespace, namespace_of(call)) != 0)
		kube_refuse(call, KUBE_BAD_REQUEST, NULL,
		    "the namespace of the provided object does not match the namespace sent on the request");
	else if (name && call->name && strcmp(name, call->name) != 0)
		kube_refuse(call, KUBE_BAD_REQUEST, NULL,
		    "the name of the object (%s) does not match the name on the URL (%s)", name,
		    call->name);
	else
		return true;
	return false;
}

static bool has_patch_type(struct kube_call *call)
{
	const char *type = server_request_header(call->request, "Content-Type");
	bool strategic = call->kind->strategic;

	if (type &&
	    (strncmp(type, MERGE_PATCH, strlen(MERGE_PATCH)) == 0 ||
		(strategic && strncmp(type, STRATEGIC_PATCH, strlen(STRATEGIC_PATCH)) == 0)))
		return true;
	kube_refuse(call, KUBE_UNSUPPORTED_MEDIA_TYPE, NULL,
	    "the body of the request was in an unknown format - accepted media types include: %s",
	    strategic ? MERGE_PATCH ", " STRATEGIC_PATCH : MERGE_PATCH);
	return false;
}

/* Check that the patch keeps the name, for which the API server also needs the apiVersion. */
static bool keeps_name(struct kube_call *call)
{
	const json_node members[] = {json_member(call->body, JSON_ROOT, "metadata"),
	    metadata_member(call, "name"), json_member(call->body, JSON_ROOT, "apiVersion")};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (json_type(call->body, members[i]) == JSON_NULL) {
			kube_refuse(call, KUBE_BAD_REQUEST, NULL,
			    "the name of the object (%s based on URL) was undeterminable: name "
			    "must be provided",
			    call->name);
			return false;
		}
	return true;
}

static bool has_patch_body(struct kube_call *call)
{
	if (call->body && json_type(call->body, JSON_ROOT) == JSON_OBJECT)
		return keeps_name(call) && has_path_names(call);
	kube_refuse(call, KUBE_BAD_REQUEST, NULL,
	    "error decoding patch: json: cannot unmarshal into Go value of type "
	    "map[string]interface {}");
	return false;
}

/* Check that the resourceVersion in the body, if any, matches the stored object. */
static bool has_current_version(struct kube_call *call, const struct kube_object *old)
{
	const struct kube_kind *kind = call->kind;
	struct kube_details details = {old->name, kind->resource, NULL};
	cleanup_free char *stated =
	    json_strdup(call->body, metadata_member(call, "resourceVersion"));
	char *end;

	if (!stated || !*stated)
		return true;
	int64_t wanted = strtoll(stated, &end, 10);
	if (!*end && wanted == old->revision)
		return true;
	if (*end)
		kube_refuse(call, KUBE_BAD_REQUEST, NULL, "invalid resourceVersion \"%s\"", stated);
	else
		kube_refuse(call, KUBE_CONFLICT, &details,
		    "Operation cannot be fulfilled on %s \"%s\": the object has been modified; "
		    "please apply your changes to the latest version and try again",
		    kube_qualify(kind, kind->resource).text, old->name);
	return false;
}

/* -- changes ---------------------------------------------------------------------------------- */

/* Store a valid object and answer with it.  Takes ownership of `changed`; `old` may be NULL. */
static int store_object(struct kube_call *call, struct kube_object *changed,
    const struct kube_object *old, struct error *err)
{
	unsigned int status = old ? 200 : 201;

	/* As in etcd, a change without effect does not create a revision. */
	bool same = old && kube_object_equal(changed, old);
	if (same || call->dry_run) {
		changed->revision = old ? old->revision : 0;
		int result = answer_object(call, status, changed, err);
		kube_object_free(changed);
		return result;
	}
	if (kube_store_put(call->store, changed, err) < 0) {
		kube_object_free(changed);
		return -1;
	}
	changed->revision = ++call->server->revision;
	return answer_object(call, status, changed, err);
}

/* Apply the body to `changed`, and store it.  Takes ownership of `changed`. */
static int change_object(struct kube_call *call, struct kube_object *changed,
    const struct kube_object *old, struct error *err)
{
	struct kube_fault fault;
	int result = -1;

	if (kube_object_merge(changed, call->kind, call->body, err) < 0)
		result = err->code == ERROR_INVALID
			     ? kube_refuse(call, KUBE_BAD_REQUEST, NULL, "%s", err->message)
			     : -1;
	else if (kube_object_check(changed, call->kind, old, &fault, err) < 0)
		result = -1;
	else if (fault.reason)
		result = kube_refuse_invalid(
		    call, kube_qualify(call->kind, call->kind->kind).text, changed->name, &fault);
	else
		return store_object(call, changed, old, err);
	kube_object_free(changed);
	return result;
}

int kube_object_create(struct kube_call *call, struct error *err)
{
	static const struct kube_fault unnamed = {"FieldValueRequired", "metadata.name",
	    "Required value: name or generateName is required"};
	const struct kube_kind *kind = call->kind;
	struct kube_store *namespaces = &call->server->stores[KUBE_NAMESPACE];

	if (!has_body(call) || !has_path_names(call))
		return 0;
	if (call->namespace && !kube_store_find(namespaces, "", call->namespace))
		return kube_refuse_missing(call, &kube_kinds[KUBE_NAMESPACE], call->namespace);
	cleanup_free char *name = json_strdup(call->body, metadata_member(call, "name"));
	if (!name || !*name)
		return kube_refuse_invalid(call, kube_qualify(kind, kind->kind).text, "", &unnamed);
	if (kube_store_find(call->store, namespace_of(call), name)) {
		struct kube_details details = {name, kind->resource, NULL};

		return kube_refuse(call, KUBE_ALREADY_EXISTS, &details, "%s \"%s\" already exists",
		    kube_qualify(kind, kind->resource).text, name);
	}
	struct kube_object *object = kube_object_new(namespace_of(call), name, err);
	return object ? change_object(call, object, NULL, err) : -1;
}

/* Apply the body to the stored object or, to replace that, to an object with only its identity. */
static int update_object(
    struct kube_call *call, const struct kube_object *old, bool replace, struct error *err)
{
	struct kube_object *changed = kube_object_new(old->namespace, old->name, err);

	if (!changed)
		return -1;
	memcpy(changed->uid, old->uid, UUID_SIZE);
	changed->created_s = old->created_s;
	if (replace)
		return change_object(call, changed, old, err);
	secret_buffer_reset(&changed->metadata);
	secret_buffer_reset(&changed->fields);
	if (secret_buffer_append(
		&changed->metadata, old->metadata.data, old->metadata.length, err) == 0 &&
	    secret_buffer_append(&changed->fields, old->fields.data, old->fields.length, err) == 0)
		return change_object(call, changed, old, err);
	kube_object_free(changed);
	return -1;
}

int kube_object_replace(struct kube_call *call, struct error *err)
{
	if (!has_body(call))
		return 0;
	const struct kube_object *old = named_object(call);
	if (!old)
		return refuse_missing_object(call);
	if (!has_path_names(call) || !has_current_version(call, old))
		return 0;
	return update_object(call, old, true, err);
}

int kube_object_patch(struct kube_call *call, struct error *err)
{
	if (!has_patch_type(call))
		return 0;
	const struct kube_object *old = named_object(call);
	if (!old)
		return refuse_missing_object(call);
	if (!has_patch_body(call) || !has_current_version(call, old))
		return 0;
	return update_object(call, old, false, err);
}

int kube_object_delete(struct kube_call *call, struct error *err)
{
	struct kube_object *object = named_object(call);

	if (!object)
		return refuse_missing_object(call);
	int result = json_format_append(&call->answer->body, err,
	    "{'kind':'Status','apiVersion':'v1','metadata':{},'status':'Success',"
	    "'details':{'name':%s,'kind':%s,'uid':%s}}",
	    object->name, call->kind->resource, object->uid);
	if (!call->dry_run) {
		kube_store_remove(call->store, object);
		call->server->revision++;
	}
	return result;
}

/* -- TokenRequest ----------------------------------------------------------------------------- */

static int answer_token(struct kube_call *call, const struct kube_identity *identity,
    const char *audience, int64_t lifetime_s, struct error *err)
{
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	int64_t now = time(NULL);

	if (kube_token_make(
		&call->server->token_key, identity, audience, now + lifetime_s, &jwt, err) < 0)
		return -1;
	call->answer->status = 201;
	return json_format_append(&call->answer->body, err,
	    "{'kind':'TokenRequest','apiVersion':'authentication.k8s.io/v1',"
	    "'metadata':{'name':%s,'namespace':%s,'uid':%s,'creationTimestamp':%s},"
	    "'spec':{'audiences':[%s],'expirationSeconds':%" PRId64 ",'boundObjectRef':null},"
	    "'status':{'token':%s,'expirationTimestamp':%s}}",
	    identity->service_account, identity->namespace, identity->uid, kube_time(now).text,
	    audience, lifetime_s, jwt.data, kube_time(now + lifetime_s).text);
}

static int refuse_lifetime(struct kube_call *call, int64_t lifetime_s)
{
	struct kube_fault fault = {.reason = NULL};
	struct kube_details details = {NULL, "TokenRequest", &fault};

	kube_fault_set(&fault, "FieldValueInvalid", "spec.expirationSeconds",
	    "Invalid value: %" PRId64 ": may not specify a duration less than 10 minutes",
	    lifetime_s);
	return kube_refuse(call, KUBE_INVALID, &details,
	    "TokenRequest.authentication.k8s.io \"\" is invalid: %s: %s", fault.field,
	    fault.message);
}

int kube_token_create(struct kube_call *call, struct error *err)
{
	struct kube_identity identity =
	    kube_account_identity(call->server, call->namespace, call->name);
	json_node spec = call->body ? json_member(call->body, JSON_ROOT, "spec") : JSON_ABSENT;
	int64_t lifetime_s = json_integer(
	    call->body, json_member(call->body, spec, "expirationSeconds"), TOKEN_SECONDS);

	if (!identity.uid)
		return refuse_missing_object(call);
	if (lifetime_s < TOKEN_SECONDS_MIN)
		return refuse_lifetime(call, lifetime_s);
	/* The programs request one audience; further audiences are ignored. */
	cleanup_free char *audience = json_strdup(
	    call->body, json_first(call->body, json_member(call->body, spec, "audiences")));
	return answer_token(call, &identity, audience ? audience : KUBE_AUDIENCE, lifetime_s, err);
}
