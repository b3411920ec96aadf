#include "lib/base/yaml_writer.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"
#include "lib/base/yaml_plain.h"

static int on_write(void *context, unsigned char *bytes, size_t length)
{
	struct yaml_writer *writer = context;

	return secret_buffer_append(writer->out, bytes, length, &writer->error) == 0;
}

static void emit(struct yaml_writer *writer, yaml_event_t *event, int made)
{
	if (made && writer->failed)
		yaml_event_delete(event);
	if (!made || writer->failed || !yaml_emitter_emit(&writer->emitter, event))
		writer->failed = true;
}

void yaml_writer_init(struct yaml_writer *writer, struct secret_buffer *out)
{
	yaml_event_t event;

	memset(writer, 0, sizeof(*writer));
	writer->out = out;
	if (!yaml_emitter_initialize(&writer->emitter)) {
		writer->failed = true;
		return;
	}
	yaml_emitter_set_output(&writer->emitter, on_write, writer);
	yaml_emitter_set_width(&writer->emitter, -1); /* do not fold lines */
	yaml_emitter_set_unicode(&writer->emitter, 1);
	emit(writer, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(writer, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
}

void yaml_write_mapping(struct yaml_writer *writer)
{
	yaml_event_t event;

	emit(writer, &event,
	    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
}

void yaml_write_mapping_end(struct yaml_writer *writer)
{
	yaml_event_t event;

	emit(writer, &event, yaml_mapping_end_event_initialize(&event));
}

/* Return true if all readers of YAML 1.1 and 1.2 read the plain text as a string. */
static bool is_plain_string(const char *text)
{
	if (!yaml_plain_is_string(text, strlen(text)))
		return false;
	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-_./", *text))
			return false;
	return true;
}

/*
 * If a character could control a terminal, escape all non-ASCII from this scalar on, because
 * libyaml would write it unescaped.
 */
static void escape_unprintable(struct yaml_writer *writer, const char *text, size_t length)
{
	unsigned int code;

	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] > 0x7F &&
		    utf8_unprintable_length(text + i, length - i, &code) > 0)
			yaml_emitter_set_unicode(&writer->emitter, 0);
}

void yaml_write_scalar(
    struct yaml_writer *writer, const char *text, size_t length, enum yaml_style style)
{
	yaml_event_t event;
	escape_unprintable(writer, text, length);
	bool plain = style == YAML_PLAIN || (style == YAML_STRING && is_plain_string(text));

	emit(writer, &event,
	    yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text, (int)length,
		1, 1, plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE));
}

int yaml_writer_finish(struct yaml_writer *writer, struct error *err)
{
	yaml_event_t event;

	emit(writer, &event, yaml_document_end_event_initialize(&event, 1));
	emit(writer, &event, yaml_stream_end_event_initialize(&event));
	bool refused = writer->emitter.error == YAML_EMITTER_ERROR;
	yaml_emitter_delete(&writer->emitter);
	if (!writer->failed)
		return 0;
	if (writer->error.code == ERROR_NONE)
		return refused ? error_set(err, ERROR_SYSTEM, "the text cannot be written as YAML")
			       : error_memory(err);
	*err = writer->error;
	return -1;
}

/* -- JSON as YAML ----------------------------------------------------------------------------- */

static void write_text(
    struct yaml_writer *writer, const struct secret_buffer *text, enum yaml_style style)
{
	yaml_write_scalar(writer, secret_buffer_string(text), text->length, style);
}

static void write_json_members(
    struct yaml_writer *writer, const struct json *document, json_node object)
{
	json_each (document, object, node) {
		cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;

		if (json_name(document, node, &name, &writer->error) < 0)
			writer->failed = true;
		write_text(writer, &name, YAML_STRING);
		yaml_write_json_node(writer, document, node);
	}
}

static void write_plain(struct yaml_writer *writer, const struct json *document, json_node node)
{
	size_t length;
	const char *raw = json_raw(document, node, &length);
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (secret_buffer_append(&text, raw, length, &writer->error) < 0)
		writer->failed = true;
	write_text(writer, &text, YAML_PLAIN);
}

static void write_string(struct yaml_writer *writer, const struct json *document, json_node node)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;

	if (json_string(document, node, &text, &writer->error) < 0)
		writer->failed = true;
	write_text(writer, &text, YAML_STRING);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
void yaml_write_json_node(struct yaml_writer *writer, const struct json *document, json_node node)
{
	yaml_event_t event;

	switch (json_type(document, node)) {
	case JSON_OBJECT:
		yaml_write_mapping(writer);
		write_json_members(writer, document, node);
		yaml_write_mapping_end(writer);
		break;
	case JSON_ARRAY:
		emit(writer, &event,
		    yaml_sequence_start_event_initialize(
			&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
		json_each (document, node, element)
			yaml_write_json_node(writer, document, element);
		emit(writer, &event, yaml_sequence_end_event_initialize(&event));
		break;
	case JSON_STRING:
		write_string(writer, document, node);
		break;
	default:
		write_plain(writer, document, node);
	}
}

int yaml_write_json(const struct secret_buffer *json, struct secret_buffer *out, struct error *err)
{
	struct yaml_writer writer;
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(json), json->length, "the output", err);

	if (!document)
		return -1;
	yaml_writer_init(&writer, out);
	yaml_write_json_node(&writer, document, JSON_ROOT);
	return yaml_writer_finish(&writer, err);
}
