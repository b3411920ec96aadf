#include "cmd/secret-dev/vault_call.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"

/* Vault's defaults since 1.20; its limit on nesting (300) is above what lib/base/json reads. */
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
	char text[ERROR_MESSAGE_MAX];
	struct json_writer writer;
	struct error err = ERROR_INIT;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	call->answer->status = status;
	secret_buffer_reset(&call->answer->body);
	json_writer_init(&writer, &call->answer->body);
	json_write_object(&writer);
	json_write_name(&writer, "errors");
	json_write_array(&writer);
	if (*text)
		json_write_string(&writer, text);
	json_write_array_end(&writer);
	json_write_object_end(&writer);
	/* A text that can't be written (a name that is no UTF-8, say) leaves the status to speak.
	 */
	if (json_writer_finish(&writer, &err) < 0)
		secret_buffer_reset(&call->answer->body);
	return 0;
}

int vault_done(struct vault_call *call)
{
	call->answer->status = 204;
	return 0;
}

void vault_data(struct vault_call *call, struct json_writer *writer)
{
	char id[UUID_SIZE];

	random_uuid(id);
	json_writer_init(writer, &call->answer->body);
	json_write_object(writer);
	json_write_member(writer, "request_id", id);
	json_write_member(writer, "lease_id", "");
	json_write_name(writer, "renewable");
	json_write_boolean(writer, false);
	json_write_name(writer, "lease_duration");
	json_write_integer(writer, 0);
	json_write_name(writer, "data");
}

int vault_data_end(struct json_writer *writer, const char *mount_type, struct error *err)
{
	static const char *const empty[] = {"wrap_info", "warnings", "auth"};

	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
		json_write_name(writer, empty[i]);
		json_write_null(writer);
	}
	json_write_member(writer, "mount_type", mount_type);
	json_write_object_end(writer);
	return json_writer_finish(writer, err);
}

static const char *excess(const struct json *document, json_node node, int *tokens)
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
	/* Its closing bracket is a token, and so is each member's name. */
	*tokens += 1 + (type == JSON_OBJECT ? (int)json_count(document, node) : 0);
	json_each (document, node, inner) {
		const char *found = excess(document, inner, tokens);

		if (found)
			return found;
	}
	return NULL;
}

const char *vault_json_excess(const struct json *document)
{
	int tokens = 0;

	return excess(document, JSON_ROOT, &tokens);
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
