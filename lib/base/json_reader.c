#include "lib/base/json_reader.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/base/cleanup.h"
#include "lib/base/json_scanner.h"
#include "lib/base/json_text.h"

#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#define JSMN_STATIC
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <jsmn.h>
#pragma GCC diagnostic pop

struct json {
	const char *text;
	int count;
	jsmntok_t tokens[]; /* `parent` is the next sibling after link_siblings */
};

static struct json_text token_text(const struct json *document, json_node node)
{
	const jsmntok_t *token = &document->tokens[node];

	return json_text_of(document->text + token->start, (size_t)(token->end - token->start));
}

/* Return true for the name of a member.  jsmn counts the member's value as its child. */
static bool is_name(const struct json *document, json_node node)
{
	return document->tokens[node].type == JSMN_STRING && document->tokens[node].size > 0;
}

static bool is_container(const jsmntok_t *token)
{
	return token->type == JSMN_OBJECT || token->type == JSMN_ARRAY;
}

/* Replace the parent of every value, which is not needed later, by its next sibling. */
static void link_siblings(struct json *document)
{
	json_node open[JSON_DEPTH_MAX], latest[JSON_DEPTH_MAX];
	int depth = 0;

	for (json_node node = 0; node < document->count; node++) {
		jsmntok_t *token = &document->tokens[node];

		if (is_name(document, node))
			continue;
		while (depth > 0 && token->start > document->tokens[open[depth - 1]].end)
			depth--;
		if (depth > 0) {
			if (latest[depth - 1] != JSON_ABSENT)
				document->tokens[latest[depth - 1]].parent = node;
			latest[depth - 1] = node;
		}
		token->parent = JSON_ABSENT;
		if (is_container(token)) {
			open[depth] = node;
			latest[depth++] = JSON_ABSENT;
		}
	}
}

/* Return a duplicate name within an object (the later one of two), or NULL. */
static const char *duplicate_name(
    const struct json *document, json_node object, struct json_text *names)
{
	size_t count = 0;

	json_each (document, object, value)
		names[count++] = token_text(document, value - 1);
	qsort(names, count, sizeof(*names), json_text_compare);
	for (size_t i = 1; i < count; i++) {
		const char *a = names[i - 1].text, *b = names[i].text;

		if (json_text_compare(&names[i - 1], &names[i]) == 0)
			return a > b ? a : b;
	}
	return NULL;
}

/* Reject duplicate names.  Sort them, because crafted names could make a hash table slow. */
static int reject_duplicates(
    const struct json *document, const char *what, size_t line, struct error *err)
{
	cleanup_free struct json_text *names = NULL;
	int largest = 0;

	for (json_node node = 0; node < document->count; node++)
		if (document->tokens[node].type == JSMN_OBJECT &&
		    document->tokens[node].size > largest)
			largest = document->tokens[node].size;
	if (largest < 2)
		return 0;
	names = calloc((size_t)largest, sizeof(*names));
	if (!names)
		return error_memory(err);
	for (json_node node = 0; node < document->count; node++) {
		const char *name = NULL;

		if (document->tokens[node].type == JSMN_OBJECT && document->tokens[node].size > 1)
			name = duplicate_name(document, node, names);
		if (name)
			return json_error_at(err, ERROR_INVALID, what, line, document->text,
			    (size_t)(name - document->text) - 1, "duplicate member name");
	}
	return 0;
}

/* Set the tokens of a text that the scanner has accepted. */
static int split_tokens(struct json *document, size_t length)
{
	size_t start = 0;
	jsmn_parser parser;

	while (json_is_space(document->text[start]))
		start++;
	if (!strchr("{[\"", document->text[start])) {
		/* jsmn in strict mode does not find a number or word at the end of the text. */
		while (json_is_space(document->text[length - 1]))
			length--;
		jsmn_fill_token(&document->tokens[0], JSMN_PRIMITIVE, (int)start, (int)length);
		document->count = 1;
		return 0;
	}
	jsmn_init(&parser);
	if (jsmn_parse(&parser, document->text, length, document->tokens,
		(unsigned int)document->count) != document->count)
		return -1;
	return 0;
}

struct json *json_parse_lines(
    const char *text, size_t length, const char *what, size_t line, struct error *err)
{
	struct json *document;
	size_t tokens;

	/* jsmn's offsets are ints. */
	if (length >= INT_MAX) {
		error_set(err, ERROR_TOO_LARGE, "%s: larger than 2 GiB", what);
		return NULL;
	}
	if (json_scan(text, length, what, line, &tokens, err) < 0)
		return NULL;
	document = malloc(sizeof(*document) + tokens * sizeof(document->tokens[0]));
	if (!document) {
		error_memory(err);
		return NULL;
	}
	document->text = text;
	document->count = (int)tokens;
	if (split_tokens(document, length) < 0) {
		error_set(err, ERROR_INVALID, "%s: jsmn rejects this JSON", what);
		json_free(document);
		return NULL;
	}
	link_siblings(document);
	if (reject_duplicates(document, what, line, err) < 0) {
		json_free(document);
		return NULL;
	}
	return document;
}

struct json *json_parse(const char *text, size_t length, const char *what, struct error *err)
{
	return json_parse_lines(text, length, what, 1, err);
}

void json_free(struct json *document)
{
	free(document);
}

static const jsmntok_t *token_at(const struct json *document, json_node node)
{
	if (!document || node < 0 || node >= document->count)
		return NULL;
	return &document->tokens[node];
}

enum json_type json_type(const struct json *document, json_node node)
{
	const jsmntok_t *token = token_at(document, node);

	if (!token)
		return JSON_NOTHING;
	switch (token->type) {
	case JSMN_OBJECT:
		return JSON_OBJECT;
	case JSMN_ARRAY:
		return JSON_ARRAY;
	case JSMN_STRING:
		return JSON_STRING;
	default:
		break;
	}
	switch (document->text[token->start]) {
	case 'n':
		return JSON_NULL;
	case 't':
	case 'f':
		return JSON_BOOLEAN;
	default:
		return JSON_NUMBER;
	}
}

static bool content_is(const struct json *document, json_node node, const struct json_text *text)
{
	struct json_text content;
	const jsmntok_t *token = &document->tokens[node];

	/* Most names differ in length, and escapes only make a text longer. */
	if ((size_t)(token->end - token->start) < text->length)
		return false;
	content = token_text(document, node);
	return json_text_compare(&content, text) == 0;
}

json_node json_member(const struct json *document, json_node object, const char *name)
{
	struct json_text wanted = {name, strlen(name), strlen(name)};

	if (json_type(document, object) != JSON_OBJECT)
		return JSON_ABSENT;
	json_each (document, object, value)
		if (content_is(document, value - 1, &wanted))
			return value;
	return JSON_ABSENT;
}

json_node json_path(const struct json *document, json_node node, ...)
{
	va_list names;
	const char *name;

	va_start(names, node);
	while ((name = va_arg(names, const char *)))
		node = json_member(document, node, name);
	va_end(names);
	return node;
}

json_node json_first(const struct json *document, json_node container)
{
	const jsmntok_t *token = token_at(document, container);

	if (!token || !is_container(token) || token->size == 0)
		return JSON_ABSENT;
	return container + (token->type == JSMN_OBJECT ? 2 : 1);
}

json_node json_next(const struct json *document, json_node node)
{
	const jsmntok_t *token = token_at(document, node);

	return token ? token->parent : JSON_ABSENT;
}

size_t json_count(const struct json *document, json_node container)
{
	const jsmntok_t *token = token_at(document, container);

	return token && is_container(token) ? (size_t)token->size : 0;
}

static bool is_member(const struct json *document, json_node value)
{
	return value > 0 && token_at(document, value) && is_name(document, value - 1);
}

int json_string(
    const struct json *document, json_node node, struct secret_buffer *out, struct error *err)
{
	if (json_type(document, node) != JSON_STRING)
		return error_set(err, ERROR_INVALID, "the value is not a string");
	struct json_text content = token_text(document, node);
	return json_text_append(&content, out, err);
}

int json_base64(
    const struct json *document, json_node node, struct secret_buffer *out, struct error *err)
{
	cleanup_secret struct secret_buffer unescaped = SECRET_BUFFER_INIT;
	size_t length;

	/* Base64 needs no escapes in JSON, but a server may write '/' as "\/". */
	const char *text = json_plain_string(document, node, &length);
	if (text)
		return base64_decode(out, text, length, err);
	if (json_string(document, node, &unescaped, err) < 0)
		return -1;
	return base64_decode(out, secret_buffer_string(&unescaped), unescaped.length, err);
}

int json_name(
    const struct json *document, json_node value, struct secret_buffer *out, struct error *err)
{
	if (!is_member(document, value))
		return error_set(err, ERROR_INVALID, "the value is not a member of an object");
	return json_string(document, value - 1, out, err);
}

int json_copy_string(const struct json *document, json_node node, char **text, struct error *err)
{
	*text = NULL;
	if (json_type(document, node) != JSON_STRING)
		return 0;
	struct json_text content = token_text(document, node);
	return json_text_dup(&content, text, err);
}

int json_copy_name(const struct json *document, json_node value, char **text, struct error *err)
{
	return json_copy_string(
	    document, is_member(document, value) ? value - 1 : JSON_ABSENT, text, err);
}

char *json_strdup(const struct json *document, json_node node)
{
	struct error ignored = ERROR_INIT;
	char *text;

	return json_copy_string(document, node, &text, &ignored) < 0 ? NULL : text;
}

char *json_name_strdup(const struct json *document, json_node value)
{
	return json_strdup(document, is_member(document, value) ? value - 1 : JSON_ABSENT);
}

bool json_string_is(const struct json *document, json_node node, const char *text)
{
	struct json_text wanted = {text, strlen(text), strlen(text)};

	return json_type(document, node) == JSON_STRING && content_is(document, node, &wanted);
}

const char *json_raw(const struct json *document, json_node node, size_t *length)
{
	const jsmntok_t *token = token_at(document, node);
	size_t quote;

	*length = 0;
	if (!token)
		return NULL;
	quote = token->type == JSMN_STRING ? 1 : 0;
	*length = (size_t)(token->end - token->start) + 2 * quote;
	return document->text + token->start - quote;
}

const char *json_raw_name(const struct json *document, json_node value, size_t *length)
{
	*length = 0;
	return is_member(document, value) ? json_raw(document, value - 1, length) : NULL;
}

const char *json_plain_string(const struct json *document, json_node node, size_t *length)
{
	const jsmntok_t *token = token_at(document, node);

	*length = 0;
	if (!token || token->type != JSMN_STRING)
		return NULL;
	if (memchr(document->text + token->start, '\\', (size_t)(token->end - token->start)))
		return NULL;
	*length = (size_t)(token->end - token->start);
	return document->text + token->start;
}

int64_t json_integer(const struct json *document, json_node node, int64_t otherwise)
{
	int64_t number = 0;
	size_t length;
	const char *raw = json_raw(document, node, &length);
	bool negative;

	if (json_type(document, node) != JSON_NUMBER)
		return otherwise;
	negative = raw[0] == '-';
	for (size_t i = negative ? 1 : 0; i < length; i++) {
		int digit = raw[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, negative ? -digit : digit, &number))
			return otherwise;
	}
	return number;
}

bool json_boolean(const struct json *document, json_node node, bool otherwise)
{
	if (json_type(document, node) != JSON_BOOLEAN)
		return otherwise;
	return document->text[document->tokens[node].start] == 't';
}

/* Return the position after the string that begins at `quote`. */
static const char *string_end(const char *quote)
{
	const char *at = quote + 1;

	while (*at != '"')
		at += *at == '\\' ? 2 : 1;
	return at + 1;
}

int json_compact(
    const struct json *document, json_node node, struct secret_buffer *out, struct error *err)
{
	size_t length;
	const char *at = json_raw(document, node, &length);

	if (!at)
		return error_set(err, ERROR_INVALID, "no such value");
	const char *end = at + length;
	while (at < end) {
		const char *run = at;

		while (at < end && !json_is_space(*at))
			at = *at == '"' ? string_end(at) : at + 1;
		if (secret_buffer_append(out, run, (size_t)(at - run), err) < 0)
			return -1;
		while (at < end && json_is_space(*at))
			at++;
	}
	return 0;
}
