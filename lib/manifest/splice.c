#include "lib/manifest/splice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/json_writer.h"
#include "lib/base/yaml_plain.h"

/* Set the length of the replacement begun last.  Until then it is the last item. */
static void close_last(struct splice_list *splices)
{
	if (!splices->open)
		return;
	struct splice *last = &splices->items[splices->count - 1];
	last->length = splices->texts.length - last->text;
	splices->open = false;
}

static bool splice_grow(struct splice_list *splices)
{
	size_t capacity = splices->capacity ? 2 * splices->capacity : 16;
	struct splice *items = reallocarray(splices->items, capacity, sizeof(*items));

	if (!items) {
		splices->failed = error_memory(splices->err) < 0;
		return false;
	}
	splices->items = items;
	splices->capacity = capacity;
	return true;
}

void splice_begin(struct splice_list *splices, size_t start, size_t end)
{
	if (splices->failed || (splices->count == splices->capacity && !splice_grow(splices)))
		return;
	close_last(splices);
	splices->items[splices->count] = (struct splice){
	    .start = start, .end = end, .order = splices->count, .text = splices->texts.length};
	splices->count++;
	splices->open = true;
}

void splice_put(struct splice_list *splices, const char *text, size_t length)
{
	if (!splices->failed)
		splices->failed =
		    secret_buffer_append(&splices->texts, text, length, splices->err) < 0;
}

void splice_put_string(struct splice_list *splices, const char *text)
{
	splice_put(splices, text, strlen(text));
}

/* Return true for text that never needs quotes in YAML, such as base64 or the name of a label. */
static bool is_unambiguous(const char *content, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789+/=:._-";

	if (length == 0 || !isalpha((unsigned char)content[0]) || content[length - 1] == ':')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!memchr(letters, content[i], sizeof(letters) - 1))
			return false;
	return yaml_plain_is_string(content, length);
}

void splice_put_scalar(
    struct splice_list *splices, const char *content, size_t length, enum manifest_style style)
{
	struct json_writer writer;

	if (splices->failed)
		return;
	if (style != MANIFEST_DOUBLE_QUOTED && is_unambiguous(content, length)) {
		const char *quote = style == MANIFEST_SINGLE_QUOTED ? "'" : "";
		splice_put_string(splices, quote);
		splice_put(splices, content, length);
		splice_put_string(splices, quote);
		return;
	}
	json_writer_init(&writer, &splices->texts);
	json_write_string_bytes(&writer, content, length);
	splices->failed = json_writer_finish(&writer, splices->err) < 0;
}

void splice_begin_line(struct splice_list *splices, size_t column)
{
	for (size_t i = 0; i < column; i++)
		splice_put(splices, " ", 1);
}

void splice_end_line(struct splice_list *splices)
{
	splice_put_string(splices, manifest_line_break(splices->tree));
}

void splice_refuse(struct splice_list *splices, size_t byte, const char *message)
{
	if (!splices->failed)
		splices->failed =
		    manifest_tree_refuse(splices->tree, byte, splices->err, "%s", message) < 0;
}

static int compare_splices(const void *left, const void *right)
{
	const struct splice *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	bool a_inserts = a->end == a->start, b_inserts = b->end == b->start;
	if (a_inserts != b_inserts)
		return a_inserts ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

/*
 * Return true if the replacement is within a part of the text.  An insertion at the end of the part
 * belongs to the next part.
 */
static bool is_within(
    const struct splice_list *splices, const struct splice *splice, size_t start, size_t end)
{
	return splice->start >= start && splice->end <= end &&
	       (splice->start < end || end == splices->tree->length);
}

static void append(
    struct splice_list *splices, struct secret_buffer *out, const char *text, size_t length)
{
	if (!splices->failed)
		splices->failed = secret_buffer_append(out, text, length, splices->err) < 0;
}

/*
 * Append the text of a replacement.  If the text has no line break at its end, put the break before
 * new lines instead of after them.
 */
static void append_splice(
    struct splice_list *splices, const struct splice *splice, struct secret_buffer *out)
{
	const struct manifest_tree *tree = splices->tree;
	const char *text = secret_buffer_string(&splices->texts) + splice->text;
	const char *line_break = manifest_line_break(tree);
	size_t length = splice->length;

	if (splice->start == tree->length && length > 0 && text[length - 1] == '\n' &&
	    splice->start > 0 && tree->text[splice->start - 1] != '\n') {
		append(splices, out, line_break, strlen(line_break));
		length -= strlen(line_break);
	}
	append(splices, out, text, length);
}

void splice_apply(struct splice_list *splices, size_t start, size_t end, struct secret_buffer *out)
{
	const char *text = splices->tree->text;
	size_t kept = 0, at = start;

	close_last(splices);
	if (splices->count > 1)
		qsort(splices->items, splices->count, sizeof(*splices->items), compare_splices);
	for (size_t i = 0; i < splices->count && !splices->failed; i++) {
		struct splice splice = splices->items[i];
		if (!is_within(splices, &splice, start, end)) {
			splices->items[kept++] = splice;
			continue;
		}
		if (splice.start < at) {
			splice_refuse(splices, splice.start, "two changes to one place");
			return;
		}
		append(splices, out, text + at, splice.start - at);
		append_splice(splices, &splice, out);
		at = splice.end;
	}
	append(splices, out, text + at, end - at);
	if (!splices->failed)
		splices->count = kept;
}

void splice_free(struct splice_list *splices)
{
	free(splices->items);
	secret_buffer_free(&splices->texts);
}
