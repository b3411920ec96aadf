#include "lib/base/yaml_write.h"

#include <ctype.h>
#include <string.h>
#include <yaml.h>

#include "lib/base/json.h"

struct writing {
	yaml_emitter_t emitter;
	const struct json *document;
	struct secret_buffer *out;
	struct error *err;
	bool failed;
};

static int on_write(void *context, unsigned char *bytes, size_t length)
{
	struct writing *writing = context;

	return secret_buffer_append(writing->out, bytes, length, writing->err) == 0;
}

static void emit(struct writing *writing, yaml_event_t *event, int made)
{
	if (made && writing->failed)
		yaml_event_delete(event);
	if (!made || writing->failed || !yaml_emitter_emit(&writing->emitter, event))
		writing->failed = true;
}

static void scalar(
    struct writing *writing, const char *text, size_t length, yaml_scalar_style_t style)
{
	yaml_event_t event;

	emit(writing, &event,
	    yaml_scalar_event_initialize(
		&event, NULL, NULL, (const yaml_char_t *)text, (int)length, 1, 1, style));
}

/* Text that no reader of YAML takes for anything but a string. */
static bool is_plain(const char *text)
{
	static const char *const words[] = {
	    "null", "true", "false", "yes", "no", "on", "off", "y", "n"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(text, words[i]) == 0)
			return false;
	if (!isalpha((unsigned char)text[0]))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-_./", *text))
			return false;
	return true;
}

static void string(struct writing *writing, const struct secret_buffer *text)
{
	const char *bytes = secret_buffer_string(text);

	scalar(writing, bytes, text->length,
	    is_plain(bytes) ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static void value(struct writing *writing, json_node node);

static void object(struct writing *writing, json_node node)
{
	yaml_event_t event;

	emit(writing, &event,
	    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
	json_each (writing->document, node, member) {
		cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;
		if (json_name(writing->document, member, &name, writing->err) < 0)
			writing->failed = true;
		string(writing, &name);
		value(writing, member);
	}
	emit(writing, &event, yaml_mapping_end_event_initialize(&event));
}

static void array(struct writing *writing, json_node node)
{
	yaml_event_t event;

	emit(writing, &event,
	    yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
	json_each (writing->document, node, element)
		value(writing, element);
	emit(writing, &event, yaml_sequence_end_event_initialize(&event));
}

/* As deep as json_parse lets it be. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void value(struct writing *writing, json_node node)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	size_t length;
	const char *raw;

	switch (json_type(writing->document, node)) {
	case JSON_OBJECT:
		object(writing, node);
		break;
	case JSON_ARRAY:
		array(writing, node);
		break;
	case JSON_STRING:
		if (json_string(writing->document, node, &text, writing->err) < 0)
			writing->failed = true;
		string(writing, &text);
		break;
	default:
		raw = json_raw(writing->document, node, &length);
		scalar(writing, raw, length, YAML_PLAIN_SCALAR_STYLE);
	}
}

int yaml_write_json(const struct secret_buffer *json, struct secret_buffer *out, struct error *err)
{
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(json), json->length, "the output", err);
	struct writing writing = {.document = document, .out = out, .err = err};
	yaml_event_t event;

	if (!document)
		return -1;
	if (!yaml_emitter_initialize(&writing.emitter))
		return error_memory(err);
	yaml_emitter_set_output(&writing.emitter, on_write, &writing);
	yaml_emitter_set_width(&writing.emitter, -1);
	yaml_emitter_set_unicode(&writing.emitter, 1);
	emit(&writing, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(&writing, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	value(&writing, JSON_ROOT);
	emit(&writing, &event, yaml_document_end_event_initialize(&event, 1));
	emit(&writing, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&writing.emitter);
	if (writing.failed && err->code == ERROR_NONE)
		return error_set(err, ERROR_SYSTEM, "the output can't be written as YAML");
	return writing.failed ? -1 : 0;
}
