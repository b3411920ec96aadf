/*
 * vault_inline: inline authentication, a login in the headers of another call.  Responses have the
 * statuses and texts of OpenBao 2.6.
 */
#include <string.h>
#include <strings.h>

#include "cmd/secret-dev/vault_server.h"
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#define PATH_HEADER "X-Vault-Inline-Auth-Path"
#define OPERATION_HEADER "X-Vault-Inline-Auth-Operation"
#define PARAMETER_PREFIX "X-Vault-Inline-Auth-Parameter-"
/* Marks the response of an auth method. */
#define FAILED_HEADER "X-Vault-Inline-Auth-Failed"

/* The parameters of the login, while they are read from the headers. */
struct parameters {
	struct json_writer writer; /* writes an object */
	const char *problem;	   /* NULL: none */
};

bool vault_inline_is_used(const struct vault_call *call)
{
	return call->server->inline_auth && server_request_header(call->request, PATH_HEADER);
}

static int refuse_inline(struct vault_call *call, unsigned int status, const char *problem)
{
	return vault_refuse(call, status, "failed to perform inline authentication: %s", problem);
}

/* Return the problem of a decoded parameter, or NULL. */
static const char *parameter_problem(const struct json *document)
{
	json_node key = json_member(document, JSON_ROOT, "key");
	json_node value = json_member(document, JSON_ROOT, "value");

	if (json_type(document, JSON_ROOT) != JSON_OBJECT)
		return "failed json decoding header value";
	if (key == JSON_ABSENT)
		return "decoded header lacked `key` field";
	if (json_type(document, key) != JSON_STRING)
		return "decoded header had incorrect type for `key` field";
	if (value == JSON_ABSENT)
		return "decoded header lacked `value` field";
	return json_count(document, JSON_ROOT) == 2
		   ? NULL
		   : "unexpected field in decoded request parameter";
}

/* Add one parameter, whose value must be a string here.  Return its problem, or NULL. */
static const char *add_parameter(struct json_writer *writer, const char *header)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT, value = SECRET_BUFFER_INIT;
	struct error err = ERROR_INIT;

	if (base64_url_decode(&text, header, strlen(header), &err) < 0)
		return "failed raw url-safe base64 decoding header value";
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(&text), text.length, "header", &err);
	if (!document)
		return "failed json decoding header value";
	const char *problem = parameter_problem(document);
	if (problem)
		return problem;
	cleanup_free char *name = json_strdup(document, json_member(document, JSON_ROOT, "key"));
	if (!name ||
	    json_string(document, json_member(document, JSON_ROOT, "value"), &value, &err) < 0)
		return "internal error";
	json_write_name(writer, name);
	json_write_string_bytes(writer, value.data, value.length);
	return NULL;
}

static bool visit_parameter(void *context, const char *header)
{
	struct parameters *parameters = context;

	parameters->problem = add_parameter(&parameters->writer, header);
	return !parameters->problem;
}

static bool count_header(void *context, const char *value)
{
	(void)value;
	++*(size_t *)context;
	return true;
}

/* Return the problem of the headers other than the parameters, or NULL. */
static const char *headers_problem(const struct vault_call *call)
{
	const char *operation = server_request_header(call->request, OPERATION_HEADER);
	size_t paths = 0;

	server_request_headers(call->request, PATH_HEADER, count_header, &paths);
	if (paths != 1)
		return "expected exactly one value for " PATH_HEADER;
	if (vault_call_token(call))
		return "cannot layer inline authentication with token authentication";
	if (operation && strcmp(operation, "update") != 0 && strcmp(operation, "create") != 0 &&
	    strcmp(operation, "read") != 0)
		return "expected a valid login operation in " OPERATION_HEADER;
	return NULL;
}

/* Write the parameters as the body of a login.  Return 0, or 1 after the call was refused. */
static int read_login(struct vault_call *call, struct secret_buffer *body, struct error *err)
{
	struct parameters parameters = {.problem = headers_problem(call)};

	json_writer_init(&parameters.writer, body);
	json_write_object(&parameters.writer);
	if (!parameters.problem)
		server_request_headers(
		    call->request, PARAMETER_PREFIX, visit_parameter, &parameters);
	json_write_object_end(&parameters.writer);
	if (parameters.problem)
		return refuse_inline(call, 500, parameters.problem), 1;
	return json_writer_finish(&parameters.writer, err);
}

/*
 * Complete the answer to a refused login.  OpenBao's method kubernetes returns its denials as
 * errors, and everything else as a response.
 */
static int mark_refusal(struct vault_call *call, bool kubernetes, struct error *err)
{
	struct server_answer *answer = call->answer;

	if (!kubernetes || answer->status != 403) {
		answer->mark = FAILED_HEADER;
		return 0;
	}
	cleanup_json struct json *document =
	    json_parse(answer->body.data, answer->body.length, "answer", err);
	if (!document)
		return -1;
	json_node errors = json_member(document, JSON_ROOT, "errors");
	json_each (document, errors, node) {
		cleanup_free char *text = json_strdup(document, node);
		return text ? refuse_inline(call, 403, text) : error_memory(err);
	}
	return 0;
}

int vault_inline_login(struct vault_call *call, struct error *err)
{
	cleanup_secret struct secret_buffer body = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer metadata = SECRET_BUFFER_INIT;
	const char *path = server_request_header(call->request, PATH_HEADER);
	struct vault_call login = *call;
	int refused = read_login(call, &body, err);

	if (refused)
		return refused < 0 ? -1 : 0;
	if (!vault_login_has_path(path)) {
		call->answer->mark = FAILED_HEADER;
		return vault_refuse(call, 403, "permission denied");
	}
	cleanup_json struct json *document = json_parse(body.data, body.length, "login", err);
	if (!document)
		return -1;
	login.path = path;
	login.body = document;
	if (vault_login_grant(&login, &call->grant, &metadata, err) < 0)
		return -1;
	if (!call->grant)
		return mark_refusal(call, strcmp(path, "auth/kubernetes/login") == 0, err);
	if (call->grant->uses == 0)
		return 0;
	/* OpenBao cannot count the uses of a token that it does not store. */
	vault_tokens_revoke(&call->server->tokens, call->grant);
	call->grant = NULL;
	return vault_refuse(call, 500, "1 error occurred:\n\t* internal error\n\n");
}
