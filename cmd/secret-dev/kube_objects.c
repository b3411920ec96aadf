/* kube_objects: namespaces, service accounts and TokenRequest. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/secret-dev/kube_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

#define TOKEN_SECONDS 3600
#define TOKEN_SECONDS_MIN 600

static void write_metadata(struct json_writer *writer, const char *namespace, const char *name,
    const char *uid, int64_t created_s)
{
	char created[KUBE_TIME_SIZE];

	kube_time(created_s, created);
	json_write_name(writer, "metadata");
	json_write_object(writer);
	json_write_member(writer, "name", name);
	if (namespace)
		json_write_member(writer, "namespace", namespace);
	json_write_member(writer, "uid", uid);
	json_write_member(writer, "creationTimestamp", created);
}

static void write_namespace(
    const struct stored_namespace *namespace, bool item, struct json_writer *writer)
{
	char revision[24];

	snprintf(revision, sizeof(revision), "%" PRId64, namespace->revision);
	json_write_object(writer);
	if (!item) {
		json_write_member(writer, "kind", "Namespace");
		json_write_member(writer, "apiVersion", "v1");
	}
	write_metadata(writer, NULL, namespace->name, namespace->uid, namespace->created_s);
	json_write_member(writer, "resourceVersion", revision);
	json_write_name(writer, "labels");
	json_write_object(writer);
	json_write_member(writer, "kubernetes.io/metadata.name", namespace->name);
	json_write_object_end(writer);
	json_write_object_end(writer);
	json_write_name(writer, "status");
	json_write_object(writer);
	json_write_member(writer, "phase", "Active");
	json_write_object_end(writer);
	json_write_object_end(writer);
}

static int answer_namespace(
    struct kube_call *call, unsigned int status, const char *name, struct error *err)
{
	struct json_writer writer;

	call->answer->status = status;
	json_writer_init(&writer, &call->answer->body);
	write_namespace(kube_namespace_find(call->server, name), false, &writer);
	return json_writer_finish(&writer, err);
}

int kube_namespace_read(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "get", "namespaces", call->name))
		return 0;
	if (!kube_namespace_find(call->server, call->name))
		return kube_not_found(call, "namespaces", call->name);
	return answer_namespace(call, 200, call->name, err);
}

int kube_namespaces_list(struct kube_call *call, struct error *err)
{
	struct json_writer writer;

	if (!kube_allowed(call, "list", "namespaces", NULL))
		return 0;
	json_writer_init(&writer, &call->answer->body);
	kube_write_head(&writer, "NamespaceList");
	json_write_name(&writer, "items");
	json_write_array(&writer);
	for (size_t i = 0; i < call->server->namespace_count; i++)
		write_namespace(&call->server->namespaces[i], true, &writer);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

int kube_namespace_post(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "create", "namespaces", NULL))
		return 0;
	cleanup_free char *name = json_strdup(call->body,
	    call->body ? json_path(call->body, JSON_ROOT, "metadata", "name", NULL) : JSON_ABSENT);
	if (!name || !*name)
		return kube_bad_request(call, "the namespace has no metadata.name");
	if (kube_namespace_find(call->server, name))
		return kube_refuse(call,
		    &(struct kube_status){409, "AlreadyExists", name, "namespaces", NULL},
		    "namespaces \"%s\" already exists", name);
	if (kube_namespace_add(call->server, name, err) < 0)
		return -1;
	return answer_namespace(call, 201, name, err);
}

int kube_account_read(struct kube_call *call, struct error *err)
{
	struct json_writer writer;

	if (!kube_allowed(call, "get", "serviceaccounts", call->name))
		return 0;
	const struct stored_account *account =
	    kube_account_find(call->server, call->namespace, call->name);
	if (!account)
		return kube_not_found(call, "serviceaccounts", call->name);
	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	json_write_member(&writer, "kind", "ServiceAccount");
	json_write_member(&writer, "apiVersion", "v1");
	write_metadata(&writer, account->namespace, account->name, account->uid, 0);
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

static int write_token_request(struct kube_call *call, const struct stored_account *account,
    const char *audience, int64_t lifetime_s, struct error *err)
{
	cleanup_secret struct secret_buffer jwt = SECRET_BUFFER_INIT;
	struct kube_identity identity = {account->namespace, account->name, account->uid};
	int64_t now = time(NULL);
	char expires[KUBE_TIME_SIZE];
	struct json_writer writer;

	if (kube_token_make(
		&call->server->tokens, &identity, audience, now + lifetime_s, &jwt, err) < 0)
		return -1;
	kube_time(now + lifetime_s, expires);
	call->answer->status = 201;
	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	json_write_member(&writer, "kind", "TokenRequest");
	json_write_member(&writer, "apiVersion", "authentication.k8s.io/v1");
	write_metadata(&writer, account->namespace, account->name, account->uid, now);
	json_write_object_end(&writer);
	json_write_name(&writer, "spec");
	json_write_object(&writer);
	json_write_name(&writer, "audiences");
	json_write_array(&writer);
	json_write_string(&writer, audience);
	json_write_array_end(&writer);
	json_write_name(&writer, "expirationSeconds");
	json_write_integer(&writer, lifetime_s);
	json_write_name(&writer, "boundObjectRef");
	json_write_null(&writer);
	json_write_object_end(&writer);
	json_write_name(&writer, "status");
	json_write_object(&writer);
	json_write_name(&writer, "token");
	json_write_string_bytes(&writer, jwt.data, jwt.length);
	json_write_member(&writer, "expirationTimestamp", expires);
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

static int refuse_lifetime(struct kube_call *call, int64_t lifetime_s)
{
	struct kube_fault fault = {"FieldValueInvalid", "spec.expirationSeconds", ""};

	snprintf(fault.message, sizeof(fault.message),
	    "Invalid value: %" PRId64 ": may not specify a duration less than 10 minutes",
	    lifetime_s);
	return kube_refuse(call,
	    &(struct kube_status){422, "Invalid", NULL, "TokenRequest", &fault},
	    "TokenRequest.authentication.k8s.io \"\" is invalid: %s: %s", fault.field,
	    fault.message);
}

int kube_token_post(struct kube_call *call, struct error *err)
{
	if (!kube_allowed(call, "create", "serviceaccounts/token", call->name))
		return 0;
	const struct stored_account *account =
	    kube_account_find(call->server, call->namespace, call->name);
	if (!account)
		return kube_not_found(call, "serviceaccounts", call->name);
	json_node spec = call->body ? json_member(call->body, JSON_ROOT, "spec") : JSON_ABSENT;
	int64_t lifetime_s = json_integer(
	    call->body, json_member(call->body, spec, "expirationSeconds"), TOKEN_SECONDS);
	if (lifetime_s < TOKEN_SECONDS_MIN)
		return refuse_lifetime(call, lifetime_s);
	/* Our programs ask for one audience; further ones are left out. */
	cleanup_free char *audience = json_strdup(
	    call->body, json_first(call->body, json_member(call->body, spec, "audiences")));
	return write_token_request(
	    call, account, audience ? audience : KUBE_AUDIENCE, lifetime_s, err);
}
