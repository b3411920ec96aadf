/* vault_answer: Vault's responses, and its limits on the JSON of requests. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/secret-dev/vault_server.h"

/* Vault's defaults since 1.20.  Its limit on nesting (300) is above the limit of json_parse. */
#define STRING_MAX 1048576
#define ELEMENTS_MAX 10000
#define MEMBERS_MAX 10000
#define TOKENS_MAX 500000

json_node vault_member(const struct vault_call *call, const char *name)
{
	return call->body ? json_member(call->body, JSON_ROOT, name) : JSON_ABSENT;
}

int vault_refuse(struct vault_call *call, unsigned int status, const char *format, ...)
{
	struct secret_buffer *body = &call->answer->body;
	struct error err = ERROR_INIT;
	char text[ERROR_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	call->answer->status = status;
	secret_buffer_reset(body);
	int result = *text ? json_format_append(body, &err, "{'errors':[%s]}", text)
			   : json_format_append(body, &err, "{'errors':[]}");
	/*
	 * Send only the status if JSON cannot contain the text, such as a name that is not UTF-8.
	 */
	if (result < 0)
		secret_buffer_reset(body);
	return 0;
}

int vault_answer_empty(struct vault_call *call)
{
	call->answer->status = 204;
	return 0;
}

void vault_lease_begin(struct vault_call *call, struct json_writer *writer, int64_t seconds)
{
	char id[UUID_SIZE];

	random_uuid(id);
	json_writer_init(writer, &call->answer->body);
	json_format(writer,
	    "{'request_id':%s,'lease_id':'','renewable':false,'lease_duration':%" PRId64 ",'data':",
	    id, seconds);
}

void vault_data_begin(struct vault_call *call, struct json_writer *writer)
{
	vault_lease_begin(call, writer, 0);
}

int vault_data_end(struct json_writer *writer, const char *mount_type, struct error *err)
{
	json_format(
	    writer, ",'wrap_info':null,'warnings':null,'auth':null,'mount_type':%s}", mount_type);
	return json_writer_finish(writer, err);
}

void vault_write_policies(const struct vault_grant *grant, struct json_writer *writer)
{
	json_write_array(writer);
	for (const char *const *policy = grant->policies; *policy; policy++)
		json_write_string(writer, *policy);
	json_write_array_end(writer);
}

int vault_answer_login(struct vault_call *call, const struct vault_grant *grant,
    const struct secret_buffer *metadata, struct error *err)
{
	struct json_writer writer;

	vault_data_begin(call, &writer);
	json_format(&writer,
	    "null,'wrap_info':null,'warnings':null,'auth':{'client_token':%s,'accessor':%s,"
	    "'metadata':%.*s,'lease_duration':%" PRId64 ",'renewable':%d,'entity_id':%s,"
	    "'token_type':%s,'orphan':true,'mfa_requirement':null,'num_uses':%" PRId64
	    ",'policies':",
	    grant->token.data, grant->accessor, (int)metadata->length, metadata->data, grant->ttl_s,
	    !grant->batch, grant->entity, grant->batch ? "batch" : "service", grant->uses);
	vault_write_policies(grant, &writer);
	json_format(&writer, ",'token_policies':");
	vault_write_policies(grant, &writer);
	json_format(&writer, "},'mount_type':''}");
	return json_writer_finish(&writer, err);
}

static const char *json_excess(const struct json *document, json_node node, int *tokens)
{
	enum json_type type = json_type(document, node);
	size_t length;

	if (++*tokens > TOKENS_MAX)
		return "JSON payload exceeds allowed token count";
	if (type == JSON_STRING) {
		json_raw(document, node, &length);
		return length - strlen("\"\"") > STRING_MAX
			   ? "JSON string value exceeds allowed length"
			   : NULL;
	}
	if (type == JSON_ARRAY && json_count(document, node) > ELEMENTS_MAX)
		return "JSON array exceeds allowed element count";
	if (type == JSON_OBJECT && json_count(document, node) > MEMBERS_MAX)
		return "JSON object exceeds allowed entry count";
	if (type != JSON_ARRAY && type != JSON_OBJECT)
		return NULL;
	/* The closing bracket and the name of each member are tokens, too. */
	*tokens += 1 + (type == JSON_OBJECT ? (int)json_count(document, node) : 0);
	json_each (document, node, inner) {
		const char *found = json_excess(document, inner, tokens);

		if (found)
			return found;
	}
	return NULL;
}

const char *vault_json_excess(const struct json *document)
{
	int tokens = 0;

	return json_excess(document, JSON_ROOT, &tokens);
}

size_t vault_json_strings(const struct json *document, json_node node)
{
	enum json_type type = json_type(document, node);
	size_t strings = type == JSON_STRING;

	if (type == JSON_OBJECT)
		strings += json_count(document, node);
	json_each (document, node, inner)
		strings += vault_json_strings(document, inner);
	return strings;
}
