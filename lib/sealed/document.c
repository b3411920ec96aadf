#include <stdlib.h>
#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/sealed/sealed.h"

/* Append the content of the variable for this JSON value. */
static int append_value(
    const struct json *document, json_node node, struct secret_buffer *value, struct error *err)
{
	if (json_type(document, node) == JSON_STRING)
		return json_string(document, node, value, err);
	return json_compact(document, node, value, err);
}

/* Return the document, which is a JSON object; or NULL with an error. */
static struct json *parse_object(
    const struct secret_buffer *plaintext, const char *what, struct error *err)
{
	struct json *document =
	    json_parse(secret_buffer_string(plaintext), plaintext->length, what, err);

	if (!document || json_type(document, JSON_ROOT) == JSON_OBJECT)
		return document;
	error_set(err, ERROR_INVALID,
	    "%s: the document is not a JSON object; write {\"NAME\": \"value\", ...}", what);
	json_free(document);
	return NULL;
}

int sealed_document_check(
    const struct secret_buffer *plaintext, const char *what, struct error *err)
{
	cleanup_json struct json *document = parse_object(plaintext, what, err);

	return document ? 0 : -1;
}

int sealed_document_each(const struct secret_buffer *plaintext, const char *what,
    int (*each)(void *context, const char *name, struct secret_buffer *value, struct error *err),
    void *context, struct error *err)
{
	cleanup_json struct json *document = parse_object(plaintext, what, err);

	if (!document)
		return -1;
	json_each (document, JSON_ROOT, node) {
		cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;
		cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;

		if (json_type(document, node) == JSON_NULL)
			continue;
		if (json_name(document, node, &name, err) < 0 ||
		    append_value(document, node, &value, err) < 0)
			return -1;
		if (strlen(secret_buffer_string(&name)) != name.length)
			return error_set(err, ERROR_INVALID,
			    "%s: the name of a member contains a NUL byte", what);
		if (each(context, secret_buffer_string(&name), &value, err) < 0)
			return -1;
	}
	return 0;
}
