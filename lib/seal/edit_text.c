#include "lib/seal/edit_text.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/strings.h"
#include "lib/base/utf8.h"
#include "lib/base/yaml.h"
#include "lib/base/yaml_plain.h"
#include "lib/sealed/sealed.h"

#define BASE64_MARK " (base64)"
#define WHAT "the edited text"

static bool is_text(const struct secret_buffer *value)
{
	const char *text = secret_buffer_string(value);

	return utf8_is_valid(text, value->length) && !memchr(text, '\0', value->length);
}

/* A name that YAML takes for nothing but a string. */
static bool is_plain_name(const char *name)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";

	return (isalpha((unsigned char)name[0]) || name[0] == '_') &&
	       !name[strspn(name, letters)] && yaml_plain_is_string(name, strlen(name));
}

/* The code point at `text`, well-formed UTF-8, and its bytes. */
static unsigned int code_point(const char *text, size_t *length)
{
	unsigned char first = (unsigned char)text[0];

	*length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	unsigned int point = *length == 1 ? first : first & (0x7Fu >> *length);
	for (size_t i = 1; i < *length; i++)
		point = point << 6 | ((unsigned char)text[i] & 0x3Fu);
	return point;
}

/* What stands for itself in double quotes, and can be seen there. */
static bool is_visible(unsigned int point)
{
	if (point < 0xA0)
		return point >= ' ' && point <= '~' && point != '"' && point != '\\';
	return point != 0x2028 && point != 0x2029 && point != 0xFEFF && point != 0xFFFE &&
	       point != 0xFFFF;
}

static int write_escape(unsigned int point, struct secret_buffer *out, struct error *err)
{
	switch (point) {
	case '"':
		return secret_buffer_append_string(out, "\\\"", err);
	case '\\':
		return secret_buffer_append_string(out, "\\\\", err);
	case '\n':
		return secret_buffer_append_string(out, "\\n", err);
	case '\t':
		return secret_buffer_append_string(out, "\\t", err);
	case '\r':
		return secret_buffer_append_string(out, "\\r", err);
	default:
		return secret_buffer_append_format(out, err, "\\u%04X", point);
	}
}

/* In double quotes.  Not by libyaml, which leaves copies of what it writes in memory. */
static int write_quoted(
    const char *text, size_t length, struct secret_buffer *out, struct error *err)
{
	size_t step;

	if (secret_buffer_append_string(out, "\"", err) < 0)
		return -1;
	for (size_t i = 0; i < length; i += step) {
		unsigned int point = code_point(text + i, &step);
		int result = is_visible(point) ? secret_buffer_append(out, text + i, step, err)
					       : write_escape(point, out, err);
		if (result < 0)
			return -1;
	}
	return secret_buffer_append_string(out, "\"", err);
}

/*
 * Text of lines that a block shows as they are: visible ASCII, no white space at an end of a line
 * nor at the beginning of the first.
 */
static bool is_block(const char *text)
{
	if (!strchr(text, '\n') || text[0] == '\n' || text[0] == ' ')
		return false;
	for (; *text; text++) {
		bool visible = *text == '\n' || (*text >= ' ' && *text <= '~');
		bool at_end = *text == ' ' && (text[1] == '\n' || text[1] == '\0');
		if (!visible || at_end)
			return false;
	}
	return true;
}

/* "|" and the lines; a sign behind it tells how the last one ends. */
static int write_block(
    const char *text, size_t length, struct secret_buffer *out, struct error *err)
{
	bool ended = text[length - 1] == '\n';
	bool more = ended && text[length - 2] == '\n';

	if (secret_buffer_append_string(out, more ? "|+\n" : ended ? "|\n" : "|-\n", err) < 0)
		return -1;
	while (*text) {
		size_t line = strcspn(text, "\n");
		if ((line && secret_buffer_append_string(out, "  ", err) < 0) ||
		    secret_buffer_append(out, text, line, err) < 0 ||
		    secret_buffer_append_string(out, "\n", err) < 0)
			return -1;
		text += line + (text[line] == '\n');
	}
	return 0;
}

static int write_name(const char *name, struct secret_buffer *out, struct error *err)
{
	int result = is_plain_name(name) ? secret_buffer_append_string(out, name, err)
					 : write_quoted(name, strlen(name), out, err);

	return result < 0 ? -1 : secret_buffer_append_string(out, ": ", err);
}

static int write_value(
    const struct variable *variable, struct secret_buffer *out, struct error *err)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	const char *text = secret_buffer_string(&variable->value);
	size_t length = variable->value.length;

	if (is_text(&variable->value)) {
		if (write_name(variable->name, out, err) < 0)
			return -1;
		if (is_block(text))
			return write_block(text, length, out, err);
		return write_quoted(text, length, out, err) < 0
			   ? -1
			   : secret_buffer_append_string(out, "\n", err);
	}
	cleanup_free char *name = string_format(err, "%s" BASE64_MARK, variable->name);
	if (!name || write_name(name, out, err) < 0 ||
	    base64_encode(&encoded, text, length, err) < 0)
		return -1;
	return write_quoted(encoded.data, encoded.length, out, err) < 0
		   ? -1
		   : secret_buffer_append_string(out, "\n", err);
}

static int write_comment(const char *title, struct secret_buffer *text, struct error *err)
{
	return secret_buffer_append_format(text, err,
	    "# %s\n"
	    "# Change, add or remove values, save, and leave the editor; what stays as it is is "
	    "not\n"
	    "# sealed again.  Leave without a change to change nothing.\n",
	    title);
}

int edit_text_write_values(const struct variables *values, const char *title,
    struct secret_buffer *text, struct error *err)
{
	if (title && write_comment(title, text, err) < 0)
		return -1;
	for (size_t i = 0; i < values->count; i++)
		if (write_value(&values->items[i], text, err) < 0)
			return -1;
	return 0;
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
	cleanup_free char *name = NULL;
	bool base64;

	if (json_copy_name(document, node, &name, err) < 0)
		return -1;
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
	if (json_type(document, JSON_ROOT) == JSON_NULL)
		return 0; /* nothing but comments */
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
