#include "lib/manifest/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/base64.h"
#include "lib/manifest/internal.h"

/*
 * Scalars.
 */

/* Put the comment that follows '|' or '>' after the new value. */
static void put_block_comment(struct splice_list *splices, const struct manifest_node *scalar)
{
	const char *header = splices->tree->text + scalar->start;
	size_t length = strcspn(header, "\r\n"), indicators = strspn(header, "|>+-0123456789");

	if (memchr(header, '#', length))
		splice_put(splices, header + indicators, length - indicators);
}

void mapping_replace(struct splice_list *splices, const struct manifest_node *scalar,
    const char *content, size_t length, bool quoted)
{
	bool plain = scalar->style == MANIFEST_PLAIN || scalar->style == MANIFEST_BLOCK;

	splice_begin(splices, scalar->start, scalar->end);
	/* An empty value directly after "key:" has no space before it. */
	if (scalar->start == scalar->end)
		splice_put_string(splices, " ");
	splice_put_scalar(splices, content, length,
	    splices->tree->json || (quoted && plain) ? MANIFEST_DOUBLE_QUOTED : scalar->style);
	if (scalar->style == MANIFEST_BLOCK)
		put_block_comment(splices, scalar);
}

void mapping_replace_word(struct splice_list *splices, const struct manifest_node *scalar,
    const char *content, size_t length)
{
	const struct manifest_tree *tree = splices->tree;
	size_t start = manifest_line_after(tree, scalar->start), end = scalar->end;

	while (start < end && strchr(" \r\n", tree->text[start]))
		start++;
	while (end > start && strchr(" \r\n", tree->text[end - 1]))
		end--;
	if (scalar->style != MANIFEST_BLOCK || start >= end) {
		mapping_replace(splices, scalar, content, length, false);
		return;
	}
	size_t between = manifest_line_start(tree, start) - 1; /* line break and indentation */
	size_t width = strcspn(tree->text + start, "\r\n");
	if (tree->text[between - 1] == '\r')
		between--;
	/*
	 * Keep a single line, whatever its length.  In a folded scalar a line break would become a
	 * space.
	 */
	if (start + width >= end || tree->text[scalar->start] == '>')
		width = length;
	splice_begin(splices, start, end);
	for (size_t at = 0; at < length; at += width) {
		if (at > 0)
			splice_put(splices, tree->text + between, start - between);
		splice_put(splices, content + at, length - at < width ? length - at : width);
	}
}

static void put_value(
    struct splice_list *splices, const struct mapping_member *member, bool double_quoted)
{
	cleanup_secret struct secret_buffer encoded = SECRET_BUFFER_INIT;
	enum manifest_style style =
	    double_quoted || member->quoted ? MANIFEST_DOUBLE_QUOTED : MANIFEST_PLAIN;

	if (!member->base64) {
		splice_put_scalar(splices, member->value, member->length, style);
		return;
	}
	if (base64_encode(&encoded, member->value, member->length, splices->err) < 0)
		splices->failed = true;
	splice_put_scalar(splices, secret_buffer_string(&encoded), encoded.length, style);
}

bool mapping_change_init(struct mapping_change *change, size_t most, struct splice_list *splices)
{
	*change = (struct mapping_change){.removed = calloc(most + 1, sizeof(*change->removed)),
	    .added = calloc(most + 1, sizeof(*change->added))};
	if (!change->removed || !change->added)
		splices->failed = error_memory(splices->err) < 0;
	return !splices->failed;
}

void mapping_change_free(struct mapping_change *change)
{
	free(change->removed);
	free(change->added);
}

static bool is_removed(const struct mapping_change *change, const struct manifest_node *key)
{
	for (size_t i = 0; i < change->removed_count; i++)
		if (change->removed[i] == key)
			return true;
	return false;
}

/*
 * Mappings in braces.
 */

/* The text between members and between key and value, as at the last member. */
struct separators {
	const char *comma, *colon;
	size_t comma_length, colon_length;
	bool quoted;
};

/* Return true if the text is the mark, followed only by white space. */
static bool is_separator(const struct manifest_tree *tree, size_t start, size_t end, char mark)
{
	if (start >= end || tree->text[start] != mark)
		return false;
	for (size_t i = start + 1; i < end; i++)
		if (!strchr(" \t\r\n", tree->text[i]))
			return false;
	return true;
}

static struct separators find_separators(
    const struct manifest_tree *tree, const struct manifest_node *mapping)
{
	struct separators found = {", ", ": ", 2, 2, tree->json};
	const struct manifest_node *last = NULL;
	size_t before = 0, end = mapping->start + 1;

	manifest_each_key (tree, mapping, key) {
		before = end;
		end = manifest_next(tree, key)->end;
		last = key;
	}
	if (!last)
		return found;
	size_t value = manifest_next(tree, last)->start;
	found.quoted |= last->style == MANIFEST_DOUBLE_QUOTED;
	if (found.quoted && is_separator(tree, last->end, value, ':')) {
		found.colon = tree->text + last->end;
		found.colon_length = value - last->end;
	}
	if (is_separator(tree, before, last->start, ',')) {
		found.comma = tree->text + before;
		found.comma_length = last->start - before;
	} else if (found.colon_length == 1) {
		found.comma_length = 1; /* compact JSON */
	}
	return found;
}

static void put_flow_members(struct splice_list *splices, const struct separators *separators,
    const struct mapping_change *change);

/* Put the members on one line, "{a: b, c: d}", inside a mapping with these separators. */
/* NOLINTNEXTLINE(misc-no-recursion): members of members are scalars */
static void put_braces(struct splice_list *splices, const struct separators *around,
    const struct mapping_change *change)
{
	size_t length = around->colon_length == 1 ? 1 : 2;
	struct separators inside = {", ", ": ", length, length, around->quoted};

	splice_put_string(splices, "{");
	put_flow_members(splices, &inside, change);
	splice_put_string(splices, "}");
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void put_flow_members(struct splice_list *splices, const struct separators *separators,
    const struct mapping_change *change)
{
	for (size_t i = 0; i < change->added_count; i++) {
		const struct mapping_member *member = &change->added[i];

		splice_put(splices, separators->comma, i > 0 ? separators->comma_length : 0);
		splice_put_scalar(splices, member->key, strlen(member->key),
		    separators->quoted ? MANIFEST_DOUBLE_QUOTED : MANIFEST_PLAIN);
		splice_put(splices, separators->colon, separators->colon_length);
		if (member->members)
			put_braces(splices, separators, member->members);
		else
			put_value(splices, member, separators->quoted);
	}
}

/* Remove each run of members with its commas, and add new members after the last member kept. */
static void edit_flow(struct splice_list *splices, const struct manifest_node *mapping,
    const struct mapping_change *change)
{
	const struct manifest_tree *tree = splices->tree;
	const struct manifest_node *first = NULL; /* first key of the run */
	struct separators separators = find_separators(tree, mapping);
	size_t end = 0, kept = 0; /* end of the run, and of the last member kept; 0: none */
	bool commented = mapping_has_comment(tree, mapping);

	manifest_each_key (tree, mapping, key) {
		size_t value_end = manifest_next(tree, key)->end;
		if (is_removed(change, key)) {
			if (commented)
				splice_refuse(splices, key->start,
				    "a key to remove, among comments in braces; remove it by hand");
			first = first ? first : key;
			end = value_end;
			continue;
		}
		if (first)
			splice_begin(splices, first->start, key->start);
		first = NULL;
		kept = value_end;
	}
	size_t at = kept ? kept : mapping->start + 1;
	if (first && !kept && change->added_count > 0)
		at = first->start;
	if (first || change->added_count > 0)
		splice_begin(splices, at, first ? end : at);
	if (kept && change->added_count > 0)
		splice_put(splices, separators.comma, separators.comma_length);
	put_flow_members(splices, &separators, change);
}

bool mapping_has_comment(const struct manifest_tree *tree, const struct manifest_node *mapping)
{
	size_t end = mapping->start;

	for (const struct manifest_node *each = manifest_first(tree, mapping); each;
	     each = manifest_next(tree, each)) {
		if (each->start > end && memchr(tree->text + end, '#', each->start - end))
			return true;
		end = each->end;
	}
	return mapping->end > end && memchr(tree->text + end, '#', mapping->end - end);
}

/* Mappings in block style. */

/* NOLINTNEXTLINE(misc-no-recursion): members of members are scalars */
static void put_lines(
    struct splice_list *splices, size_t column, const struct mapping_change *change)
{
	for (size_t i = 0; i < change->added_count; i++) {
		const struct mapping_member *member = &change->added[i];

		splice_begin_line(splices, column);
		splice_put_scalar(splices, member->key, strlen(member->key), MANIFEST_PLAIN);
		splice_put_string(splices, member->members ? ":" : ": ");
		if (!member->members)
			put_value(splices, member, false);
		splice_end_line(splices);
		if (member->members)
			put_lines(splices, column + member->step, member->members);
	}
}

/* Remove the lines of a member, except comments before and after its value. */
static void remove_lines(struct splice_list *splices, const struct manifest_node *key)
{
	const struct manifest_tree *tree = splices->tree;
	const struct manifest_node *value = manifest_next(tree, key);
	size_t from = key->start, end = manifest_line_after(tree, value->end);
	const char *before = memchr(tree->text + key->end, '#', value->start - key->end);
	const char *after = memchr(tree->text + value->end, '#', end - value->end);

	if (!manifest_begins_line(tree, key->start)) {
		splice_refuse(splices, key->start,
		    "a key to remove does not begin its line; remove it by hand");
		return;
	}
	if (before) {
		splice_begin(splices, from, (size_t)(before - tree->text));
		from = value->start;
	}
	if (after)
		splice_begin(splices, from, (size_t)(after - tree->text));
	else
		splice_begin(splices, manifest_line_start(tree, from), end);
}

static void edit_lines(struct splice_list *splices, const struct manifest_node *mapping,
    const struct mapping_change *change)
{
	const struct manifest_tree *tree = splices->tree;
	size_t end = manifest_line_after(tree, mapping->end);

	manifest_each_key (tree, mapping, key)
		if (is_removed(change, key))
			remove_lines(splices, key);
	splice_begin(splices, end, end);
	put_lines(splices, manifest_column(tree, mapping->start), change);
}

void mapping_edit(struct splice_list *splices, const struct manifest_node *mapping,
    const struct mapping_change *change)
{
	struct separators separators = {", ", ": ", 2, 2, splices->tree->json};

	if (mapping->kind == MANIFEST_MAPPING && mapping->style == MANIFEST_BLOCK) {
		edit_lines(splices, mapping, change);
	} else if (mapping->kind == MANIFEST_MAPPING) {
		edit_flow(splices, mapping, change);
	} else if (change->added_count > 0) {
		splice_begin(splices, mapping->start, mapping->end);
		if (mapping->start == mapping->end)
			splice_put_string(splices, " ");
		put_braces(splices, &separators, change);
	}
}
