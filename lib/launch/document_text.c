#include "lib/launch/document_text.h"

#include "lib/base/yaml.h"

int document_text_to_json(struct secret_buffer *text, const char *what, struct error *err)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	if (yaml_to_json(secret_buffer_string(text), text->length, what, &json, err) < 0)
		return -1;
	secret_buffer_move(text, &json);
	return 0;
}
