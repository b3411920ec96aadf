#include "lib/manifest/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/utf8.h"
#include "lib/base/yaml_plain.h"
#include "lib/manifest/internal.h"

void manifest_tree_free(struct manifest_tree *tree)
{
	free(tree->nodes);
	secret_buffer_free(&tree->contents);
	*tree = (struct manifest_tree){0};
}

/* Positions. */

int manifest_tree_refuse(
    const struct manifest_tree *tree, size_t byte, struct error *err, const char *format, ...)
{
	char problem[ERROR_MESSAGE_MAX];
	struct utf8_position at =
	    utf8_position(tree->text, byte < tree->length ? byte : tree->length);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(problem, sizeof(problem), format, arguments);
	va_end(arguments);
	at.line += tree->line - 1;
	return error_at(err, ERROR_INVALID, tree->file, at, problem);
}

size_t manifest_line(const struct manifest_tree *tree, size_t byte)
{
	return tree->line - 1 + utf8_position(tree->text, byte).line;
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

/* Return the offset of column 0 on the line of `byte`.  A byte order mark has no column. */
static size_t content_start(const struct manifest_tree *tree, size_t byte)
{
	size_t start = manifest_line_start(tree, byte);

	return start + utf8_mark_length(tree->text + start, byte - start);
}

size_t manifest_column(const struct manifest_tree *tree, size_t byte)
{
	size_t column = 0;

	for (size_t i = content_start(tree, byte); i < byte; i++)
		column += !utf8_continues(tree->text[i]);
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

/*
 * Adding nodes.
 */

static int grow_nodes(struct manifest_tree *tree, struct error *err)
{
	uint32_t capacity = tree->capacity ? 2 * tree->capacity : 64;

	if (tree->count >= MANIFEST_NODES_MAX)
		return error_set(err, ERROR_TOO_LARGE,
		    "%s: line %zu: the document that begins here has more than %d keys and values; split it",
		    tree->file, tree->line, MANIFEST_NODES_MAX);
	struct manifest_node *nodes = reallocarray(tree->nodes, capacity, sizeof(*nodes));
	if (!nodes)
		return error_memory(err);
	tree->nodes = nodes;
	tree->capacity = capacity;
	return 0;
}

struct manifest_node *manifest_build_node(struct manifest_builder *builder, enum manifest_kind kind,
    enum manifest_style style, size_t start, size_t end)
{
	struct manifest_tree *tree = builder->tree;

	if (tree->count == tree->capacity && grow_nodes(tree, builder->err) < 0)
		return NULL;
	uint32_t index = tree->count++;
	struct manifest_node *node = &tree->nodes[index];
	*node = (struct manifest_node){.start = (uint32_t)start,
	    .end = (uint32_t)end,
	    .past = tree->count,
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

int manifest_build_open(struct manifest_builder *builder, enum manifest_kind kind,
    enum manifest_style style, size_t start, bool marked)
{
	if (builder->depth == MANIFEST_DEPTH_MAX) {
		manifest_tree_refuse(builder->tree, start, builder->err,
		    "nested deeper than %d levels", MANIFEST_DEPTH_MAX);
		builder->err->code = ERROR_TOO_LARGE;
		return -1;
	}
	struct manifest_node *node = manifest_build_node(builder, kind, style, start, start);
	if (!node)
		return -1;
	node->marked = marked;
	builder->open[builder->depth] = (uint32_t)(node - builder->tree->nodes);
	builder->latest[builder->depth++] = 0;
	return 0;
}

void manifest_build_close(struct manifest_builder *builder, size_t end)
{
	struct manifest_tree *tree = builder->tree;
	uint32_t latest = builder->latest[--builder->depth];
	struct manifest_node *node = &tree->nodes[builder->open[builder->depth]];

	node->past = tree->count;
	if (node->style == MANIFEST_FLOW)
		node->end = (uint32_t)end;
	else if (latest)
		node->end = tree->nodes[latest].end;
}

/*
 * Reading nodes.
 */

struct manifest_node *manifest_member(
    const struct manifest_tree *tree, const struct manifest_node *mapping, const char *name)
{
	if (!mapping || mapping->kind != MANIFEST_MAPPING)
		return NULL;
	manifest_each_key (tree, mapping, key)
		if (manifest_node_is(tree, key, name))
			return manifest_next(tree, key);
	return NULL;
}

const char *manifest_node_content(
    const struct manifest_tree *tree, const struct manifest_node *node)
{
	return secret_buffer_string(&tree->contents) + node->value;
}

bool manifest_node_is(
    const struct manifest_tree *tree, const struct manifest_node *node, const char *content)
{
	size_t length = strlen(content);

	return node->kind == MANIFEST_SCALAR && node->bytes == length &&
	       memcmp(manifest_node_content(tree, node), content, length) == 0;
}

bool manifest_node_is_null(const struct manifest_tree *tree, const struct manifest_node *node)
{
	return node->kind == MANIFEST_SCALAR && node->style == MANIFEST_PLAIN &&
	       yaml_plain_is_null(manifest_node_content(tree, node), node->bytes);
}

bool manifest_node_is_string(const struct manifest_tree *tree, const struct manifest_node *node)
{
	if (node->kind != MANIFEST_SCALAR || node->style != MANIFEST_PLAIN)
		return node->kind == MANIFEST_SCALAR;
	return !tree->json && yaml_plain_is_string(manifest_node_content(tree, node), node->bytes);
}

int manifest_node_copy(const struct manifest_tree *tree, const struct manifest_node *node,
    char **text, struct error *err)
{
	const char *content = manifest_node_content(tree, node);

	*text = NULL;
	if (node->kind != MANIFEST_SCALAR || memchr(content, '\0', node->bytes))
		return 0;
	*text = strndup(content, node->bytes);
	return *text ? 0 : error_memory(err);
}
