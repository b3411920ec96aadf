#include "lib/manifest/tree.h"

#include <openssl/mem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/base/yaml.h"
#include "lib/base/yaml_input.h"
#include "lib/base/yaml_plain.h"

#define MARK_LENGTH 3
static const char byte_order_mark[] = "\xEF\xBB\xBF";

/* Where a node is added. */
struct builder {
	struct manifest_tree *tree;
	uint32_t open[MANIFEST_DEPTH_MAX];   /* containers */
	uint32_t latest[MANIFEST_DEPTH_MAX]; /* the latest child of each; 0: none yet */
	size_t depth;
	struct error *err;
};

void manifest_tree_free(struct manifest_tree *tree)
{
	free(tree->nodes);
	secret_buffer_free(&tree->contents);
	*tree = (struct manifest_tree){0};
}

/*
 * Messages.
 */

/* Columns count characters, as people do. */
static void find_place(const struct manifest_tree *tree, size_t byte, size_t *line, size_t *column)
{
	*line = tree->line;
	*column = 1;
	for (size_t i = 0; i < byte && i < tree->length; i++) {
		if (tree->text[i] == '\n') {
			++*line;
			*column = 1;
		} else if (((unsigned char)tree->text[i] & 0xC0) != 0x80) {
			++*column;
		}
	}
}

int manifest_tree_refuse(
    const struct manifest_tree *tree, size_t byte, struct error *err, const char *format, ...)
{
	char said[ERROR_MESSAGE_MAX];
	va_list arguments;
	size_t line, column;

	va_start(arguments, format);
	vsnprintf(said, sizeof(said), format, arguments);
	va_end(arguments);
	find_place(tree, byte, &line, &column);
	return error_set(
	    err, ERROR_INVALID, "%s: line %zu, column %zu: %s", tree->what, line, column, said);
}

/* Return the first byte of the line of `byte` that has a column: a byte order mark has none. */
static size_t content_start(const struct manifest_tree *tree, size_t byte)
{
	size_t start = manifest_line_start(tree, byte);

	if (byte - start >= MARK_LENGTH &&
	    memcmp(tree->text + start, byte_order_mark, MARK_LENGTH) == 0)
		start += MARK_LENGTH;
	return start;
}

size_t manifest_line_start(const struct manifest_tree *tree, size_t byte)
{
	const char *newline = memrchr(tree->text, '\n', byte);

	return newline ? (size_t)(newline - tree->text) + 1 : 0;
}

size_t manifest_line_after(const struct manifest_tree *tree, size_t byte)
{
	const char *newline = memchr(tree->text + byte, '\n', tree->length - byte);

	return newline ? (size_t)(newline - tree->text) + 1 : tree->length;
}

size_t manifest_column(const struct manifest_tree *tree, size_t byte)
{
	size_t column = 0;

	for (size_t i = content_start(tree, byte); i < byte; i++)
		column += ((unsigned char)tree->text[i] & 0xC0) != 0x80;
	return column;
}

bool manifest_begins_line(const struct manifest_tree *tree, size_t byte)
{
	size_t start = content_start(tree, byte);

	return start + strspn(tree->text + start, " ") >= byte;
}

const char *manifest_line_break(const struct manifest_tree *tree)
{
	const char *newline = memchr(tree->text, '\n', tree->length);

	return newline && newline > tree->text && newline[-1] == '\r' ? "\r\n" : "\n";
}

static int refuse_depth(const struct builder *builder, size_t byte)
{
	manifest_tree_refuse(
	    builder->tree, byte, builder->err, "nested deeper than %d levels", MANIFEST_DEPTH_MAX);
	builder->err->code = ERROR_TOO_LARGE;
	return -1;
}

/*
 * Nodes.
 */

static int grow(struct manifest_tree *tree, struct error *err)
{
	uint32_t capacity = tree->capacity ? 2 * tree->capacity : 64;

	if (tree->count >= MANIFEST_NODES_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "%s: line %zu: the document that begins here has more than %d keys and values: "
		    "split it",
		    tree->what, tree->line, MANIFEST_NODES_MAX);
	struct manifest_node *nodes = reallocarray(tree->nodes, capacity, sizeof(*nodes));
	if (!nodes)
		return error_memory(err);
	tree->nodes = nodes;
	tree->capacity = capacity;
	return 0;
}

/* A new node at the end; NULL on error. */
static struct manifest_node *add_node(struct builder *builder, enum manifest_kind kind,
    enum manifest_style style, size_t start, size_t end)
{
	struct manifest_tree *tree = builder->tree;

	if (tree->count == tree->capacity && grow(tree, builder->err) < 0)
		return NULL;
	uint32_t index = tree->count++;
	struct manifest_node *node = &tree->nodes[index];
	*node = (struct manifest_node){.start = (uint32_t)start,
	    .end = (uint32_t)end,
	    .behind = tree->count,
	    .kind = (uint8_t)kind,
	    .style = (uint8_t)style};
	if (builder->depth > 0) {
		uint32_t *latest = &builder->latest[builder->depth - 1];
		if (*latest)
			tree->nodes[*latest].next = index;
		else
			tree->nodes[builder->open[builder->depth - 1]].first = index;
		*latest = index;
	}
	return node;
}

static int open_node(struct builder *builder, enum manifest_kind kind, enum manifest_style style,
    size_t start, bool marked)
{
	if (builder->depth == MANIFEST_DEPTH_MAX)
		return refuse_depth(builder, start);
	struct manifest_node *node = add_node(builder, kind, style, start, start);
	if (!node)
		return -1;
	node->marked = marked;
	builder->open[builder->depth] = (uint32_t)(node - builder->tree->nodes);
	builder->latest[builder->depth++] = 0;
	return 0;
}

/* A container without brackets ends where its last child does. */
static void close_node(struct builder *builder, size_t end)
{
	struct manifest_tree *tree = builder->tree;
	uint32_t latest = builder->latest[--builder->depth];
	struct manifest_node *node = &tree->nodes[builder->open[builder->depth]];

	node->behind = tree->count;
	if (node->style == MANIFEST_FLOW)
		node->end = (uint32_t)end;
	else if (latest)
		node->end = tree->nodes[latest].end;
}

static int add_content(
    struct builder *builder, struct manifest_node *node, const char *content, size_t length)
{
	struct secret_buffer *contents = &builder->tree->contents;

	node->value = (uint32_t)contents->length;
	node->bytes = (uint32_t)length;
	return secret_buffer_append(contents, content, length, builder->err);
}

/*
 * JSON: a text that json_parse has passed, walked again beside its nodes for the names' places.
 */

struct walk {
	struct builder *builder;
	const struct json *document;
	size_t at; /* behind what was passed */
};

/* From the quote at walk->at to behind its partner. */
static size_t pass_string(struct walk *walk)
{
	const char *text = walk->builder->tree->text;
	size_t at = walk->at + 1;

	while (text[at] != '"')
		at += text[at] == '\\' ? 2 : 1;
	return at + 1;
}

static int walk_name(struct walk *walk, json_node value)
{
	struct builder *builder = walk->builder;
	struct secret_buffer *contents = &builder->tree->contents;

	walk->at += strcspn(builder->tree->text + walk->at, "\"");
	size_t end = pass_string(walk);
	struct manifest_node *node =
	    add_node(builder, MANIFEST_SCALAR, MANIFEST_DOUBLE_QUOTED, walk->at, end);
	if (!node)
		return -1;
	walk->at = end;
	node->value = (uint32_t)contents->length;
	if (json_name(walk->document, value, contents, builder->err) < 0)
		return -1;
	node->bytes = (uint32_t)contents->length - node->value;
	return 0;
}

static int walk_scalar(struct walk *walk, json_node value, const char *raw, size_t length)
{
	struct builder *builder = walk->builder;
	struct secret_buffer *contents = &builder->tree->contents;
	bool string = json_type(walk->document, value) == JSON_STRING;
	size_t start = (size_t)(raw - builder->tree->text);
	struct manifest_node *node = add_node(builder, MANIFEST_SCALAR,
	    string ? MANIFEST_DOUBLE_QUOTED : MANIFEST_PLAIN, start, start + length);

	if (!node)
		return -1;
	if (!string)
		return add_content(builder, node, raw, length);
	node->value = (uint32_t)contents->length;
	if (json_string(walk->document, value, contents, builder->err) < 0)
		return -1;
	node->bytes = (uint32_t)contents->length - node->value;
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): JSON_DEPTH_MAX bounds it */
static int walk_value(struct walk *walk, json_node value)
{
	struct builder *builder = walk->builder;
	enum json_type type = json_type(walk->document, value);
	size_t length, start;
	const char *raw = json_raw(walk->document, value, &length);

	start = (size_t)(raw - builder->tree->text);
	if (type != JSON_OBJECT && type != JSON_ARRAY) {
		walk->at = start + length;
		return walk_scalar(walk, value, raw, length);
	}
	if (open_node(builder, type == JSON_OBJECT ? MANIFEST_MAPPING : MANIFEST_SEQUENCE,
		MANIFEST_FLOW, start, false) < 0)
		return -1;
	walk->at = start + 1;
	json_each (walk->document, value, child) {
		if (type == JSON_OBJECT && walk_name(walk, child) < 0)
			return -1;
		if (walk_value(walk, child) < 0)
			return -1;
	}
	walk->at = start + length;
	close_node(builder, walk->at);
	return 0;
}

/* A byte order mark is no content. */
static size_t text_origin(const char *text, size_t length)
{
	return length >= MARK_LENGTH && memcmp(text, byte_order_mark, MARK_LENGTH) == 0
		   ? MARK_LENGTH
		   : 0;
}

/* Return the byte after the brace that closes the object at `at`, or `length`. */
static size_t object_end(const char *text, size_t length, size_t at)
{
	size_t depth = 0;
	bool string = false;

	for (; at < length; at++) {
		if (text[at] == '"')
			string = !string;
		else if (string)
			at += text[at] == '\\';
		else if (text[at] == '{')
			depth++;
		else if (text[at] == '}' && --depth == 0)
			return at + 1;
	}
	return length;
}

/* Return the length of white space as Go has it, after which kubectl looks for a brace. */
static size_t unicode_space(const char *text)
{
	static const char *const spaces[] = {" ", "\t", "\n", "\v", "\f", "\r", "\xC2\x85",
	    "\xC2\xA0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
	    "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F",
	    "\u205F", "\u3000"};
	size_t at = 0;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces);) {
		size_t length = strlen(spaces[i]);
		if (strncmp(text + at, spaces[i], length) == 0) {
			at += length;
			i = 0;
		} else {
			i++;
		}
	}
	return at;
}

/*
 * Find the JSON text of a document.  One that begins as an object of JSON does is JSON, though
 * kubectl reads it as YAML where it is broken; comments may precede and follow it.  Return false
 * for YAML.
 */
static bool find_json(const struct manifest_tree *tree, size_t *start, size_t *end, size_t *line)
{
	size_t brace, ignored = 0;

	*line = tree->line;
	*start = yaml_content_start(tree->text, tree->length, line);
	brace = *start + unicode_space(tree->text + *start);
	if (tree->text[brace] != '{' ||
	    !strchr("\"}", tree->text[brace + 1 + strspn(tree->text + brace + 1, " \t\r\n")]))
		return false;
	*end = object_end(tree->text, tree->length, brace);
	if (yaml_content_start(tree->text + *end, tree->length - *end, &ignored) <
	    tree->length - *end)
		*end = tree->length;
	return true;
}

/* Read a JSON document.  Return 1 if it was one, 0 for YAML, -1 for an error. */
static int read_json(struct builder *builder)
{
	struct manifest_tree *tree = builder->tree;
	size_t start, end, line;

	if (!find_json(tree, &start, &end, &line))
		return 0;
	cleanup_json struct json *document =
	    json_parse_lines(tree->text + start, end - start, tree->what, line, builder->err);
	if (!document)
		return -1;
	struct walk walk = {builder, document, start};
	tree->json = true;
	return walk_value(&walk, JSON_ROOT) < 0 ? -1 : 1;
}

/*
 * YAML.
 */

/* libyaml counts characters: where the latest one that was asked for begins. */
struct place {
	const char *text;
	size_t length, character, byte;
};

static bool is_inside(const struct place *place, size_t byte)
{
	return byte < place->length && ((unsigned char)place->text[byte] & 0xC0) == 0x80;
}

static size_t byte_of(struct place *place, size_t character)
{
	while (place->character < character && place->byte < place->length) {
		do
			place->byte++;
		while (is_inside(place, place->byte));
		place->character++;
	}
	while (place->character > character) {
		do
			place->byte--;
		while (is_inside(place, place->byte));
		place->character--;
	}
	return place->byte;
}

struct reader {
	struct builder *builder;
	yaml_parser_t parser;
	struct place place;
	size_t origin; /* what is read begins here */
	int documents;
};

static enum manifest_style scalar_style(const yaml_event_t *event)
{
	switch (event->data.scalar.style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return MANIFEST_SINGLE_QUOTED;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return MANIFEST_DOUBLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return MANIFEST_BLOCK;
	default:
		return MANIFEST_PLAIN;
	}
}

/* libyaml's mark stands behind the blank lines that follow; with '+' they are part of it. */
static size_t block_end(const struct manifest_tree *tree, size_t start, size_t end)
{
	const char *text = tree->text;
	bool keeps = memchr(text + start, '+', strcspn(text + start, "#\n")) != NULL;

	while (end > start && strchr("\n\r \t", text[end - 1])) {
		bool newline = text[end - 1] == '\n';
		end--;
		if (newline && keeps)
			return text[end - 1] == '\r' ? end - 1 : end;
	}
	return end;
}

static int on_scalar(struct reader *reader, const yaml_event_t *event, size_t start, size_t end)
{
	enum manifest_style style = scalar_style(event);

	if (style == MANIFEST_BLOCK)
		end = block_end(reader->builder->tree, start, end);
	struct manifest_node *node = add_node(reader->builder, MANIFEST_SCALAR, style, start, end);
	if (!node)
		return -1;
	node->tagged = event->data.scalar.tag != NULL;
	node->marked = event->data.scalar.anchor || node->tagged;
	return add_content(reader->builder, node, (const char *)event->data.scalar.value,
	    event->data.scalar.length);
}

/* Search for text beside "---", which kubectl refuses; older releases did not end a document there.
 */
static bool has_text_at_mark(const struct manifest_tree *tree, size_t mark)
{
	size_t at = mark + strlen("---"), ignored = 0;

	if (tree->length < at || strncmp(tree->text + mark, "---", 3) != 0)
		return false;
	size_t line = strcspn(tree->text + at, "\n");
	return yaml_content_start(tree->text + at, line, &ignored) < line;
}

static int on_document(struct reader *reader, size_t start)
{
	const struct manifest_tree *tree = reader->builder->tree;

	if (reader->documents++ > 0)
		return manifest_tree_refuse(tree, start, reader->builder->err,
		    "a second document, behind a line break that is none to most readers");
	if (has_text_at_mark(tree, start))
		return manifest_tree_refuse(tree, start, reader->builder->err,
		    "text on the line of \"---\", which kubectl refuses; begin a new line");
	return 0;
}

static int on_event(struct reader *reader, const yaml_event_t *event)
{
	struct builder *builder = reader->builder;
	size_t start = byte_of(&reader->place, event->start_mark.index);
	size_t end = byte_of(&reader->place, event->end_mark.index);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(reader, start);
	case YAML_ALIAS_EVENT:
		return add_node(builder, MANIFEST_ALIAS, MANIFEST_PLAIN, start, end) ? 0 : -1;
	case YAML_SCALAR_EVENT:
		return on_scalar(reader, event, start, end);
	case YAML_MAPPING_START_EVENT:
		return open_node(builder, MANIFEST_MAPPING,
		    event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? MANIFEST_FLOW
									       : MANIFEST_BLOCK,
		    start, event->data.mapping_start.anchor || event->data.mapping_start.tag);
	case YAML_SEQUENCE_START_EVENT:
		return open_node(builder, MANIFEST_SEQUENCE,
		    event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? MANIFEST_FLOW
										 : MANIFEST_BLOCK,
		    start, event->data.sequence_start.anchor || event->data.sequence_start.tag);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		close_node(builder, end);
		return 0;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
	return 0;
}

/* libyaml's reader tells the byte, its scanner the character. */
static int explain(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	size_t byte = reader->origin + parser->problem_offset;

	if (yaml_is_out_of_memory(parser))
		return error_memory(reader->builder->err);
	if (parser->error != YAML_READER_ERROR)
		byte = byte_of(&reader->place, parser->problem_mark.index);
	return manifest_tree_refuse(reader->builder->tree, byte, reader->builder->err, "%s",
	    parser->problem ? parser->problem : "no YAML");
}

static int read_events(struct reader *reader)
{
	bool more = true;

	while (more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&reader->parser, &event))
			return explain(reader);
		int result = on_event(reader, &event);
		more = event.type != YAML_STREAM_END_EVENT;
		if (event.type == YAML_SCALAR_EVENT)
			OPENSSL_cleanse(event.data.scalar.value, event.data.scalar.length);
		yaml_event_delete(&event);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* Return the byte after a byte order mark at the beginning or after "---": to libyaml it is a
 * column. */
static size_t find_origin(const struct manifest_tree *tree)
{
	size_t ignored = 0, start = yaml_content_start(tree->text, tree->length, &ignored);

	if (start >= MARK_LENGTH &&
	    memcmp(tree->text + start - MARK_LENGTH, byte_order_mark, MARK_LENGTH) == 0)
		return start;
	return text_origin(tree->text, tree->length);
}

static int read_yaml(struct builder *builder)
{
	const struct manifest_tree *tree = builder->tree;
	size_t origin = find_origin(tree);
	struct reader reader = {.builder = builder,
	    .place = {.text = tree->text, .length = tree->length, .byte = origin},
	    .origin = origin};
	struct yaml_input input;

	const char *mark = yaml_find_mark(tree->text + origin, tree->length - origin);
	if (mark)
		return manifest_tree_refuse(tree, (size_t)(mark - tree->text), builder->err,
		    "a byte order mark within the text; remove it");
	if (!yaml_input_begin(&input, &reader.parser, tree->text + origin, tree->length - origin))
		return error_memory(builder->err);
	int result = read_events(&reader);
	yaml_input_end(&reader.parser);
	return result;
}

int manifest_tree_read(struct manifest_tree *tree, const char *text, size_t length, size_t line,
    const char *what, struct error *err)
{
	struct builder builder = {.tree = tree, .err = err};

	*tree = (struct manifest_tree){.text = text, .length = length, .line = line, .what = what};
	int result = read_json(&builder);
	if (result == 0)
		result = read_yaml(&builder);
	if (result >= 0)
		return 0;
	/* A mapping that breaks off may end with a key: such nodes are not to be followed. */
	tree->count = 0;
	return -1;
}

/*
 * Scalars.
 */

bool manifest_node_is(
    const struct manifest_tree *tree, const struct manifest_node *node, const char *content)
{
	size_t length = strlen(content);

	return node->kind == MANIFEST_SCALAR && node->bytes == length &&
	       memcmp(secret_buffer_string(&tree->contents) + node->value, content, length) == 0;
}

int manifest_node_copy(const struct manifest_tree *tree, const struct manifest_node *node,
    char **text, struct error *err)
{
	const char *content = secret_buffer_string(&tree->contents) + node->value;

	*text = NULL;
	if (node->kind != MANIFEST_SCALAR || memchr(content, '\0', node->bytes))
		return 0;
	*text = strndup(content, node->bytes);
	return *text ? 0 : error_memory(err);
}

bool manifest_node_is_string(const struct manifest_tree *tree, const struct manifest_node *node)
{
	const char *content = secret_buffer_string(&tree->contents) + node->value;

	if (node->kind != MANIFEST_SCALAR)
		return false;
	if (node->style != MANIFEST_PLAIN)
		return true;
	return !tree->json && yaml_plain_is_string(content, node->bytes);
}
