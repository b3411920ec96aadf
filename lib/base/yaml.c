#include "lib/base/yaml.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/base/json_writer.h"
#include "lib/base/utf8.h"
#include "lib/base/yaml_input.h"
#include "lib/base/yaml_plain.h"

#define CORE_TAG "tag:yaml.org,2002:"

/* The kind of a plain scalar in the core schema. */
enum kind { KIND_NULL, KIND_BOOLEAN, KIND_INTEGER, KIND_FLOAT, KIND_NOT_FINITE, KIND_STRING };

struct scalar {
	const char *text;
	size_t length;
};

/* An open mapping or sequence. */
struct level {
	bool mapping;
	bool value_due; /* in a mapping, the key has been read */
	void *keys;	/* tree of struct scalar (tsearch) */
};

struct converter {
	yaml_parser_t parser;
	struct json_writer writer;
	struct level levels[JSON_DEPTH_MAX];
	int depth;
	int documents;
	const char *what;
	struct error *err;
};

static int reject_as(const struct converter *converter, enum error_code code,
    const yaml_mark_t *mark, const char *problem)
{
	return error_at(converter->err, code, converter->what,
	    (struct utf8_position){mark->line + 1, mark->column + 1}, problem);
}

static int reject(const struct converter *converter, const yaml_event_t *event, const char *problem)
{
	return reject_as(converter, ERROR_INVALID, &event->start_mark, problem);
}

/* The core schema.  A plain scalar does not contain NUL, so strchr never finds the NUL of a set. */

static bool is_one_of(struct scalar scalar, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == scalar.length &&
		    memcmp(*words, scalar.text, scalar.length) == 0)
			return true;
	return false;
}

/* Return the number of consecutive bytes from `at` that are in `letters`. */
static size_t span(struct scalar scalar, size_t at, const char *letters)
{
	size_t start = at;

	while (at < scalar.length && strchr(letters, scalar.text[at]))
		at++;
	return at - start;
}

/* Match "0o" or "0x" with digits. */
static bool is_based_integer(struct scalar scalar)
{
	static const char octal[] = "01234567", hexadecimal[] = "0123456789abcdefABCDEF";

	if (scalar.length < 3 || scalar.text[0] != '0' || !strchr("ox", scalar.text[1]))
		return false;
	return span(scalar, 2, scalar.text[1] == 'o' ? octal : hexadecimal) == scalar.length - 2;
}

/* Match [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?; otherwise return KIND_STRING. */
static enum kind decimal_kind(struct scalar scalar)
{
	static const char digits[] = "0123456789";
	enum kind kind = KIND_INTEGER;
	size_t at = scalar.length && strchr("+-", scalar.text[0]) ? 1 : 0;
	size_t whole = span(scalar, at, digits), fraction = 0;

	at += whole;
	if (at < scalar.length && scalar.text[at] == '.') {
		kind = KIND_FLOAT;
		fraction = span(scalar, at + 1, digits);
		at += 1 + fraction;
	}
	if (whole + fraction == 0)
		return KIND_STRING;
	if (at < scalar.length && strchr("eE", scalar.text[at])) {
		kind = KIND_FLOAT;
		at++;
		if (at < scalar.length && strchr("+-", scalar.text[at]))
			at++;
		size_t exponent = span(scalar, at, digits);
		if (exponent == 0)
			return KIND_STRING;
		at += exponent;
	}
	return at == scalar.length ? kind : KIND_STRING;
}

static enum kind plain_kind(struct scalar scalar)
{
	static const char *const booleans[] = {
	    "true", "True", "TRUE", "false", "False", "FALSE", NULL};
	static const char *const not_finite[] = {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF",
	    "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", NULL};

	if (yaml_plain_is_null(scalar.text, scalar.length))
		return KIND_NULL;
	if (is_one_of(scalar, booleans))
		return KIND_BOOLEAN;
	if (is_one_of(scalar, not_finite))
		return KIND_NOT_FINITE;
	return is_based_integer(scalar) ? KIND_INTEGER : decimal_kind(scalar);
}

/* Return 1 if the number or boolean is written as in JSON, 0 if not, -1 if out of memory. */
static int is_json_literal(struct scalar scalar, struct error *err)
{
	struct error no_json = ERROR_INIT;
	struct json *literal = json_parse(scalar.text, scalar.length, "", &no_json);

	json_free(literal);
	if (!literal && no_json.code == ERROR_SYSTEM)
		return error_memory(err);
	return literal != NULL;
}

/* Set *kind to the kind of a core schema tag.  Return false for any other tag. */
static bool tagged_kind(const char *tag, enum kind *kind)
{
	static const struct {
		const char *tag;
		enum kind kind;
	} tags[] = {{CORE_TAG "str", KIND_STRING}, {"!", KIND_STRING}, {CORE_TAG "null", KIND_NULL},
	    {CORE_TAG "bool", KIND_BOOLEAN}, {CORE_TAG "int", KIND_INTEGER},
	    {CORE_TAG "float", KIND_FLOAT}};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strcmp(tag, tags[i].tag) == 0) {
			*kind = tags[i].kind;
			return true;
		}
	return false;
}

static int find_kind(const struct converter *converter, const yaml_event_t *event, enum kind *kind)
{
	const char *tag = (const char *)event->data.scalar.tag;
	struct scalar scalar = {(const char *)event->data.scalar.value, event->data.scalar.length};
	enum kind asked;

	*kind =
	    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_kind(scalar) : KIND_STRING;
	if (tag) {
		if (!tagged_kind(tag, &asked))
			return reject(converter, event, "a tag outside of YAML's core schema");
		if (asked != *kind && asked != KIND_STRING &&
		    !(asked == KIND_FLOAT && *kind == KIND_INTEGER))
			return reject(converter, event, "the value does not match its tag");
		*kind = asked;
	}
	if (*kind == KIND_NOT_FINITE)
		return reject(converter, event, "JSON has no infinity and no NaN");
	return 0;
}

static int compare_keys(const void *left, const void *right)
{
	const struct scalar *a = left, *b = right;

	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return memcmp(a->text, b->text, a->length);
}

/* Return a copy of the key with its text in one allocation, so that free() releases both. */
static struct scalar *copy_key(struct scalar key)
{
	struct scalar *copy = malloc(sizeof(*copy) + key.length);

	if (copy) {
		memcpy(copy + 1, key.text, key.length);
		*copy = (struct scalar){(const char *)(copy + 1), key.length};
	}
	return copy;
}

static int remember_key(struct converter *converter, const yaml_event_t *event, struct scalar key)
{
	struct level *level = &converter->levels[converter->depth - 1];
	struct scalar *copy = copy_key(key);
	struct scalar **found = copy ? tsearch(copy, &level->keys, compare_keys) : NULL;

	if (!found) {
		free(copy);
		return error_memory(converter->err);
	}
	if (*found != copy) {
		free(copy);
		return reject(converter, event, "duplicate key");
	}
	return 0;
}

static int on_key(struct converter *converter, const yaml_event_t *event)
{
	struct scalar key = {(const char *)event->data.scalar.value, event->data.scalar.length};
	enum kind kind;

	if (find_kind(converter, event, &kind) < 0)
		return -1;
	if (kind != KIND_STRING)
		return reject(converter, event, "a key that is not a string; put it in quotes");
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && key.length == 2 &&
	    memcmp(key.text, "<<", 2) == 0)
		return reject(converter, event, "a merge key");
	if (remember_key(converter, event, key) < 0)
		return -1;
	json_write_name_bytes(&converter->writer, key.text, key.length);
	converter->levels[converter->depth - 1].value_due = true;
	return 0;
}

static bool key_due(const struct converter *converter)
{
	if (converter->depth == 0)
		return false;
	const struct level *level = &converter->levels[converter->depth - 1];
	return level->mapping && !level->value_due;
}

static void value_done(struct converter *converter)
{
	if (converter->depth > 0)
		converter->levels[converter->depth - 1].value_due = false;
}

static int on_scalar(struct converter *converter, const yaml_event_t *event)
{
	struct scalar scalar = {(const char *)event->data.scalar.value, event->data.scalar.length};
	enum kind kind;

	if (event->data.scalar.anchor)
		return reject(converter, event, "an anchor");
	if (key_due(converter))
		return on_key(converter, event);
	if (find_kind(converter, event, &kind) < 0)
		return -1;
	int literal =
	    kind == KIND_NULL || kind == KIND_STRING ? 0 : is_json_literal(scalar, converter->err);
	if (literal < 0)
		return -1;
	if (kind == KIND_NULL)
		json_write_null(&converter->writer);
	else if (literal)
		json_write_raw(&converter->writer, scalar.text, scalar.length);
	else
		json_write_string_bytes(&converter->writer, scalar.text, scalar.length);
	value_done(converter);
	return 0;
}

static int on_start(struct converter *converter, const yaml_event_t *event)
{
	bool mapping = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor =
	    mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	const yaml_char_t *tag =
	    mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;

	if (anchor)
		return reject(converter, event, "an anchor");
	if (tag && strcmp((const char *)tag, "!") != 0 &&
	    strcmp((const char *)tag, mapping ? CORE_TAG "map" : CORE_TAG "seq") != 0)
		return reject(converter, event, "a tag outside of YAML's core schema");
	if (key_due(converter))
		return reject(converter, event, "a key that is not a string");
	if (converter->depth == JSON_DEPTH_MAX)
		return reject_as(converter, ERROR_TOO_LARGE, &event->start_mark, "nested too deep");
	converter->levels[converter->depth++] = (struct level){.mapping = mapping};
	if (mapping)
		json_write_object(&converter->writer);
	else
		json_write_array(&converter->writer);
	return 0;
}

static int on_end(struct converter *converter)
{
	struct level *level = &converter->levels[--converter->depth];

	tdestroy(level->keys, free);
	if (level->mapping)
		json_write_object_end(&converter->writer);
	else
		json_write_array_end(&converter->writer);
	value_done(converter);
	return 0;
}

static int on_event(struct converter *converter, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (converter->documents++ > 0)
			return reject(converter, event, "a second document");
		return 0;
	case YAML_ALIAS_EVENT:
		return reject(converter, event, "an alias");
	case YAML_SCALAR_EVENT:
		return on_scalar(converter, event);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return on_start(converter, event);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return on_end(converter);
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

/* Return the position of a byte, because libyaml's reader reports only its offset. */
static yaml_mark_t mark_of_byte(const char *text, size_t offset)
{
	struct utf8_position at = utf8_position(text, offset);

	return (yaml_mark_t){.line = at.line - 1, .column = at.column - 1};
}

static int report_parser(const struct converter *converter, const char *text)
{
	const yaml_parser_t *parser = &converter->parser;
	const char *problem = parser->problem ? parser->problem : "not YAML";
	yaml_mark_t mark = parser->problem_mark;

	if (yaml_is_out_of_memory(parser))
		return error_memory(converter->err);
	if (parser->error == YAML_READER_ERROR)
		mark = mark_of_byte(text, parser->problem_offset);
	return reject_as(converter, ERROR_INVALID, &mark, problem);
}

static int convert(struct converter *converter, const char *text)
{
	bool more = true;

	while (more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&converter->parser, &event))
			return report_parser(converter, text);
		int result = on_event(converter, &event);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_input_free_event(&event);
		if (result < 0)
			return -1;
	}
	if (converter->documents == 0)
		json_write_null(&converter->writer);
	if (json_writer_finish(&converter->writer, converter->err) < 0)
		return error_wrap(converter->err, "%s", converter->what);
	return 0;
}

/* Return true for a blank line, a comment, a directive or "---". */
static bool is_line_empty(const char *text, size_t length)
{
	size_t at = length >= 3 && memcmp(text, "---", 3) == 0 ? 3 : 0;
	size_t blanks = span((struct scalar){text, length}, at, " \t\r");

	if (at > 0 && blanks == 0)
		return at == length;
	at += blanks;
	return at == length || text[at] == '#' || text[0] == '%';
}

size_t yaml_content_start(const char *text, size_t length, size_t *line)
{
	size_t at = utf8_mark_length(text, length);

	while (at < length) {
		const char *newline = memchr(text + at, '\n', length - at);
		size_t end = newline ? (size_t)(newline - text) : length;
		if (!is_line_empty(text + at, end - at))
			return at;
		if (!newline)
			return length;
		at = end + 1;
		at += utf8_mark_length(text + at, length - at);
		++*line;
	}
	return at;
}

/* Append the text to *json if it is JSON.  Return 1 for JSON, 0 for YAML, -1 on error. */
static int pass_json(const char *text, size_t length, const char *what, struct secret_buffer *json,
    struct error *err)
{
	static const char spaces[] = " \t\r\n";
	struct scalar whole = {text, length};
	struct error no_json = ERROR_INIT;
	size_t line = 1, start = yaml_content_start(text, length, &line);
	size_t mark = utf8_mark_length(text, length), first = start + span(whole, start, spaces);

	/* White space before JSON is part of it. */
	if (mark + span(whole, mark, spaces) == first) {
		start = mark;
		line = 1;
	}
	cleanup_json struct json *document =
	    json_parse_lines(text + start, length - start, what, line, &no_json);

	if (document)
		return secret_buffer_append(json, text + start, length - start, err) < 0 ? -1 : 1;
	if (no_json.code != ERROR_SYSTEM && (first == length || text[first] != '{'))
		return 0;
	*err = no_json;
	return -1;
}

int yaml_to_json(const char *text, size_t length, const char *what, struct secret_buffer *json,
    struct error *err)
{
	struct converter converter = {.what = what, .err = err};
	struct yaml_input input;

	if (yaml_check_encoding(text, length, what, err) < 0)
		return -1;
	int passed = pass_json(text, length, what, json, err);
	if (passed != 0)
		return passed < 0 ? -1 : 0;
	/* libyaml would count a byte order mark as a column of the first line. */
	size_t mark = utf8_mark_length(text, length);
	text += mark;
	length -= mark;
	const char *inner = yaml_find_mark(text, length);
	if (inner) {
		yaml_mark_t place = mark_of_byte(text, (size_t)(inner - text));
		return reject_as(&converter, ERROR_INVALID, &place,
		    "a byte order mark within the text; remove it");
	}
	if (!yaml_input_begin(&input, &converter.parser, text, length))
		return error_memory(err);
	json_writer_init(&converter.writer, json);
	int result = convert(&converter, text);
	while (converter.depth > 0)
		tdestroy(converter.levels[--converter.depth].keys, free);
	yaml_input_end(&converter.parser);
	return result;
}
