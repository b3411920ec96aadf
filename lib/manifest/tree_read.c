/* Read the nodes of a document: JSON with tree_json.c, YAML here. */
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/base/yaml.h"
#include "lib/base/yaml_input.h"
#include "lib/manifest/internal.h"

/* A character of the text and the offset of its first byte; libyaml counts characters. */
struct place {
	const char *text;
	size_t length, character, byte;
};

struct yaml_reader {
	struct manifest_builder *builder;
	yaml_parser_t parser;
	struct place place; /* the place that was looked up last */
	size_t origin;	    /* offset of the first byte that libyaml reads */
	int documents;
};

static bool is_inside(const struct place *place, size_t byte)
{
	return byte < place->length && utf8_continues(place->text[byte]);
}

/* Return the offset of a character in bytes.  Search from the last place, which is usually near. */
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

/*
 * Return the end of a block scalar's last line.  The end mark of libyaml is after the blank lines
 * that follow.  With '+' these belong to the scalar, including a last line without a line break.
 */
static size_t block_end(const struct manifest_tree *tree, size_t start, size_t end)
{
	const char *text = tree->text;
	bool keeps = memchr(text + start, '+', strcspn(text + start, "#\n")) != NULL;

	if (keeps && end == tree->length && text[end - 1] != '\n')
		return end;
	while (end > start && strchr("\n\r \t", text[end - 1])) {
		bool newline = text[end - 1] == '\n';
		end--;
		if (newline && keeps)
			return text[end - 1] == '\r' ? end - 1 : end;
	}
	return end;
}

static int on_scalar(
    struct yaml_reader *reader, const yaml_event_t *event, size_t start, size_t end)
{
	struct manifest_tree *tree = reader->builder->tree;
	enum manifest_style style = scalar_style(event);

	if (style == MANIFEST_BLOCK)
		end = block_end(tree, start, end);
	struct manifest_node *node =
	    manifest_build_node(reader->builder, MANIFEST_SCALAR, style, start, end);
	if (!node)
		return -1;
	node->tagged = event->data.scalar.tag != NULL;
	node->marked = event->data.scalar.anchor || node->tagged;
	node->value = (uint32_t)tree->contents.length;
	node->bytes = (uint32_t)event->data.scalar.length;
	return secret_buffer_append(&tree->contents, event->data.scalar.value,
	    event->data.scalar.length, reader->builder->err);
}

/*
 * Return true if text follows "---" on its line.  Current releases of kubectl reject it; older
 * releases read it.
 */
static bool has_text_at_mark(const struct manifest_tree *tree, size_t mark)
{
	size_t at = mark + strlen("---"), ignored = 0;

	if (tree->length < at || strncmp(tree->text + mark, "---", strlen("---")) != 0)
		return false;
	size_t line = strcspn(tree->text + at, "\n");
	return yaml_content_start(tree->text + at, line, &ignored) < line;
}

static int on_document(struct yaml_reader *reader, size_t start)
{
	const struct manifest_tree *tree = reader->builder->tree;

	if (reader->documents++ > 0)
		return manifest_tree_refuse(tree, start, reader->builder->err,
		    "a second document, after a line break that most readers do not know");
	if (has_text_at_mark(tree, start))
		return manifest_tree_refuse(tree, start, reader->builder->err,
		    "text on the line of \"---\", which kubectl refuses; begin a new line");
	return 0;
}

static int on_event(struct yaml_reader *reader, const yaml_event_t *event)
{
	struct manifest_builder *builder = reader->builder;
	size_t start = byte_of(&reader->place, event->start_mark.index);
	size_t end = byte_of(&reader->place, event->end_mark.index);

	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(reader, start);
	case YAML_ALIAS_EVENT:
		return manifest_build_node(builder, MANIFEST_ALIAS, MANIFEST_PLAIN, start, end)
			   ? 0
			   : -1;
	case YAML_SCALAR_EVENT:
		return on_scalar(reader, event, start, end);
	case YAML_MAPPING_START_EVENT:
		return manifest_build_open(builder, MANIFEST_MAPPING,
		    event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? MANIFEST_FLOW
									       : MANIFEST_BLOCK,
		    start, event->data.mapping_start.anchor || event->data.mapping_start.tag);
	case YAML_SEQUENCE_START_EVENT:
		return manifest_build_open(builder, MANIFEST_SEQUENCE,
		    event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? MANIFEST_FLOW
										 : MANIFEST_BLOCK,
		    start, event->data.sequence_start.anchor || event->data.sequence_start.tag);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		manifest_build_close(builder, end);
		return 0;
	default:
		return 0;
	}
}

/* Report libyaml's error.  Its reader gives an offset in bytes, its scanner in characters. */
static int fail_parse(struct yaml_reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	size_t byte = parser->error == YAML_READER_ERROR
			  ? reader->origin + parser->problem_offset
			  : byte_of(&reader->place, parser->problem_mark.index);

	if (yaml_is_out_of_memory(parser))
		return error_memory(reader->builder->err);
	return manifest_tree_refuse(reader->builder->tree, byte, reader->builder->err, "%s",
	    parser->problem ? parser->problem : "not YAML");
}

static int read_events(struct yaml_reader *reader)
{
	bool more = true;

	while (more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&reader->parser, &event))
			return fail_parse(reader);
		int result = on_event(reader, &event);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_input_free_event(&event);
		if (result < 0)
			return -1;
	}
	return 0;
}

/*
 * Return the offset after a byte order mark, also after "---", because libyaml counts it as a
 * column.
 */
static size_t find_origin(const struct manifest_tree *tree)
{
	const char *text = tree->text;
	size_t mark = strlen(UTF8_BYTE_ORDER_MARK), ignored = 0;
	size_t start = yaml_content_start(text, tree->length, &ignored);

	return start >= mark && utf8_mark_length(text + start - mark, mark)
		   ? start
		   : utf8_mark_length(text, tree->length);
}

static int build_yaml(struct manifest_builder *builder)
{
	const struct manifest_tree *tree = builder->tree;
	size_t origin = find_origin(tree);
	struct yaml_reader reader = {.builder = builder,
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
    const char *file, struct error *err)
{
	struct manifest_builder builder = {.tree = tree, .err = err};

	*tree = (struct manifest_tree){.text = text, .length = length, .line = line, .file = file};
	int result = manifest_build_json(&builder);
	if (result == 0)
		result = build_yaml(&builder);
	if (result >= 0)
		return 0;
	/* An incomplete mapping may end with a key, so its nodes cannot be used. */
	tree->count = 0;
	return -1;
}
