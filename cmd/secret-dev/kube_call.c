#include "cmd/secret-dev/kube_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/secret-dev/kube_access.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

static void write_causes(const struct kube_fault *fault, struct json_writer *writer)
{
	json_write_name(writer, "causes");
	json_write_array(writer);
	json_write_object(writer);
	json_write_member(writer, "reason", fault->reason);
	json_write_member(writer, "message", fault->message);
	json_write_member(writer, "field", fault->field);
	json_write_object_end(writer);
	json_write_array_end(writer);
}

static void write_details(const struct kube_status *status, struct json_writer *writer)
{
	json_write_name(writer, "details");
	json_write_object(writer);
	if (status->name)
		json_write_member(writer, "name", status->name);
	if (status->kind)
		json_write_member(writer, "kind", status->kind);
	if (status->fault)
		write_causes(status->fault, writer);
	json_write_object_end(writer);
}

void kube_write_head(struct json_writer *writer, const char *kind)
{
	json_write_object(writer);
	json_write_member(writer, "kind", kind);
	json_write_member(writer, "apiVersion", "v1");
	json_write_name(writer, "metadata");
	json_write_object(writer);
	json_write_object_end(writer);
}

static int write_status(
    struct kube_call *call, const struct kube_status *status, const char *message)
{
	struct json_writer writer;
	struct error err = ERROR_INIT;

	call->answer->status = status->code;
	secret_buffer_reset(&call->answer->body);
	json_writer_init(&writer, &call->answer->body);
	kube_write_head(&writer, "Status");
	json_write_member(&writer, "status", "Failure");
	json_write_member(&writer, "message", message);
	json_write_member(&writer, "reason", status->reason);
	if (status->name || status->kind)
		write_details(status, &writer);
	json_write_name(&writer, "code");
	json_write_integer(&writer, status->code);
	json_write_object_end(&writer);
	/* A text that can't be written (a name that is no UTF-8, say) leaves the code to speak. */
	if (json_writer_finish(&writer, &err) < 0)
		secret_buffer_reset(&call->answer->body);
	return 0;
}

int kube_refuse(struct kube_call *call, const struct kube_status *status, const char *format, ...)
{
	char message[ERROR_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return write_status(call, status, message);
}

int kube_not_found(struct kube_call *call, const char *resource, const char *name)
{
	const char *qualified = call->kind ? call->kind->qualified : resource;

	return kube_refuse(call, &(struct kube_status){404, "NotFound", name, resource, NULL},
	    "%s \"%s\" not found", qualified, name);
}

int kube_bad_request(struct kube_call *call, const char *format, ...)
{
	char message[ERROR_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	return write_status(
	    call, &(struct kube_status){400, "BadRequest", NULL, NULL, NULL}, message);
}

int kube_refuse_invalid(
    struct kube_call *call, const char *kind, const char *name, const struct kube_fault *fault)
{
	char plain[64];

	/* Without the group: "Lease" of "Lease.coordination.k8s.io". */
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(kind, "."), kind);
	return kube_refuse(call, &(struct kube_status){422, "Invalid", name, plain, fault},
	    "%s \"%.300s\" is invalid: %s: %s", kind, name, fault->field, fault->message);
}

int kube_refuse_body(struct kube_call *call, struct error *err)
{
	return err->code == ERROR_INVALID ? kube_bad_request(call, "%s", err->message) : -1;
}

json_node kube_metadata_member(const struct kube_call *call, const char *name)
{
	return json_path(call->body, JSON_ROOT, "metadata", name, NULL);
}

int kube_check_identity(struct kube_call *call)
{
	cleanup_free char *namespace =
	    json_strdup(call->body, kube_metadata_member(call, "namespace"));
	cleanup_free char *name = json_strdup(call->body, kube_metadata_member(call, "name"));

	if (namespace && *namespace && strcmp(namespace, call->namespace) != 0)
		kube_bad_request(call,
		    "the namespace of the provided object does not match the namespace sent on the "
		    "request");
	else if (name && call->name && strcmp(name, call->name) != 0)
		kube_bad_request(call,
		    "the name of the object (%s) does not match the name on the URL (%s)", name,
		    call->name);
	else
		return 0;
	return 1;
}

int kube_check_precondition(
    struct kube_call *call, const char *resource, const char *name, int64_t revision)
{
	cleanup_free char *stated =
	    json_strdup(call->body, kube_metadata_member(call, "resourceVersion"));
	char *end, plain[64];

	if (!stated || !*stated)
		return 0;
	int64_t wanted = strtoll(stated, &end, 10);
	if (*end)
		return kube_bad_request(call, "invalid resourceVersion \"%s\"", stated), 1;
	if (wanted == revision)
		return 0;
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(resource, "."), resource);
	kube_refuse(call, &(struct kube_status){409, "Conflict", name, plain, NULL},
	    "Operation cannot be fulfilled on %s \"%s\": the object has been modified; please "
	    "apply your changes to the latest version and try again",
	    resource, name);
	return 1;
}

int kube_check_patch_type(struct kube_call *call, bool strategic)
{
	static const char merge[] = "application/merge-patch+json";
	static const char strategic_merge[] = "application/strategic-merge-patch+json";
	const char *type = request_header(call->request, "Content-Type");

	if (type &&
	    (strncmp(type, merge, strlen(merge)) == 0 ||
		(strategic && strncmp(type, strategic_merge, strlen(strategic_merge)) == 0)))
		return 0;
	kube_refuse(call, &(struct kube_status){415, "UnsupportedMediaType", NULL, NULL, NULL},
	    "the body of the request was in an unknown format - accepted media types include: "
	    "%s%s%s",
	    merge, strategic ? ", " : "", strategic ? strategic_merge : "");
	return 1;
}

int kube_check_patch_body(struct kube_call *call)
{
	if (call->body && json_type(call->body, JSON_ROOT) == JSON_OBJECT)
		return kube_check_identity(call);
	kube_bad_request(call, "error decoding patch: json: cannot unmarshal into Go value of type "
			       "map[string]interface {}");
	return 1;
}

int kube_answer_deleted(struct kube_call *call, const char *resource, const char *name,
    const char *uid, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, &call->answer->body);
	kube_write_head(&writer, "Status");
	json_write_member(&writer, "status", "Success");
	json_write_name(&writer, "details");
	json_write_object(&writer);
	json_write_member(&writer, "name", name);
	json_write_member(&writer, "kind", resource);
	json_write_member(&writer, "uid", uid);
	json_write_object_end(&writer);
	json_write_object_end(&writer);
	return json_writer_finish(&writer, err);
}

/* What is asked for first is what we have. */
bool kube_wants_metadata(const struct kube_call *call)
{
	static const char as[] = "as=PartialObjectMetadata";
	const char *accept = request_header(call->request, "Accept");
	const char *found = accept ? strstr(accept, as) : NULL;

	return found && found < accept + strcspn(accept, ",");
}

bool kube_allowed(struct kube_call *call, const char *verb, const char *resource, const char *name)
{
	const char *group = call->kind ? call->kind->group : "";
	char quoted[300] = "", scope[300] = "at the cluster scope", plain[64];

	if (call->admin ||
	    (call->account && kube_access(call->account, verb, resource, call->namespace, name)))
		return true;
	if (name)
		snprintf(quoted, sizeof(quoted), " \"%.280s\"", name);
	if (call->namespace)
		snprintf(scope, sizeof(scope), "in the namespace \"%.270s\"", call->namespace);
	/* Without the subresource: "serviceaccounts" of "serviceaccounts/token". */
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(resource, "/"), resource);
	kube_refuse(call, &(struct kube_status){403, "Forbidden", name, plain, NULL},
	    "%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s",
	    call->kind ? call->kind->qualified : plain, quoted, call->user, verb, resource, group,
	    scope);
	return false;
}
