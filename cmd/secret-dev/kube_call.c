#include "cmd/secret-dev/kube_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/secret-dev/kube_access.h"

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
	return kube_refuse(call, &(struct kube_status){404, "NotFound", name, resource, NULL},
	    "%s \"%s\" not found", resource, name);
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
	bool secrets = strcmp(resource, "secrets") == 0;
	char quoted[300] = "", scope[300] = "at the cluster scope", plain[64];

	if (call->admin ||
	    (secrets && call->account && kube_access(call->account, verb, call->namespace, name)))
		return true;
	if (name)
		snprintf(quoted, sizeof(quoted), " \"%.280s\"", name);
	if (call->namespace)
		snprintf(scope, sizeof(scope), "in the namespace \"%.270s\"", call->namespace);
	/* Without the subresource: "serviceaccounts" of "serviceaccounts/token". */
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(resource, "/"), resource);
	kube_refuse(call, &(struct kube_status){403, "Forbidden", name, plain, NULL},
	    "%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"\" %s", plain,
	    quoted, call->user, verb, resource, scope);
	return false;
}
