/* kube_answer: Statuses of failures, and the format that a client prefers. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/secret-dev/kube_server.h"

static const struct {
	unsigned int code;
	const char *name;
} reasons[] = {
    [KUBE_BAD_REQUEST] = {400, "BadRequest"},
    [KUBE_UNAUTHORIZED] = {401, "Unauthorized"},
    [KUBE_FORBIDDEN] = {403, "Forbidden"},
    [KUBE_NOT_FOUND] = {404, "NotFound"},
    [KUBE_METHOD_NOT_ALLOWED] = {405, "MethodNotAllowed"},
    [KUBE_ALREADY_EXISTS] = {409, "AlreadyExists"},
    [KUBE_CONFLICT] = {409, "Conflict"},
    [KUBE_EXPIRED] = {410, "Expired"},
    [KUBE_TOO_LARGE] = {413, "RequestEntityTooLarge"},
    [KUBE_UNSUPPORTED_MEDIA_TYPE] = {415, "UnsupportedMediaType"},
    [KUBE_INVALID] = {422, "Invalid"},
};

static void write_details(const struct kube_details *details, struct json_writer *writer)
{
	const struct kube_fault *fault = details->fault;

	json_format(writer, "'details':{");
	if (details->name)
		json_format(writer, "'name':%s,", details->name);
	if (fault)
		json_format(writer, "'causes':[{'reason':%s,'message':%s,'field':%s}],",
		    fault->reason, fault->message, fault->field);
	json_format(writer, "'kind':%s},", details->kind);
}

int kube_refuse(struct kube_call *call, enum kube_reason reason, const struct kube_details *details,
    const char *format, ...)
{
	char message[ERROR_MESSAGE_MAX];
	struct error err = ERROR_INIT;
	struct json_writer writer;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	call->answer->status = reasons[reason].code;
	secret_buffer_reset(&call->answer->body);
	json_writer_init(&writer, &call->answer->body);
	json_format(&writer,
	    "{'kind':'Status','apiVersion':'v1','metadata':{},'status':'Failure',"
	    "'message':%s,'reason':%s,",
	    message, reasons[reason].name);
	if (details)
		write_details(details, &writer);
	json_format(&writer, "'code':%" PRId64 "}", (int64_t)reasons[reason].code);
	/*
	 * Omit the body if JSON cannot contain the message, for example a name that is not UTF-8.
	 */
	if (json_writer_finish(&writer, &err) < 0)
		secret_buffer_reset(&call->answer->body);
	return 0;
}

int kube_refuse_missing(struct kube_call *call, const struct kube_kind *kind, const char *name)
{
	struct kube_details details = {name, kind->resource, NULL};

	return kube_refuse(call, KUBE_NOT_FOUND, &details, "%s \"%s\" not found",
	    kube_qualify(kind, kind->resource).text, name);
}

int kube_refuse_invalid(struct kube_call *call, const char *qualified_kind, const char *name,
    const struct kube_fault *fault)
{
	char plain[64];
	struct kube_details details = {name, plain, fault};

	/* Omit the group: "Deployment" of "Deployment.apps". */
	snprintf(plain, sizeof(plain), "%.*s", (int)strcspn(qualified_kind, "."), qualified_kind);
	return kube_refuse(call, KUBE_INVALID, &details, "%s \"%.300s\" is invalid: %s: %s",
	    qualified_kind, name, fault->field, fault->message);
}

int kube_refuse_forbidden(struct kube_call *call, const char *resource)
{
	struct kube_details details = {call->name, call->kind->resource, NULL};
	char quoted[300] = "", scope[300] = "at the cluster scope";

	if (call->name)
		snprintf(quoted, sizeof(quoted), " \"%.280s\"", call->name);
	if (call->namespace)
		snprintf(scope, sizeof(scope), "in the namespace \"%.270s\"", call->namespace);
	return kube_refuse(call, KUBE_FORBIDDEN, &details,
	    "%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s",
	    kube_qualify(call->kind, call->kind->resource).text, quoted, call->user,
	    kube_verb_name(call->verb), resource, call->kind->group, scope);
}

int kube_refuse_path(struct kube_call *call, struct error *err)
{
	static const char none[] = "404 page not found\n", api[] = "/api/";
	const char *path = call->request->path;

	if (!call->admin)
		return kube_refuse(call, KUBE_FORBIDDEN, NULL,
		    "forbidden: User \"%s\" cannot get path \"%s\"", call->user, path);
	if (strncmp(path, api, strlen(api)) == 0)
		return kube_refuse(
		    call, KUBE_NOT_FOUND, NULL, "the server could not find the requested resource");
	call->answer->status = 404;
	call->answer->content_type = "text/plain; charset=utf-8";
	return secret_buffer_append_string(&call->answer->body, none, err);
}

bool kube_wants_metadata(const struct kube_call *call)
{
	static const char as[] = "as=PartialObjectMetadata";
	const char *accept = server_request_header(call->request, "Accept");
	const char *found = accept ? strstr(accept, as) : NULL;

	/* The API server chooses the first media type, because it supports that. */
	return found && found < accept + strcspn(accept, ",");
}
