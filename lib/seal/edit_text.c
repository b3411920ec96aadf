#include "lib/seal/edit_text.h"

#include <ctype.h>
#include <stdlib.h>
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
#define SOURCE "the edited text"

/* Conflict markers, as in git. */
#define MINE_BEGIN "<<<<<<< "
#define THEIRS_BEGIN "======="
#define CONFLICT_END ">>>>>>> "

/* Writing YAML, without libyaml, which leaves copies of the values in memory. */

static bool is_text(const struct secret_buffer *value)
{
	const char *text = secret_buffer_string(value);

	return utf8_is_valid(text, value->length) && !memchr(text, '\0', value->length);
}

/* Return true if YAML reads the name, without quotes, as a string. */
static bool is_plain_name(const char *name)
{
	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		return false;
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("_.-", *at))
			return false;
	return yaml_plain_is_string(name, strlen(name));
}

/* Return the code point at `text`, which is valid UTF-8, and set *length to its length in bytes. */
static unsigned int code_point(const char *text, size_t *length)
{
	unsigned char first = (unsigned char)text[0];

	*length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
	unsigned int point = *length == 1 ? first : first & (0x7Fu >> *length);
	for (size_t i = 1; i < *length; i++)
		point = point << 6 | ((unsigned char)text[i] & 0x3Fu);
	return point;
}

/* Return true if a character is visible in double quotes without an escape. */
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
 * Return true if a block shows these lines unchanged: visible ASCII, without white space at the end
 * of a line or at the beginning of the first line.
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

/* Write a block: "|", with "+" or "-" for the end of the last line, and the indented lines. */
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

static int write_quoted_line(
    const char *text, size_t length, struct secret_buffer *out, struct error *err)
{
	return write_quoted(text, length, out, err) < 0
		   ? -1
		   : secret_buffer_append_string(out, "\n", err);
}

static int write_base64(
    const struct variable *variable, struct secret_buffer *out, struct error *err)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	cleanup_free char *name = string_format(err, "%s" BASE64_MARK, variable->name);

	if (!name || write_name(name, out, err) < 0 ||
	    base64_encode(
		&encoded, secret_buffer_string(&variable->value), variable->value.length, err) < 0)
		return -1;
	return write_quoted_line(encoded.data, encoded.length, out, err);
}

static int write_value(
    const struct variable *variable, struct secret_buffer *out, struct error *err)
{
	const char *text = secret_buffer_string(&variable->value);

	if (!is_text(&variable->value))
		return write_base64(variable, out, err);
	if (write_name(variable->name, out, err) < 0)
		return -1;
	return (is_block(text) ? write_block : write_quoted_line)(
	    text, variable->value.length, out, err);
}

int edit_text_write_values(const struct variables *values, const char *title,
    struct secret_buffer *text, struct error *err)
{
	if (title && secret_buffer_append_format(text, err,
			 "# %s\n"
			 "# Change, add or remove values, save, and leave the editor.  Values that "
			 "you do not\n"
			 "# change are not sealed again.  Leave without a change to cancel.\n",
			 title) < 0)
		return -1;
	for (size_t i = 0; i < values->count; i++)
		if (write_value(&values->items[i], text, err) < 0)
			return -1;
	return 0;
}

/*
 * Reading.
 */

/* Reject text that still contains a conflict marker of edit_text_write_merged. */
static int check_markers(const struct secret_buffer *text, struct error *err)
{
	const char *line = secret_buffer_string(text);

	for (size_t number = 1;; number++) {
		size_t length = strcspn(line, "\n");

		if (strncmp(line, MINE_BEGIN, strlen(MINE_BEGIN)) == 0 ||
		    strncmp(line, CONFLICT_END, strlen(CONFLICT_END)) == 0 ||
		    (length == strlen(THEIRS_BEGIN) && strncmp(line, THEIRS_BEGIN, length) == 0))
			return error_set(err, ERROR_INVALID,
			    SOURCE ": line %zu: conflict marker; keep one of the two versions and "
				   "remove the markers",
			    number);
		if (!line[length])
			return 0;
		line += length + 1;
	}
}

/* Append the value of a member: a string, or a number or boolean as it was written. */
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
		    SOURCE ": %s: no value; write \"\" for an empty one, or remove the line", name);
	default:
		return error_set(err, ERROR_INVALID,
		    SOURCE ": %s: a list or a mapping; put the text in quotes", name);
	}
}

static char *copy_name(const struct json *document, json_node node, struct error *err)
{
	char *name = NULL;

	if (json_copy_name(document, node, &name, err) == 0 && !name)
		error_set(err, ERROR_INVALID, SOURCE ": a name has a NUL byte");
	return name;
}

static int read_value(
    const struct json *document, json_node node, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer bytes = SECRET_BUFFER_INIT;
	cleanup_free char *name = copy_name(document, node, err);

	if (!name || read_scalar(document, node, name, &text, err) < 0)
		return -1;
	size_t length = strlen(name), mark = strlen(BASE64_MARK);
	if (length <= mark || strcmp(name + length - mark, BASE64_MARK) != 0)
		return variables_add(values, name, &text, SOURCE, err);
	if (base64_decode(&bytes, secret_buffer_string(&text), text.length, err) < 0)
		return error_wrap(err, SOURCE ": %s", name);
	name[length - mark] = '\0';
	return variables_add(values, name, &bytes, SOURCE, err);
}

int edit_text_read_values(
    const struct secret_buffer *text, struct variables *values, struct error *err)
{
	cleanup_secret struct secret_buffer json = SECRET_BUFFER_INIT;

	if (check_markers(text, err) < 0 ||
	    yaml_to_json(secret_buffer_string(text), text->length, SOURCE, &json, err) < 0)
		return -1;
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(&json), json.length, SOURCE, err);
	if (!document)
		return -1;
	if (json_type(document, JSON_ROOT) == JSON_NULL)
		return 0; /* only comments */
	if (json_type(document, JSON_ROOT) != JSON_OBJECT)
		return error_set(
		    err, ERROR_INVALID, SOURCE ": write NAME: VALUE, with one value a line");
	json_each (document, JSON_ROOT, node)
		if (read_value(document, node, values, err) < 0)
			return -1;
	return 0;
}

static int read_member(
    const struct json *document, json_node node, struct variables *members, struct error *err)
{
	cleanup_secret struct secret_buffer value = SECRET_BUFFER_INIT;
	cleanup_free char *name = copy_name(document, node, err);

	if (!name || json_compact(document, node, &value, err) < 0)
		return -1;
	return variables_add(members, name, &value, SOURCE, err);
}

int edit_text_read_document(
    const struct secret_buffer *text, struct variables *members, struct error *err)
{
	if (check_markers(text, err) < 0 || sealed_document_check(text, SOURCE, err) < 0)
		return -1;
	cleanup_json struct json *document =
	    json_parse(secret_buffer_string(text), text->length, SOURCE, err);
	if (!document)
		return -1;
	json_each (document, JSON_ROOT, node)
		if (read_member(document, node, members, err) < 0)
			return -1;
	return 0;
}

/* Documents, with one line for each member. */

/* Append `  "NAME": RAW` without a line break.  The name may contain any characters. */
static int write_member(const char *name, size_t name_length, const char *raw, size_t length,
    struct secret_buffer *text, struct error *err)
{
	cleanup_secret struct secret_buffer quoted = SECRET_BUFFER_INIT;
	struct json_writer writer;

	json_writer_init(&writer, &quoted);
	json_write_string_bytes(&writer, name, name_length);
	if (json_writer_finish(&writer, err) < 0 ||
	    secret_buffer_append_string(text, "  ", err) < 0 ||
	    secret_buffer_append(text, quoted.data, quoted.length, err) < 0 ||
	    secret_buffer_append_string(text, ": ", err) < 0)
		return -1;
	return secret_buffer_append(text, raw, length, err);
}

static int write_members(const struct json *document, struct secret_buffer *text, struct error *err)
{
	const char *before = "{\n";

	json_each (document, JSON_ROOT, node) {
		cleanup_secret struct secret_buffer name = SECRET_BUFFER_INIT;
		size_t length;
		const char *raw = json_raw(document, node, &length);

		if (json_name(document, node, &name, err) < 0 ||
		    secret_buffer_append_string(text, before, err) < 0 ||
		    write_member(secret_buffer_string(&name), name.length, raw, length, text, err) <
			0)
			return -1;
		before = ",\n";
	}
	return secret_buffer_append_string(
	    text, json_count(document, JSON_ROOT) ? "\n}\n" : "{\n}\n", err);
}

int edit_text_write_document(
    const struct secret_buffer *document, struct secret_buffer *text, struct error *err)
{
	const char *bytes = secret_buffer_string(document);

	if (sealed_document_check(document, "the document", err) < 0)
		return error_wrap(err, "cannot edit it");
	if (memchr(bytes, '\n', document->length))
		return secret_buffer_append(text, bytes, document->length, err);
	cleanup_json struct json *parsed = json_parse(bytes, document->length, "document", err);
	return parsed ? write_members(parsed, text, err) : -1;
}

/*
 * Merging.
 */

static bool is_same(const struct variable *a, const struct variable *b)
{
	return !a == !b && (!a || secret_buffer_equal(&a->value, &b->value));
}

/* Append one version of a value, as YAML or as a member of a document; NULL: nothing. */
static int write_version(const struct variable *variable, bool document, bool last,
    struct secret_buffer *text, struct error *err)
{
	if (!variable)
		return 0;
	if (!document)
		return write_value(variable, text, err);
	if (write_member(variable->name, strlen(variable->name),
		secret_buffer_string(&variable->value), variable->value.length, text, err) < 0)
		return -1;
	return secret_buffer_append_string(text, last ? "\n" : ",\n", err);
}

static int write_conflict(const struct variable *mine, const struct variable *theirs, bool document,
    bool last, struct secret_buffer *text, struct error *err)
{
	if (secret_buffer_append_string(text, MINE_BEGIN "your text\n", err) < 0 ||
	    write_version(mine, document, last, text, err) < 0 ||
	    secret_buffer_append_string(text, THEIRS_BEGIN "\n", err) < 0 ||
	    write_version(theirs, document, last, text, err) < 0)
		return -1;
	return secret_buffer_append_string(text, CONFLICT_END "the Secret now\n", err);
}

/* The versions of a value to write.  `theirs` is only written after a conflict. */
struct merged {
	const struct variable *mine, *theirs;
	bool conflict;
};

/* Merge one value.  Return true if there is a version to write. */
static bool merge_value(const struct variable *base, const struct variable *mine,
    const struct variable *theirs, struct merged *merged)
{
	bool changed = !is_same(base, mine), theirs_changed = !is_same(base, theirs);

	*merged = (struct merged){mine, theirs, false};
	if (changed && theirs_changed && !is_same(mine, theirs))
		merged->conflict = true;
	else if (theirs_changed)
		merged->mine = theirs;
	return merged->conflict || merged->mine;
}

int edit_text_write_merged(const struct variables *base, const struct variables *mine,
    const struct variables *theirs, bool document, struct secret_buffer *text, struct error *err)
{
	size_t count = 0;
	cleanup_free struct merged *merged =
	    calloc(mine->count + theirs->count + 1, sizeof(*merged));
	int result = document ? secret_buffer_append_string(text, "{\n", err) : 0;

	if (!merged)
		return error_memory(err);
	for (size_t i = 0; i < theirs->count; i++) {
		const char *name = theirs->items[i].name;
		count += merge_value(variables_find(base, name), variables_find(mine, name),
		    &theirs->items[i], &merged[count]);
	}
	for (size_t i = 0; i < mine->count; i++) {
		const char *name = mine->items[i].name;
		if (!variables_find(theirs, name))
			count += merge_value(
			    variables_find(base, name), &mine->items[i], NULL, &merged[count]);
	}
	for (size_t i = 0; result == 0 && i < count; i++) {
		const struct merged *each = &merged[i];
		bool last = i + 1 == count;

		result = each->conflict
			     ? write_conflict(each->mine, each->theirs, document, last, text, err)
			     : write_version(each->mine, document, last, text, err);
	}
	return result == 0 && document ? secret_buffer_append_string(text, "}\n", err) : result;
}
