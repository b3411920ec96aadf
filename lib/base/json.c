/*
 * Reading: a scanner first proves that the text is one RFC 8259 value and counts its tokens; only
 * then jsmn splits it.  In that order, because jsmn takes much that isn't JSON, and takes quadratic
 * time over some of it (runs of surplus brackets); for text that passed the scanner it does
 * neither.
 */
#include "lib/base/json.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/cleanup.h"

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
	jsmntok_t tokens[]; /* `parent` holds the next sibling, see link_siblings */
};

/*
 * The scanner.
 */

struct scan {
	const char *text;
	size_t length;
	size_t at;
	size_t tokens;
	int depth;
	uint64_t objects; /* bit d: the container at depth d is an object, not an array */
	enum error_code code;
	const char *problem;
};

_Static_assert(JSON_DEPTH_MAX <= 64, "struct scan keeps one bit for each level");

static bool refuse(struct scan *scan, enum error_code code, const char *problem)
{
	scan->code = code;
	scan->problem = problem;
	return false;
}

static bool invalid(struct scan *scan, const char *problem)
{
	return refuse(scan, ERROR_INVALID, problem);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* The byte at the cursor, or -1 at the end. */
static int scan_byte(const struct scan *scan)
{
	return scan->at < scan->length ? (unsigned char)scan->text[scan->at] : -1;
}

/* The first byte behind white space, or -1 at the end. */
static int scan_next(struct scan *scan)
{
	while (scan->at < scan->length && is_space(scan->text[scan->at]))
		scan->at++;
	return scan_byte(scan);
}

/* The value of a \u escape's digits at `text`; -1 when they aren't four hexadecimal ones. */
static long hex4(const char *text, size_t available)
{
	long value = 0;

	if (available < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = text[i];

		value *= 16;
		if (c >= '0' && c <= '9')
			value += c - '0';
		else if (c >= 'a' && c <= 'f')
			value += c - 'a' + 10;
		else if (c >= 'A' && c <= 'F')
			value += c - 'A' + 10;
		else
			return -1;
	}
	return value;
}

static bool scan_unicode_escape(struct scan *scan)
{
	const char *escape = scan->text + scan->at;
	size_t available = scan->length - scan->at;
	long low, unit = hex4(escape + 2, available - 2);

	if (unit < 0)
		return invalid(scan, "\\u without four hexadecimal digits");
	scan->at += 6;
	if (unit < 0xD800 || unit > 0xDFFF)
		return true;
	if (unit <= 0xDBFF && available >= 12 && escape[6] == '\\' && escape[7] == 'u') {
		low = hex4(escape + 8, 4);
		if (low >= 0xDC00 && low <= 0xDFFF) {
			scan->at += 6;
			return true;
		}
	}
	scan->at -= 6;
	return invalid(scan, "half of a surrogate pair");
}

static bool scan_escape(struct scan *scan)
{
	char c = scan->at + 1 < scan->length ? scan->text[scan->at + 1] : '\0';

	if (c == 'u')
		return scan_unicode_escape(scan);
	if (c == '\0' || !strchr("\"\\/bfnrt", c))
		return invalid(scan, "no such escape in a string");
	scan->at += 2;
	return true;
}

/* What stands for itself inside a string, in ASCII. */
static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

static bool scan_string(struct scan *scan)
{
	const char *end = scan->text + scan->length;

	scan->tokens++;
	scan->at++;
	for (;;) {
		const char *at = scan->text + scan->at, *run;

		while (at < end && is_plain(*at))
			at++;
		for (run = at; at < end && (unsigned char)*at >= 0x80;)
			at++;
		scan->at = (size_t)(run - scan->text);
		if (!json_is_utf8(run, (size_t)(at - run)))
			return invalid(scan, "not UTF-8");
		scan->at = (size_t)(at - scan->text);
		if (at == end)
			return invalid(scan, "a string without its closing quote");
		if (*at == '"')
			break;
		if (*at == '\\' && !scan_escape(scan))
			return false;
		if ((unsigned char)*at < 0x20)
			return invalid(scan, "an unescaped control character in a string");
	}
	scan->at++;
	return true;
}

static bool scan_digits(struct scan *scan)
{
	if (!is_digit(scan_byte(scan)))
		return invalid(scan, "a digit is due");
	while (is_digit(scan_byte(scan)))
		scan->at++;
	return true;
}

/* Surplus digits behind a leading zero are left; nothing that may follow a number begins so. */
static bool scan_number(struct scan *scan)
{
	scan->tokens++;
	if (scan_byte(scan) == '-')
		scan->at++;
	if (scan_byte(scan) == '0')
		scan->at++;
	else if (!scan_digits(scan))
		return false;
	if (scan_byte(scan) == '.') {
		scan->at++;
		if (!scan_digits(scan))
			return false;
	}
	if (scan_byte(scan) == 'e' || scan_byte(scan) == 'E') {
		scan->at++;
		if (scan_byte(scan) == '+' || scan_byte(scan) == '-')
			scan->at++;
		return scan_digits(scan);
	}
	return true;
}

static bool scan_word(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	scan->tokens++;
	if (scan->length - scan->at < length || memcmp(scan->text + scan->at, word, length) != 0)
		return invalid(scan, "a value is due (true, false and null are the only words)");
	scan->at += length;
	return true;
}

/* A member's name and its colon. */
static bool scan_name(struct scan *scan)
{
	if (scan_next(scan) != '"')
		return invalid(scan, "a member's name in double quotes is due");
	if (!scan_string(scan))
		return false;
	if (scan_next(scan) != ':')
		return invalid(scan, "':' is due");
	scan->at++;
	return true;
}

static bool in_object(const struct scan *scan)
{
	return scan->objects >> (scan->depth - 1) & 1;
}

static char closing_bracket(const struct scan *scan)
{
	return in_object(scan) ? '}' : ']';
}

/* '{' or '['.  *due becomes true when there is something inside, so that its first value comes
 * next. */
static bool scan_open(struct scan *scan, bool *due)
{
	uint64_t bit;

	if (scan->depth == JSON_DEPTH_MAX)
		return refuse(scan, ERROR_TOO_LARGE, "nested too deep");
	bit = (uint64_t)1 << scan->depth++;
	if (scan->text[scan->at] == '{')
		scan->objects |= bit;
	else
		scan->objects &= ~bit;
	scan->tokens++;
	scan->at++;
	*due = scan_next(scan) != closing_bracket(scan);
	return !*due || !in_object(scan) || scan_name(scan);
}

static bool scan_value(struct scan *scan, bool *due)
{
	int c = scan_next(scan);

	*due = false;
	switch (c) {
	case '{':
	case '[':
		return scan_open(scan, due);
	case '"':
		return scan_string(scan);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	case -1:
		return invalid(scan, "the text ends where a value is due");
	default:
		if (c == '-' || is_digit(c))
			return scan_number(scan);
		return invalid(scan, "a value is due");
	}
}

/* Behind a value: close what ends here.  *due becomes true when a comma announces another value. */
static bool scan_behind_value(struct scan *scan, bool *due)
{
	while (scan->depth > 0 && scan_next(scan) == closing_bracket(scan)) {
		scan->at++;
		scan->depth--;
	}
	if (scan->depth == 0)
		return true;
	if (scan_byte(scan) == -1)
		return invalid(scan, "the text ends inside an object or array");
	if (scan_byte(scan) != ',')
		return invalid(scan, in_object(scan) ? "',' or '}' is due" : "',' or ']' is due");
	scan->at++;
	*due = true;
	return !in_object(scan) || scan_name(scan);
}

static bool scan_text(struct scan *scan)
{
	bool due = true;

	if (scan->length >= 3 && memcmp(scan->text, "\xEF\xBB\xBF", 3) == 0)
		return invalid(scan, "a byte order mark");
	while (due) {
		if (!scan_value(scan, &due))
			return false;
		if (!due && !scan_behind_value(scan, &due))
			return false;
	}
	if (scan_next(scan) != -1)
		return invalid(scan, "something stands behind the value");
	return true;
}

/* Columns count characters, as editors do. */
static int error_at(struct error *err, enum error_code code, const char *what, size_t line,
    const char *text, size_t offset, const char *problem)
{
	size_t column = 1;

	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)text[i] & 0xC0) != 0x80) {
			column++;
		}
	}
	return error_set(err, code, "%s: line %zu, column %zu: %s", what, line, column, problem);
}

/*
 * Strings, escaped and not.
 */

/* Walks over the inside of a string and gives its bytes unescaped. */
struct walk {
	const char *at;
	const char *end;
	bool escapes;	 /* else a backslash is only a backslash */
	char decoded[4]; /* UTF-8 of the latest escape */
	int decoded_length;
	int decoded_at;
};

static int utf8_encode(unsigned long point, char utf8[4])
{
	if (point < 0x80) {
		utf8[0] = (char)point;
		return 1;
	}
	if (point < 0x800) {
		utf8[0] = (char)(0xC0 | point >> 6);
		utf8[1] = (char)(0x80 | (point & 0x3F));
		return 2;
	}
	if (point < 0x10000) {
		utf8[0] = (char)(0xE0 | point >> 12);
		utf8[1] = (char)(0x80 | (point >> 6 & 0x3F));
		utf8[2] = (char)(0x80 | (point & 0x3F));
		return 3;
	}
	utf8[0] = (char)(0xF0 | point >> 18);
	utf8[1] = (char)(0x80 | (point >> 12 & 0x3F));
	utf8[2] = (char)(0x80 | (point >> 6 & 0x3F));
	utf8[3] = (char)(0x80 | (point & 0x3F));
	return 4;
}

/* The scanner has passed every escape, so that nothing can be missing here. */
static void walk_escape(struct walk *walk)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *escape = walk->at;
	unsigned long point;

	walk->decoded_at = 0;
	if (escape[1] != 'u') {
		walk->decoded[0] = meanings[strchr(letters, escape[1]) - letters];
		walk->decoded_length = 1;
		walk->at += 2;
		return;
	}
	point = (unsigned long)hex4(escape + 2, 4);
	walk->at += 6;
	if (point >= 0xD800 && point <= 0xDBFF) {
		point = 0x10000 + ((point - 0xD800) << 10) +
			((unsigned long)hex4(escape + 8, 4) - 0xDC00);
		walk->at += 6;
	}
	walk->decoded_length = utf8_encode(point, walk->decoded);
}

/* The next byte, or -1 at the end. */
static int walk_byte(struct walk *walk)
{
	if (walk->decoded_at == walk->decoded_length) {
		if (walk->at == walk->end)
			return -1;
		if (*walk->at != '\\' || !walk->escapes)
			return (unsigned char)*walk->at++;
		walk_escape(walk);
	}
	return (unsigned char)walk->decoded[walk->decoded_at++];
}

/* The inside of a string.  It has escapes just when its text is longer than what it stands for. */
struct content {
	const char *text;
	size_t text_length;
	size_t length; /* unescaped */
};

static struct walk walk_content(const struct content *content)
{
	return (struct walk){.at = content->text,
	    .end = content->text + content->text_length,
	    .escapes = content->text_length != content->length};
}

static struct content string_content(const char *text, size_t length)
{
	struct content content = {text, length, length};

	if (memchr(text, '\\', length)) {
		struct walk walk = walk_content(&content);

		walk.escapes = true;
		for (content.length = 0; walk_byte(&walk) != -1;)
			content.length++;
	}
	return content;
}

/* An order in which just equal strings compare as equal; the cheapest one. */
static int content_compare(const void *left, const void *right)
{
	const struct content *a = left, *b = right;
	struct walk walk_a, walk_b;
	int byte_a, byte_b;

	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	if (a->text_length == a->length && b->text_length == b->length)
		return memcmp(a->text, b->text, a->length);
	walk_a = walk_content(a);
	walk_b = walk_content(b);
	do {
		byte_a = walk_byte(&walk_a);
		byte_b = walk_byte(&walk_b);
	} while (byte_a == byte_b && byte_a != -1);
	return byte_a - byte_b;
}

static void content_copy(const struct content *content, char *to)
{
	struct walk walk = walk_content(content);

	if (content->text_length == content->length) {
		memcpy(to, content->text, content->length);
		return;
	}
	for (int byte = walk_byte(&walk); byte != -1; byte = walk_byte(&walk))
		*to++ = (char)byte;
}

/*
 * The document.
 */

static struct content token_content(const struct json *document, json_node node)
{
	const jsmntok_t *token = &document->tokens[node];

	return string_content(document->text + token->start, (size_t)(token->end - token->start));
}

/* jsmn counts a member's value as its name's child; a string value has none. */
static bool is_name(const struct json *document, json_node node)
{
	return document->tokens[node].type == JSMN_STRING && document->tokens[node].size > 0;
}

static bool is_container(const jsmntok_t *token)
{
	return token->type == JSMN_OBJECT || token->type == JSMN_ARRAY;
}

/* Replace every value's parent, which nothing asks for later, by its next sibling. */
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

/* The inside of a name that an object has twice (the later one, if only two), or NULL. */
static const char *duplicate_name(
    const struct json *document, json_node object, struct content *names)
{
	size_t count = 0;

	json_each (document, object, value)
		names[count++] = token_content(document, value - 1);
	qsort(names, count, sizeof(*names), content_compare);
	for (size_t i = 1; i < count; i++) {
		const char *a = names[i - 1].text, *b = names[i].text;

		if (content_compare(&names[i - 1], &names[i]) == 0)
			return a > b ? a : b;
	}
	return NULL;
}

/* By sorting: a hash table would have to be keyed against chosen names. */
static int refuse_duplicates(
    const struct json *document, const char *what, size_t line, struct error *err)
{
	cleanup_free struct content *names = NULL;
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
			return error_at(err, ERROR_INVALID, what, line, document->text,
			    (size_t)(name - document->text) - 1,
			    "a member's name for the second time");
	}
	return 0;
}

/* Fill the tokens of a text that the scanner has passed. */
static int split(struct json *document, size_t length)
{
	size_t start = 0;
	jsmn_parser parser;

	while (is_space(document->text[start]))
		start++;
	if (!strchr("{[\"", document->text[start])) {
		/* jsmn in strict mode misses a number or word that nothing follows. */
		while (is_space(document->text[length - 1]))
			length--;
		jsmn_fill_token(&document->tokens[0], JSMN_PRIMITIVE, (int)start, (int)length);
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
	struct scan scan = {.text = text, .length = length};
	struct json *document;

	/* jsmn's offsets are ints. */
	if (length >= INT_MAX) {
		error_set(err, ERROR_TOO_LARGE, "%s: larger than 2 GiB", what);
		return NULL;
	}
	if (!scan_text(&scan)) {
		error_at(err, scan.code, what, line, text, scan.at, scan.problem);
		return NULL;
	}
	document = malloc(sizeof(*document) + scan.tokens * sizeof(document->tokens[0]));
	if (!document) {
		error_memory(err);
		return NULL;
	}
	document->text = text;
	document->count = (int)scan.tokens;
	if (split(document, length) < 0) {
		error_set(err, ERROR_INVALID, "%s: jsmn does not take this JSON", what);
		json_free(document);
		return NULL;
	}
	link_siblings(document);
	if (refuse_duplicates(document, what, line, err) < 0) {
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

/*
 * Looking around.
 */

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

static bool content_is(const struct json *document, json_node node, const struct content *text)
{
	struct content content;
	const jsmntok_t *token = &document->tokens[node];

	/* Most names differ in length; and escapes only make a text longer. */
	if ((size_t)(token->end - token->start) < text->length)
		return false;
	content = token_content(document, node);
	return content_compare(&content, text) == 0;
}

json_node json_member(const struct json *document, json_node object, const char *name)
{
	struct content wanted = {name, strlen(name), strlen(name)};

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

/*
 * Taking values out.
 */

static int append_content(
    const struct content *content, struct secret_buffer *out, struct error *err)
{
	if (content->text_length == content->length)
		return secret_buffer_append(out, content->text, content->length, err);
	if (secret_buffer_reserve(out, content->length, err) < 0)
		return -1;
	content_copy(content, out->data + out->length);
	out->length += content->length;
	out->data[out->length] = '\0';
	return 0;
}

/* *text stays NULL where the content is not a C string. */
static int copy_content(const struct content *content, char **text, struct error *err)
{
	char *copy = malloc(content->length + 1);

	if (!copy)
		return error_memory(err);
	content_copy(content, copy);
	copy[content->length] = '\0';
	if (memchr(copy, '\0', content->length))
		free(copy);
	else
		*text = copy;
	return 0;
}

static bool is_member(const struct json *document, json_node value)
{
	return value > 0 && token_at(document, value) && is_name(document, value - 1);
}

int json_string(
    const struct json *document, json_node node, struct secret_buffer *out, struct error *err)
{
	struct content content;

	if (json_type(document, node) != JSON_STRING)
		return error_set(err, ERROR_INVALID, "the value is not a string");
	content = token_content(document, node);
	return append_content(&content, out, err);
}

int json_name(
    const struct json *document, json_node value, struct secret_buffer *out, struct error *err)
{
	struct content content;

	if (!is_member(document, value))
		return error_set(err, ERROR_INVALID, "the value is not a member of an object");
	content = token_content(document, value - 1);
	return append_content(&content, out, err);
}

int json_copy_string(const struct json *document, json_node node, char **text, struct error *err)
{
	*text = NULL;
	if (json_type(document, node) != JSON_STRING)
		return 0;
	struct content content = token_content(document, node);
	return copy_content(&content, text, err);
}

int json_copy_name(const struct json *document, json_node value, char **text, struct error *err)
{
	*text = NULL;
	if (!is_member(document, value))
		return 0;
	struct content content = token_content(document, value - 1);
	return copy_content(&content, text, err);
}

char *json_strdup(const struct json *document, json_node node)
{
	struct error ignored = ERROR_INIT;
	char *text;

	return json_copy_string(document, node, &text, &ignored) < 0 ? NULL : text;
}

char *json_name_strdup(const struct json *document, json_node value)
{
	struct error ignored = ERROR_INIT;
	char *text;

	return json_copy_name(document, value, &text, &ignored) < 0 ? NULL : text;
}

bool json_string_is(const struct json *document, json_node node, const char *text)
{
	struct content wanted = {text, strlen(text), strlen(text)};

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

		if (!is_digit(raw[i]) || __builtin_mul_overflow(number, 10, &number) ||
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

/* The position behind a string, from its opening quote. */
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
		return error_set(err, ERROR_INVALID, "there is no such value");
	const char *end = at + length;
	while (at < end) {
		const char *run = at;

		while (at < end && !is_space(*at))
			at = *at == '"' ? string_end(at) : at + 1;
		if (secret_buffer_append(out, run, (size_t)(at - run), err) < 0)
			return -1;
		while (at < end && is_space(*at))
			at++;
	}
	return 0;
}
