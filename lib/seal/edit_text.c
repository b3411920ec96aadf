#include "lib/seal/edit_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/strings.h"
#include "lib/base/yaml.h"
#include "lib/sealed/sealed.h"

#define BASE64_MARK " (base64)"
#define WHAT "the edited text"

struct writing {
	yaml_emitter_t emitter;
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

static bool is_text(const struct secret_buffer *value)
{
	const char *text = secret_buffer_string(value);

	return json_is_utf8(text, value->length) && !memchr(text, '\0', value->length);
}

/*
 * A block reads as it stands only where each line break is a newline and every character is
 * visible; whatever else there is is quoted, with escapes.
 */
static bool is_block(const struct secret_buffer *value)
{
	const char *text = secret_buffer_string(value);

	if (!strchr(text, '\n') || text[0] == '\n' || text[0] == ' ')
		return false;
	for (; *text; text++)
		if ((unsigned char)*text > '~' || ((unsigned char)*text < ' ' && *text != '\n'))
			return false;
	return true;
}

static void scalar(struct writing *writing, const char *text, size_t length, bool implicit,
    yaml_scalar_style_t style)
{
	yaml_event_t event;

	emit(writing, &event,
	    yaml_scalar_event_initialize(
		&event, NULL, NULL, (const yaml_char_t *)text, (int)length, implicit, 1, style));
}

/* A name that YAML takes for nothing but a string. */
static bool is_plain_name(const char *name)
{
	static const char *const words[] = {"null", "true", "false"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(name, words[i]) == 0)
			return false;
	return isalpha((unsigned char)name[0]) || name[0] == '_';
}

static void write_value(struct writing *writing, const struct variable *variable)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	const struct secret_buffer *value = &variable->value;
	char name[512];

	if (is_text(value)) {
		scalar(writing, variable->name, strlen(variable->name), true,
		    is_plain_name(variable->name) ? YAML_PLAIN_SCALAR_STYLE
						  : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
		scalar(writing, secret_buffer_string(value), value->length, true,
		    is_block(value) ? YAML_LITERAL_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
		return;
	}
	snprintf(name, sizeof(name), "%s" BASE64_MARK, variable->name);
	if (base64_encode(&encoded, value->data, value->length, writing->err) < 0) {
		writing->failed = true;
		return;
	}
	scalar(writing, name, strlen(name), true, YAML_DOUBLE_QUOTED_SCALAR_STYLE);
	scalar(writing, encoded.data, encoded.length, true, YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static void write_mapping(struct writing *writing, const struct variables *values)
{
	yaml_event_t event;

	emit(writing, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(writing, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	emit(writing, &event,
	    yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
	for (size_t i = 0; i < values->count; i++)
		write_value(writing, &values->items[i]);
	emit(writing, &event, yaml_mapping_end_event_initialize(&event));
	emit(writing, &event, yaml_document_end_event_initialize(&event, 1));
	emit(writing, &event, yaml_stream_end_event_initialize(&event));
}

int edit_text_write_values(const struct variables *values, const char *title,
    struct secret_buffer *text, struct error *err)
{
	struct writing writing = {.out = text, .err = err};

	if (title &&
	    secret_buffer_append_format(text, err,
		"# %s\n"
		"# Change, add or remove values, save, and leave the editor; what stays as it is "
		"is "
		"not\n"
		"# sealed again.  Leave without a change to change nothing.\n",
		title) < 0)
		return -1;
	if (!yaml_emitter_initialize(&writing.emitter))
		return error_memory(err);
	yaml_emitter_set_output(&writing.emitter, on_write, &writing);
	yaml_emitter_set_width(&writing.emitter, -1);
	yaml_emitter_set_unicode(&writing.emitter, 1);
	write_mapping(&writing, values);
	yaml_emitter_delete(&writing.emitter);
	if (writing.failed && err->code == ERROR_NONE)
		return error_set(err, ERROR_SYSTEM, "the values can't be written as YAML");
	return writing.failed ? -1 : 0;
}

/* The data key that a name of the text stands for; *base64: its value does in base64. */
static char *data_key_of(const char *name, bool *base64, struct error *err)
{
	size_t length = strlen(name), mark = strlen(BASE64_MARK);

	*base64 = length > mark && strcmp(name + length - mark, BASE64_MARK) == 0;
	return string_format(err, "%.*s", (int)(*base64 ? length - mark : length), name);
}

/* A value's bytes: text unescaped, a number or a boolean as written. */
static int read_scalar(const struct json *document, json_node node, const char *name,
    struct secret_buffer *value, struct error *err)
{
	switch (json_type(document, node)) {
	case JSON_STRING:
		return json_string(document, node, value, err);
	case JSON_NUMBER:
	case JSON_BOOLEAN:
		return json_compact(document, node, value, err);
	case JSON_NULL:
		return error_set(err, ERROR_INVALID,
		    WHAT ": %s has no value: write \"\" for an empty one, or take the line out",
		    name);
	default:
		return error_set(err, ERROR_INVALID,
		    WHAT ": %s is a list or a mapping: a value is text: put it in quotes", name);
	}
}

static int read_member(
    const struct json *document, json_node node, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	cleanup_free char *name = json_name_strdup(document, node);
	bool base64;

	if (!name)
		return error_set(err, ERROR_INVALID, WHAT ": a name holds a NUL");
	cleanup_free char *key = data_key_of(name, &base64, err);
	if (!key || read_scalar(document, node, name, &text, err) < 0)
		return -1;
	if (!base64)
		return variables_add(values, key, &text, WHAT, err);
	if (base64_decode(&bytes, secret_buffer_string(&text), text.length, err) < 0)
		return error_wrap(err, WHAT ": %s", name);
	return variables_add(values, key, &bytes, WHAT, err);
}

int edit_text_read_values(
    const struct secret_buffer *text, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	if (yaml_to_json(secret_buffer_string(text), text->length, WHAT, &json, err) < 0)
		return -1;
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(&json), json.length, WHAT, err);
	if (!document)
		return -1;
	if (json_type(document, JSON_ROOT) != JSON_OBJECT)
		return error_set(
		    err, ERROR_INVALID, WHAT ": NAME: VALUE is wanted, a line a value");
	json_each (document, JSON_ROOT, node)
		if (read_member(document, node, values, err) < 0)
			return -1;
	return 0;
}

static int write_members(const struct json *document, struct secret_buffer *text, struct error *err)
{
	const char *separator = "{\n  ";

	json_each (document, JSON_ROOT, node) {
		cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;
		cleanup_secret struct secret_buffer quoted = SECRET_BUFFER_INIT;
		struct json_writer writer;
		size_t length;
		const char *raw = json_raw(document, node, &length);

		json_writer_init(&writer, &quoted);
		if (json_name(document, node, &name, err) < 0)
			return -1;
		json_write_string_bytes(&writer, secret_buffer_string(&name), name.length);
		if (json_writer_finish(&writer, err) < 0 ||
		    secret_buffer_append_string(text, separator, err) < 0 ||
		    secret_buffer_append(text, quoted.data, quoted.length, err) < 0 ||
		    secret_buffer_append_string(text, ": ", err) < 0 ||
		    secret_buffer_append(text, raw, length, err) < 0)
			return -1;
		separator = ",\n  ";
	}
	return secret_buffer_append_string(
	    text, json_count(document, JSON_ROOT) ? "\n}\n" : "{\n}\n", err);
}

int edit_text_write_document(
    const struct secret_buffer *document, struct secret_buffer *text, struct error *err)
{
	const char *bytes = secret_buffer_string(document);

	if (sealed_document_check(document, "the document", err) < 0)
		return error_hint(err, "it can't be edited");
	if (memchr(bytes, '\n', document->length))
		return secret_buffer_append(text, bytes, document->length, err);
	cleanup_json struct json *parsed = json_parse(bytes, document->length, "document", err);
	return parsed ? write_members(parsed, text, err) : -1;
}
