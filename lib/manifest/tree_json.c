/* Read the nodes of a JSON document. */
#include <string.h>

#include "lib/base/json_reader.h"
#include "lib/base/yaml.h"
#include "lib/manifest/internal.h"

/* Return the offset after the brace that closes the object at `at`, or `length`. */
static size_t find_object_end(const char *text, size_t length, size_t at)
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

/* Return the length of the white space (as Go defines it) that kubectl skips before a brace. */
static size_t span_unicode_space(const char *text)
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
 * Find the JSON text of a document, or return false for YAML.  A document that begins like a JSON
 * object is JSON, although kubectl reads invalid JSON as YAML.  Comments may precede and follow it.
 */
static bool find_json(const struct manifest_tree *tree, size_t *start, size_t *end, size_t *line)
{
	size_t ignored = 0;

	*line = tree->line;
	*start = yaml_content_start(tree->text, tree->length, line);
	size_t brace = *start + span_unicode_space(tree->text + *start);
	if (tree->text[brace] != '{' ||
	    !strchr("\"}", tree->text[brace + 1 + strspn(tree->text + brace + 1, " \t\r\n")]))
		return false;
	*end = find_object_end(tree->text, tree->length, brace);
	if (yaml_content_start(tree->text + *end, tree->length - *end, &ignored) <
	    tree->length - *end)
		*end = tree->length;
	return true;
}

/* Add a scalar, or the name of a member. */
static int build_scalar(
    struct manifest_builder *builder, const struct json *document, json_node value, bool name)
{
	struct secret_buffer *contents = &builder->tree->contents;
	size_t length;
	const char *raw =
	    name ? json_raw_name(document, value, &length) : json_raw(document, value, &length);
	size_t start = (size_t)(raw - builder->tree->text);
	bool string = *raw == '"';
	struct manifest_node *node = manifest_build_node(builder, MANIFEST_SCALAR,
	    string ? MANIFEST_DOUBLE_QUOTED : MANIFEST_PLAIN, start, start + length);

	if (!node)
		return -1;
	node->value = (uint32_t)contents->length;
	if ((name	 ? json_name(document, value, contents, builder->err)
		: string ? json_string(document, value, contents, builder->err)
			 : secret_buffer_append(contents, raw, length, builder->err)) < 0)
		return -1;
	node->bytes = (uint32_t)contents->length - node->value;
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): JSON_DEPTH_MAX bounds it */
static int build_value(
    struct manifest_builder *builder, const struct json *document, json_node value)
{
	enum json_type type = json_type(document, value);
	size_t length;

	if (type != JSON_OBJECT && type != JSON_ARRAY)
		return build_scalar(builder, document, value, false);
	size_t start = (size_t)(json_raw(document, value, &length) - builder->tree->text);
	if (manifest_build_open(builder, type == JSON_OBJECT ? MANIFEST_MAPPING : MANIFEST_SEQUENCE,
		MANIFEST_FLOW, start, false) < 0)
		return -1;
	json_each (document, value, child)
		if ((type == JSON_OBJECT && build_scalar(builder, document, child, true) < 0) ||
		    build_value(builder, document, child) < 0)
			return -1;
	manifest_build_close(builder, start + length);
	return 0;
}

int manifest_build_json(struct manifest_builder *builder)
{
	struct manifest_tree *tree = builder->tree;
	size_t start, end, line;

	if (!find_json(tree, &start, &end, &line))
		return 0;
	cleanup_json struct json *document =
	    json_parse_lines(tree->text + start, end - start, tree->file, line, builder->err);
	if (!document)
		return -1;
	tree->json = true;
	return build_value(builder, document, JSON_ROOT) < 0 ? -1 : 1;
}
