#include "lib/launch/document_text.h"

#include <string.h>

#include "lib/base/json.h"
#include "lib/base/yaml.h"

static bool is_json(const struct secret_buffer *text, const char *what, struct error *err)
{
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(text), text->length, what, err);

	return document != NULL;
}

/* YAML writes objects with braces too, but who does so mostly means JSON. */
static bool looks_like_json(const struct secret_buffer *text)
{
	const char *start = secret_buffer_string(text);

	start += strspn(start, " \t\r\n");
	return *start == '{' || *start == '[';
}

int document_text_to_json(struct secret_buffer *text, const char *what, struct error *err)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;
	struct error no_json = ERROR_INIT;

	if (is_json(text, what, &no_json))
		return 0;
	if (yaml_to_json(secret_buffer_string(text), text->length, what, &json, err) < 0) {
		if (looks_like_json(text))
			*err = no_json;
		return -1;
	}
	secret_buffer_move(text, &json);
	return 0;
}
