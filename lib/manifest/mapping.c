#include "lib/manifest/mapping.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/json_writer.h"
#include "lib/base/yaml_plain.h"

/*
 * Lines.
 */

size_t manifest_line_start(const struct manifest_tree *tree, size_t byte)
{
	const char *newline = memrchr(tree->text, '\n', byte);

	return newline ? (size_t)(newline - tree->text) + 1 : 0;
}

size_t manifest_line_behind(const struct manifest_tree *tree, size_t byte)
{
	const char *newline = memchr(tree->text + byte, '\n', tree->length - byte);

	return newline ? (size_t)(newline - tree->text) + 1 : tree->length;
}

/* A byte order mark has no column. */
static size_t content_start(const struct manifest_tree *tree, size_t byte)
{
	size_t start = manifest_line_start(tree, byte);

	if (byte - start >= 3 && memcmp(tree->text + start, "\xEF\xBB\xBF", 3) == 0)
		start += 3;
	return start;
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

	while (start < byte && tree->text[start] == ' ')
		start++;
	return start == byte;
}

const char *manifest_line_break(const struct manifest_tree *tree)
{
	const char *newline = memchr(tree->text, '\n', tree->length);

	return newline && newline > tree->text && newline[-1] == '\r' ? "\r\n" : "\n";
}

int manifest_insert_lines(const struct manifest_tree *tree, struct manifest_edits *edits,
    size_t byte, const struct secret_buffer *lines, struct error *err)
{
	const char *line_break = manifest_line_break(tree);
	size_t length = lines->length;

	/* A text whose last line has no break goes on having none. */
	if (byte == tree->length && byte > 0 && tree->text[byte - 1] != '\n') {
		if (manifest_edits_add(edits, byte, byte, line_break, strlen(line_break), err) < 0)
			return -1;
		length -= strlen(line_break);
	}
	return manifest_edits_add(edits, byte, byte, secret_buffer_string(lines), length, err);
}

/*
 * Scalars.
 */

/* Needs no quotes anywhere in YAML: such as base64, a label's name, a ciphertext. */
static bool is_plain(const char *content, size_t length)
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

static int write_quoted(
    struct secret_buffer *out, const char *content, size_t length, struct error *err)
{
	struct json_writer writer;

	json_writer_init(&writer, out);
	json_write_string_bytes(&writer, content, length);
	return json_writer_finish(&writer, err);
}

static int write_scalar(struct secret_buffer *out, const char *content, size_t length,
    enum manifest_style style, struct error *err)
{
	if (style == MANIFEST_DOUBLE_QUOTED || !is_plain(content, length))
		return write_quoted(out, content, length, err);
	const char *quote = style == MANIFEST_SINGLE_QUOTED ? "'" : "";
	if (secret_buffer_append_string(out, quote, err) < 0 ||
	    secret_buffer_append(out, content, length, err) < 0)
		return -1;
	return secret_buffer_append_string(out, quote, err);
}

/* A comment behind '|' stays, now behind the value. */
static int keep_block_comment(const struct manifest_tree *tree, const struct manifest_node *scalar,
    struct secret_buffer *out, struct error *err)
{
	const char *header = tree->text + scalar->start;
	size_t length = strcspn(header, "\r\n");
	size_t indicators = strspn(header, "|>+-0123456789");

	if (!memchr(header, '#', length))
		return 0;
	return secret_buffer_append(out, header + indicators, length - indicators, err);
}

int manifest_replace(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *scalar, const char *content, size_t length, bool quoted,
    struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	bool plain = scalar->style == MANIFEST_PLAIN || scalar->style == MANIFEST_BLOCK;
	enum manifest_style style =
	    tree->json || (quoted && plain) ? MANIFEST_DOUBLE_QUOTED : scalar->style;

	/* "key:" has no space that a value could follow. */
	if (scalar->start == scalar->end && secret_buffer_append_string(&text, " ", err) < 0)
		return -1;
	if (write_scalar(&text, content, length, style, err) < 0 ||
	    (scalar->style == MANIFEST_BLOCK && keep_block_comment(tree, scalar, &text, err) < 0))
		return -1;
	return manifest_edits_add(
	    edits, scalar->start, scalar->end, secret_buffer_string(&text), text.length, err);
}

/* Lines of `width` columns; `between` is the line break and indentation between two of them. */
static int write_lines(struct secret_buffer *out, const char *content, size_t length, size_t width,
    const struct secret_buffer *between, struct error *err)
{
	for (size_t at = 0; at < length; at += width) {
		size_t rest = length - at < width ? length - at : width;
		if (at > 0 && secret_buffer_append(
				  out, secret_buffer_string(between), between->length, err) < 0)
			return -1;
		if (secret_buffer_append(out, content + at, rest, err) < 0)
			return -1;
	}
	return 0;
}

/* What stands between two lines of a block scalar whose text begins at `start`. */
static int find_between(const struct manifest_tree *tree, size_t start,
    struct secret_buffer *between, struct error *err)
{
	size_t line = manifest_line_start(tree, start);
	const char *line_break = line >= 2 && tree->text[line - 2] == '\r' ? "\r\n" : "\n";

	if (secret_buffer_append_string(between, line_break, err) < 0)
		return -1;
	return secret_buffer_append(between, tree->text + line, start - line, err);
}

int manifest_replace_word(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *scalar, const char *content, size_t length, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	cleanup_secret struct secret_buffer between = SECRET_BUFFER_INIT;
	size_t start = manifest_line_behind(tree, scalar->start), end = scalar->end;

	while (start < end && strchr(" \r\n", tree->text[start]))
		start++;
	while (end > start && strchr(" \r\n", tree->text[end - 1]))
		end--;
	if (scalar->style != MANIFEST_BLOCK || start >= end)
		return manifest_replace(tree, edits, scalar, content, length, false, err);
	size_t width = strcspn(tree->text + start, "\r\n");
	/* One line stays one, however long; in a folded scalar a line break would be a space. */
	if (start + width >= end || tree->text[scalar->start] == '>')
		width = length;
	if (find_between(tree, start, &between, err) < 0 ||
	    write_lines(&text, content, length, width, &between, err) < 0)
		return -1;
	return manifest_edits_add(edits, start, end, secret_buffer_string(&text), text.length, err);
}

/*
 * Mappings in braces.
 */

/* What stands around the members of a mapping in braces. */
struct punctuation {
	const char *comma, *colon; /* with what follows them */
	size_t comma_length, colon_length;
	bool quoted_keys;
};

static bool is_space(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(" \t\r\n", text[i]))
			return false;
	return true;
}

/* Written as the last member is: its distance to the one before, or to the brace. */
static struct punctuation punctuation_of(
    const struct manifest_tree *tree, const struct manifest_node *mapping)
{
	struct punctuation found = {", ", ": ", 2, 2, tree->json};
	const struct manifest_node *key = NULL, *value = NULL;
	size_t behind = mapping->start + 1;

	manifest_each_key (tree, mapping, each) {
		behind = key ? value->end : behind;
		key = each;
		value = manifest_next(tree, each);
	}
	if (!key)
		return found;
	found.quoted_keys = tree->json || key->style == MANIFEST_DOUBLE_QUOTED;
	const char *gap = tree->text + key->end;
	if (value->start > key->end && *gap == ':' &&
	    is_space(gap + 1, value->start - key->end - 1) && found.quoted_keys) {
		found.colon = gap;
		found.colon_length = value->start - key->end;
	}
	gap = tree->text + behind;
	if (key->start > behind && *gap == ',' && is_space(gap + 1, key->start - behind - 1)) {
		found.comma = gap;
		found.comma_length = key->start - behind;
	} else if (found.colon_length == 1) {
		found.comma_length = 1; /* compact JSON */
	}
	return found;
}

static int write_flow_member(struct secret_buffer *out, const struct punctuation *punctuation,
    const struct manifest_new *member, struct error *err)
{
	enum manifest_style key =
	    punctuation->quoted_keys ? MANIFEST_DOUBLE_QUOTED : MANIFEST_PLAIN;
	enum manifest_style value =
	    punctuation->quoted_keys || member->quoted ? MANIFEST_DOUBLE_QUOTED : MANIFEST_PLAIN;

	if (write_scalar(out, member->key, strlen(member->key), key, err) < 0 ||
	    secret_buffer_append(out, punctuation->colon, punctuation->colon_length, err) < 0)
		return -1;
	return write_scalar(out, member->value, member->length, value, err);
}

static int write_flow_members(struct secret_buffer *out, const struct punctuation *punctuation,
    const struct manifest_new *members, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && secret_buffer_append(
				 out, punctuation->comma, punctuation->comma_length, err) < 0)
			return -1;
		if (write_flow_member(out, punctuation, &members[i], err) < 0)
			return -1;
	}
	return 0;
}

static const struct manifest_node *last_value(
    const struct manifest_tree *tree, const struct manifest_node *mapping)
{
	const struct manifest_node *value = NULL;

	manifest_each_key (tree, mapping, key)
		value = manifest_next(tree, key);
	return value;
}

/* "{a: b}", inside a mapping with this punctuation, but on one line. */
static int write_braces(struct secret_buffer *out, const struct punctuation *around,
    const struct manifest_new *members, size_t count, struct error *err)
{
	struct punctuation inside = {", ", ": ", 2, 2, around->quoted_keys};

	if (around->colon_length == 1)
		inside.colon_length = inside.comma_length = 1;
	if (secret_buffer_append_string(out, "{", err) < 0 ||
	    write_flow_members(out, &inside, members, count, err) < 0)
		return -1;
	return secret_buffer_append_string(out, "}", err);
}

static int insert_flow(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *mapping, const struct secret_buffer *text, struct error *err)
{
	const struct manifest_node *last = last_value(tree, mapping);
	struct punctuation punctuation = punctuation_of(tree, mapping);
	size_t at = last ? last->end : mapping->start + 1;

	if (last &&
	    manifest_edits_add(edits, at, at, punctuation.comma, punctuation.comma_length, err) < 0)
		return -1;
	return manifest_edits_add(edits, at, at, secret_buffer_string(text), text->length, err);
}

/*
 * Mappings without braces.
 */

static int write_line(const struct manifest_tree *tree, struct secret_buffer *out, size_t column,
    const struct manifest_new *member, struct error *err)
{
	for (size_t i = 0; i < column; i++)
		if (secret_buffer_append_string(out, " ", err) < 0)
			return -1;
	if (write_scalar(out, member->key, strlen(member->key), MANIFEST_PLAIN, err) < 0 ||
	    secret_buffer_append_string(out, ":", err) < 0)
		return -1;
	if (member->value &&
	    (secret_buffer_append_string(out, " ", err) < 0 ||
		write_scalar(out, member->value, member->length,
		    member->quoted ? MANIFEST_DOUBLE_QUOTED : MANIFEST_PLAIN, err) < 0))
		return -1;
	return secret_buffer_append_string(out, manifest_line_break(tree), err);
}

static int add_lines(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *mapping, const struct manifest_new *members, size_t count,
    struct error *err)
{
	cleanup_secret struct secret_buffer lines = SECRET_BUFFER_INIT;
	size_t column = manifest_column(tree, mapping->start);

	for (size_t i = 0; i < count; i++)
		if (write_line(tree, &lines, column, &members[i], err) < 0)
			return -1;
	return manifest_insert_lines(
	    tree, edits, manifest_line_behind(tree, mapping->end), &lines, err);
}

/*
 * Members.
 */

int manifest_add(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *mapping, const struct manifest_new *members, size_t count,
    struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct punctuation punctuation = {", ", ": ", 2, 2, tree->json};

	if (count == 0)
		return 0;
	if (mapping->kind == MANIFEST_MAPPING && mapping->style == MANIFEST_BLOCK)
		return add_lines(tree, edits, mapping, members, count, err);
	if (mapping->kind == MANIFEST_MAPPING) {
		punctuation = punctuation_of(tree, mapping);
		if (write_flow_members(&text, &punctuation, members, count, err) < 0)
			return -1;
		return insert_flow(tree, edits, mapping, &text, err);
	}
	if (mapping->start == mapping->end && secret_buffer_append_string(&text, " ", err) < 0)
		return -1;
	if (write_braces(&text, &punctuation, members, count, err) < 0)
		return -1;
	return manifest_edits_add(
	    edits, mapping->start, mapping->end, secret_buffer_string(&text), text.length, err);
}

int manifest_add_mapping(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *parent, const struct manifest_node *behind, const char *name,
    size_t step, const struct manifest_new *members, size_t count, struct error *err)
{
	cleanup_secret struct secret_buffer text = SECRET_BUFFER_INIT;
	struct manifest_new header = {.key = name};

	if (parent->style == MANIFEST_FLOW) {
		struct punctuation punctuation = punctuation_of(tree, parent);
		enum manifest_style key =
		    punctuation.quoted_keys ? MANIFEST_DOUBLE_QUOTED : MANIFEST_PLAIN;
		if (write_scalar(&text, name, strlen(name), key, err) < 0 ||
		    secret_buffer_append(&text, punctuation.colon, punctuation.colon_length, err) <
			0 ||
		    write_braces(&text, &punctuation, members, count, err) < 0)
			return -1;
		return insert_flow(tree, edits, parent, &text, err);
	}
	size_t column = manifest_column(tree, parent->start);
	if (write_line(tree, &text, column, &header, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (write_line(tree, &text, column + step, &members[i], err) < 0)
			return -1;
	return manifest_insert_lines(
	    tree, edits, manifest_line_behind(tree, behind->end), &text, err);
}

bool manifest_has_comment(const struct manifest_tree *tree, const struct manifest_node *mapping)
{
	size_t behind = mapping->start;

	for (const struct manifest_node *each = manifest_first(tree, mapping); each;
	     each = manifest_next(tree, each)) {
		if (each->start > behind && memchr(tree->text + behind, '#', each->start - behind))
			return true;
		behind = each->end;
	}
	return mapping->end > behind && memchr(tree->text + behind, '#', mapping->end - behind);
}

/* Whole runs of members, so that as many commas go as members do. */
static int remove_flow(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *mapping, const struct manifest_node *const *keys, size_t count,
    struct error *err)
{
	const struct manifest_node *first = NULL; /* key of the run */
	size_t kept = mapping->start + 1, end = 0, next = 0;

	manifest_each_key (tree, mapping, key) {
		size_t behind = manifest_next(tree, key)->end;

		if (next < count && keys[next] == key) {
			first = first ? first : key;
			end = behind;
			next++;
			continue;
		}
		if (first && manifest_edits_add(edits, first->start, key->start, "", 0, err) < 0)
			return -1;
		first = NULL;
		kept = behind;
	}
	return first ? manifest_edits_add(edits, kept, end, "", 0, err) : 0;
}

/*
 * Remove up to the line of the value, but for comments between the key and it, which come where the
 * key was.  *from is where the rest to remove begins.
 */
static int remove_key(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *key, size_t *from, struct error *err)
{
	size_t value = manifest_next(tree, key)->start;
	const char *comment = memchr(tree->text + key->end, '#', value - key->end);

	*from = key->start;
	if (!comment)
		return 0;
	*from = value;
	return manifest_edits_add(edits, key->start, (size_t)(comment - tree->text), "", 0, err);
}

static int remove_lines(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *key, struct error *err)
{
	size_t end = manifest_next(tree, key)->end;
	size_t behind = manifest_line_behind(tree, end), from;

	if (!manifest_begins_line(tree, key->start))
		return manifest_tree_refuse(tree, key->start, err,
		    "a key that must go, and does not begin its line: take it out by hand");
	/* What else could stand on the line is a comment: it comes where the key was. */
	const char *comment = memchr(tree->text + end, '#', behind - end);
	if (remove_key(tree, edits, key, &from, err) < 0)
		return -1;
	if (comment)
		return manifest_edits_add(edits, from, (size_t)(comment - tree->text), "", 0, err);
	return manifest_edits_add(edits, manifest_line_start(tree, from), behind, "", 0, err);
}

int manifest_remove(const struct manifest_tree *tree, struct manifest_edits *edits,
    const struct manifest_node *mapping, const struct manifest_node *const *keys, size_t count,
    struct error *err)
{
	if (count == 0)
		return 0;
	if (mapping->style == MANIFEST_FLOW) {
		if (manifest_has_comment(tree, mapping))
			return manifest_tree_refuse(tree, keys[0]->start, err,
			    "a key that must go, among comments in braces: take it out by hand");
		return remove_flow(tree, edits, mapping, keys, count, err);
	}
	for (size_t i = 0; i < count; i++)
		if (remove_lines(tree, edits, keys[i], err) < 0)
			return -1;
	return 0;
}
